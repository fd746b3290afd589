"""时钟修正 — the swipes of a terminal whose clock was wrong are moved, once, and back again."""

from __future__ import annotations

from sqlalchemy import text

from app.attendance.queries import clocks
from app.attendance.steps import locks, moving
from app.attendance.tables import ClockRepairRow
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.projects import queries as projects

# A clock that is wrong by more than half a day shows the wrong day, and is no matter of minutes.
MOST_MINUTES = 12 * 60
_LONGEST = 200

_UPLOADS = text("""
select distinct upload_id from swipe
where batch_id = :batch_id and device_id = :device_id and not upload_id = any(:moved)
order by upload_id""")


@command(Permission.SWIPES_RESOLVE, reaches=True)
def repair_clock(
    work: Work, project_no: str, batch_no: int, sn: str, shift: int, reason: str, *, swipes: int
) -> int:
    """修正时钟 — what a terminal brought for a batch counts as many minutes later; the repair's id.

    1. No award judges the batch meanwhile, and no other repair of it begins.
    2. Swipes that were moved before stay: each is moved once. ConflictError where there are other
       than so many swipes to move: a file came in since they were counted, or somebody was faster.
    3. At their new time they are judged anew: by their cards, and whether they repeat another.
    4. The repair is kept beside the swipes, whose own time, as the terminal showed it, stands.

    Reaches, once terminal and batch are found in sight, because people of any unit may have swiped.
    """
    if not shift or abs(shift) > MOST_MINUTES:
        raise InvalidError("attendance.clock.shift", most=MOST_MINUTES)
    if not reason.strip() or len(reason) > _LONGEST:
        raise InvalidError("attendance.reason.missing")
    batch = projects.batch_of(work, project_no, batch_no)
    device_id = clocks.device_of(work, sn)
    locks.one_file_of(work, device_id)
    locks.records_may_change(work, [batch.id])
    found = {"batch_id": batch.id, "device_id": device_id}
    moved = list(clocks.moved_uploads(work, batch.id, device_id))
    uploads = list(work.session.scalars(_UPLOADS, found | {"moved": moved}))
    with work.reaching():
        count = moving.move(work, batch.id, device_id, uploads, shift)
    if not count or count != swipes:
        raise ConflictError("attendance.clock.changed", sn=sn, count=count)
    [repair_id] = work.fresh_ids(ClockRepairRow, 1)
    work.session.add(
        ClockRepairRow(
            id=repair_id, path=batch.project.place.path, batch_id=batch.id, device_id=device_id,
            shift_minutes=shift, upload_ids=uploads, swipe_count=count, reason=reason.strip(),
            applied_at=work.now, applied_by=work.actor.name,
        )
    )  # fmt: skip
    return repair_id


@command(Permission.SWIPES_RESOLVE, reaches=True)
def undo_clock_repair(work: Work, project_no: str, batch_no: int, repair_id: int) -> int:
    """撤回时钟修正 — its swipes count at the time they had before; how many minutes it had been.

    Judged anew and reaching as by the repair.
    """
    batch = projects.batch_of(work, project_no, batch_no)
    locks.cards_as_known(work)
    locks.records_may_change(work, [batch.id])
    row = work.session.get(ClockRepairRow, repair_id, with_for_update=True, populate_existing=True)
    if row is None or row.batch_id != batch.id:
        raise NotFoundError("attendance.clock.unknown")
    if row.undone_at is not None:
        raise ConflictError("attendance.clock.undone", by=row.undone_by)
    row.undone_at, row.undone_by = work.now, work.actor.name
    with work.reaching():
        moving.move(work, row.batch_id, row.device_id, row.upload_ids, -row.shift_minutes)
    return row.shift_minutes
