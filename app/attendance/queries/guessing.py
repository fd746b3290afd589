"""认领 — records that belong to no batch, and whose an unknown card may be: a hint for people."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby

from sqlalchemy import text

from app.attendance.terms import DeviceId, Guess, Hint, Stray, SwipeId
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.projects import queries as projects

_MOST, _MOST_GUESSES = 5_000, 8
_AROUND, _BEFORE = timedelta(days=7), timedelta(hours=12)

_STRAYS = text("""
select d.sn, q.activity_id, q.device_id, q.epoch, q.seq, s.at
from quarantine q
join device d on d.id = q.device_id
join swipe s on s.device_id = q.device_id and s.epoch = q.epoch and s.seq = q.seq
where q.resolved_at is null and q.hold = 'unknown_activity' and s.batch_id is null
order by d.sn, q.activity_id, s.at, q.epoch, q.seq
limit :most""")

_STRAY_COUNT = text("""
select count(*) from quarantine q
join device d on d.id = q.device_id
join swipe s on s.device_id = q.device_id and s.epoch = q.epoch and s.seq = q.seq
where q.resolved_at is null and q.hold = 'unknown_activity' and s.batch_id is null
  and d.path >= :low and d.path < :high""")

# Of the host's people within sight, who were not seen there with a card of theirs.
_GUESSES = text("""
select p.person_no, p.name, coalesce(d.name, '') as department,
  case when handed.on_day is not null then 'handed'
    when gone.on_day is not null then 'gone' else 'none' end as hint,
  coalesce(handed.on_day, gone.on_day) as on_day
from person p
left join unit d on d.id = p.department_id
left join (
  select person_id, max(handed_at) as on_day from card_order
  where handed_at >= :start and handed_at < :until group by person_id
) handed on handed.person_id = p.id
left join (
  select person_id, max(since) as on_day from card
  where state <> 'active' and since >= :start and since < :until group by person_id
) gone on gone.person_id = p.id
where p.path >= :low and p.path < :high
  and (handed.on_day is not null or gone.on_day is not null
    or not exists (select from card c where c.person_id = p.id and c.state = 'active'))
  and not exists (
    select from swipe s where s.batch_id = :batch_id and s.person_id = p.id
      and s.state <> 'discarded')
  and coalesce((
    select status from person_status t where t.person_id = p.id and t.from_on <= :today
    order by t.from_on desc limit 1), '') <> 'cancelled'
order by handed.on_day is null, gone.on_day is null, p.name_key, p.id
limit :most""")


@query(Permission.SWIPES_READ)
def strays(work: Work) -> tuple[Stray, ...]:
    """没有期次的刷卡 — those within sight that wait, by terminal and activity."""
    found = []
    rows = work.session.execute(_STRAYS, {"most": _MOST})
    for (sn, activity), some in groupby(rows, key=lambda row: (row.sn, row.activity_id)):
        taps = list(some)
        first, last = taps[0].at, taps[-1].at
        records = tuple(SwipeId(DeviceId(row.device_id), row.epoch, row.seq) for row in taps)
        near = projects.batches_between(work, first - _BEFORE, last + _BEFORE)
        found.append(Stray(sn, activity, records, first, last, near))
    return tuple(found)


@query(Permission.SWIPES_READ)
def stray_count(work: Work) -> int:
    """没有期次的刷卡 — how many of them it is for the actor to claim."""
    low, high = work.actor.duty
    return int(work.session.execute(_STRAY_COUNT, {"low": low, "high": high}).scalar_one())


@query(Permission.SWIPES_READ)
def guesses(work: Work, project_no: str, batch_no: int) -> tuple[Guess, ...]:
    """可能的持卡人 — whose the unknown cards of a batch within sight may be, the likeliest first.

    People of the host who swiped with no card of theirs, and got or lost one that week, or have
    none. It is a hint: nobody is attached by it.
    """
    batch = projects.batch_of(work, project_no, batch_no)
    low, high = batch.project.place.bounds
    facts = {
        "batch_id": batch.id, "low": low, "high": high, "most": _MOST_GUESSES,
        "start": batch.span.start - _AROUND, "until": batch.span.end + _AROUND,
        "today": batch.last_on,
    }  # fmt: skip
    return tuple(
        Guess(row.person_no, row.name, row.department, Hint(row.hint), row.on_day)
        for row in work.session.execute(_GUESSES, facts)
    )
