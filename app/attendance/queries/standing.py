"""衔接 — how a file stands to what is stored of its epoch: the part before it, and its own keys."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, exists, select

from app.attendance.tables import SwipeRow, UploadRow
from app.attendance.terms import UploadState
from app.base.work import Work

# A good file, whatever its records became.
GOOD = and_(
    UploadRow.state == UploadState.DONE, UploadRow.fault.is_(None), UploadRow.conflict.is_(False)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """衔接 — what a file finds.

    `gap`: the record before its first is not here, or waits itself. `broken`: it is here, with
    another hash. `overlapping`: some of its keys are here. `disturbed`: the waiting files that have
    some of them.
    """

    gap: bool
    broken: bool
    overlapping: bool
    disturbed: tuple[int, ...]


def standing_of(work: Work, row: UploadRow, *, alone: bool) -> Standing | None:
    """How a stored file stands; None where its header could not be read.

    `alone`: somebody decided that the part before it will never come.
    """
    if row.device_id is None or row.epoch is None or row.first_seq is None or row.last_seq is None:
        return None
    gap = broken = False
    if row.first_seq > 1 and not alone:
        before = work.session.execute(
            select(SwipeRow.h, UploadRow.waiting)
            .outerjoin(UploadRow, UploadRow.id == SwipeRow.upload_id)
            .where(
                SwipeRow.device_id == row.device_id,
                SwipeRow.epoch == row.epoch,
                SwipeRow.seq == row.first_seq - 1,
            )
        ).one_or_none()
        gap = before is None or bool(before.waiting)
        broken = before is not None and bytes(before.h) != row.prev_hash
    overlapping = work.session.scalar(
        select(
            exists().where(
                SwipeRow.device_id == row.device_id,
                SwipeRow.epoch == row.epoch,
                SwipeRow.seq.between(row.first_seq, row.last_seq),
            )
        )
    )
    disturbed = work.session.scalars(
        select(UploadRow.id).where(
            UploadRow.device_id == row.device_id,
            UploadRow.epoch == row.epoch,
            UploadRow.waiting,
            UploadRow.first_seq <= row.last_seq,
            UploadRow.last_seq >= row.first_seq,
            UploadRow.id != row.id,
        )
    ).all()
    return Standing(gap, broken, bool(overlapping), tuple(disturbed))


def joined(work: Work, device_id: int, epoch: int) -> list[int]:
    """The waiting files of an epoch whose missing part is here now, in order of their numbers.

    First the files that wait, of which there are few or none, then the record before each by its
    key: asked for several at once, the planner may read every swipe of the device.
    """
    waiting = work.session.execute(
        select(UploadRow.id, UploadRow.first_seq)
        .where(UploadRow.device_id == device_id, UploadRow.epoch == epoch, UploadRow.waiting)
        .order_by(UploadRow.first_seq)
    ).all()
    return [one.id for one in waiting if _is_in(work, device_id, epoch, one.first_seq - 1)]


def _is_in(work: Work, device_id: int, epoch: int, seq: int) -> bool:
    """Whether a record is here and does not wait for the part before it."""
    record = (
        select(UploadRow.id)
        .join(SwipeRow, SwipeRow.upload_id == UploadRow.id)
        .where(
            SwipeRow.device_id == device_id,
            SwipeRow.epoch == epoch,
            SwipeRow.seq == seq,
            UploadRow.waiting.is_(False),
        )
    )
    return work.session.scalar(record) is not None
