"""时钟修正 — which swipes of a terminal were moved, and which could be."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text

from app.attendance import rules
from app.attendance.tables import ClockRepairRow, DeviceRow, SwipeRow
from app.attendance.terms import ClockRepair, Crooked
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.projects import queries as projects

MINUTE = 60_000

_OF_MOVED = text("""
select s.person_id, (extract(epoch from s.at) * 1000)::bigint as at,
  s.state in ('accepted', 'duplicate') as counted,
  s.device_id = :device_id and not s.upload_id = any(:moved) as moves,
  s.state = 'quarantined' and s.hold = 'revoked_card' and q.clock_hold is null as waits,
  coalesce(q.resolution in ('attached', 'accepted'), false) as by_hand,
  case when c.state <> 'active' then (extract(epoch from c.since) * 1000)::bigint end as gone
from swipe s
left join card c on c.id = s.card_id
left join quarantine q on q.device_id = s.device_id and q.epoch = s.epoch and q.seq = s.seq
where s.batch_id = :batch_id and s.state <> 'discarded' and s.person_id in (
  select person_id from swipe
  where batch_id = :batch_id and device_id = :device_id and not upload_id = any(:moved))
""")


@query(Permission.SWIPES_READ)
def clock_repairs(work: Work, project_no: str, batch_no: int) -> tuple[ClockRepair, ...]:
    """时钟修正 — those of a batch within sight that stand, the newest first."""
    batch = projects.batch_of(work, project_no, batch_no)
    rows = work.session.execute(
        select(ClockRepairRow, DeviceRow.sn)
        .outerjoin(DeviceRow, DeviceRow.id == ClockRepairRow.device_id)
        .where(ClockRepairRow.batch_id == batch.id, ClockRepairRow.undone_at.is_(None))
        .order_by(ClockRepairRow.id.desc())
    )
    return tuple(
        ClockRepair(
            row.id, sn or "", row.shift_minutes, row.swipe_count, row.reason, row.applied_at,
            row.applied_by,
        )
        for row, sn in rows
    )  # fmt: skip


@query(Permission.SWIPES_READ)
def crooked(work: Work, project_no: str, batch_no: int, sn: str) -> Crooked:
    """待修正的刷卡 — of a terminal and a batch within sight. NotFoundError otherwise."""
    batch = projects.batch_of(work, project_no, batch_no)
    device_id = device_of(work, sn)
    count, first, last = work.session.execute(
        select(func.count(), func.min(SwipeRow.at), func.max(SwipeRow.at)).where(
            SwipeRow.batch_id == batch.id,
            SwipeRow.device_id == device_id,
            SwipeRow.upload_id.not_in(moved_uploads(work, batch.id, device_id)),
        )
    ).one()
    return Crooked(sn, count, first, last)


@query(Permission.SWIPES_READ, reaches=True)
def if_moved(
    work: Work, project_no: str, batch_no: int, sn: str, shift: int
) -> dict[int, tuple[int, ...]]:
    """试修正 — the ms of what would count, of all whose swipes a repair by so many minutes moves.

    Swipes of other terminals among them. Reaches, once terminal and batch are found in sight, for
    the state of cards: attendees come from anywhere.
    """
    batch = projects.batch_of(work, project_no, batch_no)
    device_id = device_of(work, sn)
    facts = {
        "batch_id": batch.id, "device_id": device_id,
        "moved": list(moved_uploads(work, batch.id, device_id)),
    }  # fmt: skip
    found: dict[int, tuple[int, ...]] = {}
    with work.reaching():
        for row in work.session.execute(_OF_MOVED, facts):
            at = row.at + (shift * MINUTE if row.moves else 0)
            counts = rules.counts_at(
                at, row.gone, counted=row.counted, waits=row.waits, by_hand=row.by_hand
            )
            found[row.person_id] = (*found.get(row.person_id, ()), *((at,) if counts else ()))
    return {person: tuple(sorted(moments)) for person, moments in found.items()}


def device_of(work: Work, sn: str) -> int:
    """The terminal of that serial within sight. NotFoundError otherwise."""
    found = work.session.scalar(select(DeviceRow.id).where(DeviceRow.sn == sn))
    if found is None:
        raise NotFoundError("attendance.device.unknown", sn=sn)
    return found


def moved_uploads(work: Work, batch_id: int, device_id: int) -> Sequence[int]:
    """The files whose swipes were moved already."""
    stands = select(ClockRepairRow.upload_ids).where(
        ClockRepairRow.batch_id == batch_id,
        ClockRepairRow.device_id == device_id,
        ClockRepairRow.undone_at.is_(None),
    )
    return [upload for ids in work.session.scalars(stands) for upload in ids]
