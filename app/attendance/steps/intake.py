"""收件 — a stored file becomes swipes, or nothing; and the files that waited for it with it.

The caller holds the device's lock and reaches. What a bad file stored before its fault showed is
taken back to the savepoint, so that a file is in as a whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import exists, select

from app.attendance.queries import devices
from app.attendance.queries.lookups import Connection, connection_of
from app.attendance.queries.standing import GOOD, joined, standing_of
from app.attendance.steps import locks, storing
from app.attendance.steps.drivers import driver_of
from app.attendance.steps.taking import Taking
from app.attendance.tables import UploadRow
from app.attendance.terms import Device, DeviceKind, Fault, UploadState
from app.attendance.terms.drivers import Driver, FileOutcome
from app.base.work import Work
from app.kernel.place import Place

# A file that is taken in where it arrives, in bytes unpacked; larger ones are queued.
SMALL = 2 * 1024 * 1024
TOPIC = "attendance.intake"

log = structlog.get_logger(__name__)


def take_in(
    work: Work, row: UploadRow, device: Device | None, driver: Driver, *, alone: bool = False
) -> None:
    """Take a file in, then every file that waited for it; large ones of these are queued anew.

    `alone`: the part before it will never come, so it is judged by itself.
    """
    again = set(_take(work, row, device, driver, alone=alone))
    queued: set[int] = set()
    while row.device_id is not None and row.epoch is not None:
        waiting = (again | set(joined(work, row.device_id, row.epoch))) - queued
        if not waiting:
            return
        other = _first(work, waiting)
        again.discard(other.id)
        if other.size > SMALL >= row.size:
            queued.add(other.id)
            work.tell(TOPIC, place=Place(other.path), upload_id=other.id)
        else:
            again.update(_take(work, other, device, driver))


def take_in_stored(work: Work, upload_id: int, *, alone: bool = False) -> None:
    """Take in a file that was queued, or waits for a part; one that is in already stays as it is.

    Waits until no other file of the device is being taken in.
    """
    device_id = work.session.scalar(select(UploadRow.device_id).where(UploadRow.id == upload_id))
    device = None if device_id is None else devices.device_by_id(work, device_id)
    locks.one_file_of(work, device_id)
    row = work.session.get(UploadRow, upload_id, with_for_update=True, populate_existing=True)
    if row is not None and (row.state == UploadState.QUEUED or row.waiting):
        driver = driver_of(work, device.kind if device else DeviceKind.MBOX)
        take_in(work, row, device, driver, alone=alone)


def is_taken(work: Work, row: UploadRow) -> bool:
    """Whether another good file of the device has this one's batch id."""
    other = exists().where(
        GOOD,
        UploadRow.device_id == row.device_id,
        UploadRow.batch_ulid == row.batch_ulid,
        UploadRow.id != row.id,
    )
    return bool(work.session.scalar(select(other)))


def _take(
    work: Work, row: UploadRow, device: Device | None, driver: Driver, *, alone: bool = False
) -> tuple[int, ...]:
    """Take one file in; the waiting files that must be taken again because it cut into them."""
    connection = connection_of(work)
    if row.waiting:
        _forget(connection, row)
        row.waiting = False
    standing = standing_of(work, row, alone=alone)
    disturbed = () if standing is None or standing.gap else standing.disturbed
    connection.execute("savepoint intake")
    for other in disturbed:
        _forget(connection, work.session.get_one(UploadRow, other))
    taking = Taking(work, connection, row, device, driver, standing)
    outcome = taking.run()
    trouble = _trouble(row, outcome, taking.broken_at)
    conflict = trouble is None and is_taken(work, row)
    if trouble or conflict:
        connection.execute("rollback to savepoint intake")
    connection.execute("release savepoint intake")
    row.state, row.record_count, row.conflict = UploadState.DONE, outcome.records, conflict
    row.fault = trouble.fault if trouble else None
    row.faulty = trouble.shown() if trouble else None
    good = standing is not None and not (trouble or conflict)
    if standing and good:
        row.waiting = standing.gap and outcome.records > 0
        row.accepted_count = 0 if standing.overlapping else taking.accepted
        row.batch_ids = taking.batch_ids
    if taking.broken_at is not None and row.fault == Fault.HASH_BROKEN:
        log.error("attendance.fork", upload=row.id, device=row.device_id, seq=taking.broken_at)
        work.note("upload", row.id, Place(row.path), alarm="fork", seq=taking.broken_at)
    work.session.flush()
    return disturbed if good else ()


@dataclass(frozen=True, slots=True)
class _Trouble:
    """不收的原因 — why a file is not taken, and where that first shows."""

    fault: Fault
    line: int | None
    seq: int | None
    cause: str | None = None
    member: str | None = None

    def shown(self) -> dict[str, object]:
        """What the upload's row keeps of it."""
        return {"line": self.line, "seq": self.seq, "cause": self.cause, "member": self.member}


def _trouble(row: UploadRow, outcome: FileOutcome, broken_at: int | None) -> _Trouble | None:
    """What is wrong with a file, in itself or with what is stored; faults have an order."""
    found = None
    if outcome.fault:
        found = _Trouble(outcome.fault, outcome.line, outcome.seq, outcome.cause, outcome.member)
    if broken_at is None or row.first_seq is None:
        return found
    ours = _Trouble(Fault.HASH_BROKEN, broken_at - row.first_seq + 2, broken_at)
    if found is None or found.fault is Fault.BAD_SIGNATURE:
        return ours
    if found.fault is Fault.HASH_BROKEN and (found.line or 0) > (ours.line or 0):
        return ours
    return found


def _forget(connection: Connection, row: UploadRow) -> None:
    """Remove what a file left waiting for the part before it."""
    if row.device_id is not None and row.epoch is not None and row.first_seq is not None:
        storing.forget_waiting(
            connection, row.device_id, row.epoch, row.first_seq, row.last_seq or 0, row.id
        )


def _first(work: Work, ids: set[int]) -> UploadRow:
    return work.session.scalars(
        select(UploadRow).where(UploadRow.id.in_(ids)).order_by(UploadRow.first_seq).limit(1)
    ).one()
