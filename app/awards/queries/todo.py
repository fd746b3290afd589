"""待办 — what waits to be awarded, and what comes before that."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from app.awards.queries.explaining import working_days
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.span import local_date
from app.projects import queries as projects
from app.projects.terms import Batch, BatchId


@dataclass(frozen=True, slots=True)
class Due:
    """等授分 — how many batches are over and recorded and not awarded, and the first of them.

    `working_days` have passed since that one ended; `waiting` are the records of all batches that
    wait for somebody.
    """

    count: int
    oldest: Batch | None
    working_days: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Reviewing:
    """等审核的授分 — how many projects; the number and name of the first of them, if any."""

    count: int
    no: str = ""
    name: str = ""


# The few batches that nothing was awarded of are looked at, not the records of all.
_DUE = text("""
select b.id, count(*) over () as many from batch b join project p on p.id = b.project_id
where b.ends_at <= :now and p.state not in ('award_review', 'closed')
  and p.path >= :low and p.path < :high
  and not exists (
    select from award_run r where r.batch_id = b.id and r.state in ('queued', 'done'))
  and exists (select from swipe s where s.batch_id = b.id and s.state <> 'discarded')
order by b.ends_at, b.id limit 1
""")
_JUDGING = text("select count(*) from award_run where state = 'queued'")
_WAITING = text("""
select count(*) from quarantine q
join swipe s on s.device_id = q.device_id and s.epoch = q.epoch and s.seq = q.seq
join batch b on b.id = s.batch_id join project p on p.id = b.project_id
where q.resolved_at is null and s.state = 'quarantined'
  and p.path >= :low and p.path < :high
""")
_REVIEWING = text("""
select project_no, name, count(*) over () as many from project
where state = 'award_review' and path >= :low and path < :high order by id limit 1
""")


@query(Permission.AWARDS_READ)
def due(work: Work) -> Due:
    """等授分 — what is for the actor to do: batches not awarded, and records that wait."""
    return _due(work, *work.actor.duty)


@query(Permission.AWARDS_REVIEW)
def due_below(work: Work) -> Due:
    """等授分 — what is for those to do on whom the actor looks."""
    return _due(work, work.actor.place.alone[1], work.actor.place.bounds[1])


@query(Permission.AWARDS_REVIEW)
def reviewing(work: Work) -> Reviewing:
    """等审核的授分 — the projects within sight whose award was reported."""
    low, high = work.actor.place.bounds
    row = work.session.execute(_REVIEWING, {"low": low, "high": high}).one_or_none()
    return Reviewing(0) if row is None else Reviewing(row.many, row.project_no, row.name)


@query(Permission.AWARDS_READ)
def running(work: Work) -> int:
    """正在授分 — how many runs within sight a worker has still to judge."""
    return int(work.session.execute(_JUDGING).scalar_one())


def _due(work: Work, low: str, high: str) -> Due:
    within = {"low": low, "high": high}
    first = work.session.execute(_DUE, {"now": work.now, **within}).one_or_none()
    oldest = None if first is None else projects.batches_of(work, [first.id])[BatchId(first.id)]
    waited = 0
    if oldest is not None:
        waited = working_days(local_date(oldest.span.end), local_date(work.now))
    return Due(
        count=0 if first is None else first.many,
        oldest=oldest,
        working_days=waited,
        waiting=work.session.execute(_WAITING, within).scalar_one(),
    )
