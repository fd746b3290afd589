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
    wait for somebody, `judging` the runs that a worker has still to judge.
    """

    count: int
    oldest: Batch | None
    working_days: int
    waiting: int
    judging: int


# The few batches that nothing was awarded of are looked at, not the records of all.
_DUE = text("""
select b.id, count(*) over () as many from batch b join project p on p.id = b.project_id
where b.ends_at <= :now and p.state not in ('award_review', 'closed')
  and not exists (
    select from award_run r where r.batch_id = b.id and r.state in ('queued', 'done'))
  and exists (select from swipe s where s.batch_id = b.id and s.state <> 'discarded')
order by b.ends_at, b.id limit 1
""")
_JUDGING = text("select count(*) from award_run where state = 'queued'")
_WAITING = text("""
select count(*) from quarantine q
join swipe s on s.device_id = q.device_id and s.epoch = q.epoch and s.seq = q.seq
where q.resolved_at is null and s.state = 'quarantined' and s.batch_id is not null
""")


@query(Permission.AWARDS_READ)
def due(work: Work) -> Due:
    """等授分 — within sight: batches over, recorded and not awarded; records that wait; runs."""
    first = work.session.execute(_DUE, {"now": work.now}).one_or_none()
    oldest = None if first is None else projects.batches_of(work, [first.id])[BatchId(first.id)]
    waited = 0
    if oldest is not None:
        waited = working_days(local_date(oldest.span.end), local_date(work.now))
    return Due(
        count=0 if first is None else first.many,
        oldest=oldest,
        working_days=waited,
        waiting=work.session.execute(_WAITING).scalar_one(),
        judging=work.session.execute(_JUDGING).scalar_one(),
    )
