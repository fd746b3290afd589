"""上传 — a file of records is stored as it came, and becomes swipes now or by a job."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.attendance.queries import devices
from app.attendance.queries.uploads import answer_of
from app.attendance.steps import intake, locks
from app.attendance.steps.drivers import driver_of
from app.attendance.tables import UploadPartRow, UploadRow
from app.attendance.terms import Answer, Device, DeviceKind, DeviceState, UploadState
from app.attendance.terms.drivers import FileHeader, Sent
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.place import Place

PART = 1024 * 1024
_PARTS_A_STATEMENT = 8
# Storing is to be quick, and the text of records shrinks to a third even so.
_LEVEL = 1


@command(Permission.SWIPES_UPLOAD, reaches=True)
def upload(
    work: Work, sent: Sent, *, caller: Device | None = None, key: str | None = None
) -> Answer:
    """上传 — the file is stored, and what became of it so far is answered.

    A small file is taken in at once, a large one by a job; the same bytes again have no second
    effect. `caller` is the terminal that sends it, else the file's header names its device, which
    is nobody's where it is out of sight; `key` is the batch id it was announced by. Reaches, once
    the device is found, because people and batches of any unit may be named. InvalidError where the
    key is not the file's; ForbiddenError where the named device may not send; ConflictError where
    another good file has the batch id: nothing is stored then.
    """
    if caller is not None:
        devices.own(work, caller)
    driver = driver_of(work, caller.kind if caller else DeviceKind.MBOX)
    header = driver.identify(sent.start)
    if key is not None and header is not None and header.batch_ulid != key:
        raise InvalidError("attendance.upload.key_differs", key=key, batch=header.batch_ulid)
    device = caller or (devices.device_of(work, header.device_sn) if header else None)
    if device is not None and device.state is not DeviceState.ENROLLED:
        raise ForbiddenError("attendance.device.refused", sn=device.sn)
    with work.reaching():
        row, fresh = _stored(work, sent, device, header, key)
        # A file without a header of its device stores no record, nor does one whose batch id a good
        # file has: both are judged at once, however large they are.
        hopeless = row.epoch is None or intake.is_taken(work, row)
        prompt = hopeless or sent.size <= intake.SMALL
        if fresh and prompt and locks.one_file_soon(work, row.device_id):
            intake.take_in(work, row, device, driver)
        elif fresh:
            work.tell(intake.TOPIC, place=Place(row.path), upload_id=row.id)
        return answer_of(work, row)


@command(Permission.SWIPES_UPLOAD, reaches=True)
def take_in(work: Work, upload_id: int) -> None:
    """收件 — a stored file that was queued, or waited for a part that is here now, is taken in.

    Doing it twice does it once. NotFoundError for a file out of sight. Reaches, once it is found,
    because people and batches of any unit may be named.
    """
    if work.session.scalar(select(UploadRow.id).where(UploadRow.id == upload_id)) is None:
        raise NotFoundError("attendance.upload.unknown", batch=upload_id)
    with work.reaching():
        intake.take_in_stored(work, upload_id)


def _stored(
    work: Work, sent: Sent, device: Device | None, header: FileHeader | None, key: str | None
) -> tuple[UploadRow, bool]:
    """The file's row, and whether it is new. Of two that come at once the second waits here."""
    own = header if header and device and header.device_sn == device.sn else None
    row_id = work.session.scalar(
        upsert(UploadRow)
        .values(
            device_id=device.id if device else None,
            path=(device.place if device else work.actor.place).path,
            via=work.actor.via,
            received_at=work.now,
            sha256=sent.sha256,
            size=sent.size,
            state=UploadState.QUEUED,
            batch_ulid=header.batch_ulid if header else key,
            package_id=own.package_id if own else None,
            epoch=own.epoch if own else None,
            first_seq=own.first_seq if own else None,
            last_seq=own.last_seq if own else None,
            prev_hash=own.prev_hash if own else None,
        )
        .on_conflict_do_nothing()
        .returning(UploadRow.id)
    )
    if row_id is not None:
        _store_parts(work, sent, row_id, device)
        return work.session.get_one(UploadRow, row_id), True
    same = select(UploadRow).where(
        UploadRow.device_id.is_not_distinct_from(device.id if device else None),
        UploadRow.sha256 == sent.sha256,
    )
    found = work.session.scalar(same)
    if found is None:
        raise ConflictError("attendance.upload.raced")
    return found, False


def _store_parts(work: Work, sent: Sent, upload_id: int, device: Device | None) -> None:
    """Keep the file as it came, in parts of 1 MiB, each deflated."""
    path = (device.place if device else work.actor.place).path
    whole = hashlib.sha256()
    held: list[dict[str, object]] = []
    for no, part in enumerate(_even(sent.blocks())):
        whole.update(part)
        body = zlib.compress(part, _LEVEL)
        held.append({"upload_id": upload_id, "no": no, "path": path, "body": body})
        if len(held) == _PARTS_A_STATEMENT:
            work.session.execute(insert(UploadPartRow), held)
            held = []
    if held:
        work.session.execute(insert(UploadPartRow), held)
    if whole.digest() != sent.sha256:
        raise ConflictError("attendance.upload.changed")


def _even(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of exactly PART, the last one excepted."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= PART:
            yield bytes(held[:PART])
            del held[:PART]
    if held:
        yield bytes(held)
