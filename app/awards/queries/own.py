"""我的授分 — the runs that somebody asked for, how far they are, and how long such ones take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text

from app.awards.queries.runs import Run, told
from app.awards.tables import RunRow
from app.awards.terms import TASK, RunState
from app.base import progress
from app.base.progress import Progress
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.projects import queries as projects
from app.projects.terms import Batch

_MOST, _SAMPLE = 20, 20
_LATELY = timedelta(days=30)

_AHEAD = text("select count(*) from award_run where state = 'queued' and id < :id")
# From when it was asked for until it was done, of the last runs whosever.
_USUAL = text("""
select avg(extract(epoch from done_at - at))::float8 from (
  select at, done_at from outbox_message
  where topic = 'awards.run' and done_at is not null and faults = 0
  order by id desc limit :most) lately""")


@dataclass(frozen=True, slots=True)
class OwnRun:
    """我的授分 — a run, its batch, and while it waits: how many are before it, or how far it is."""

    run: Run
    batch: Batch
    ahead: int
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class OwnRuns:
    """我的授分批次 — the newest first; and how many seconds one usually takes, 0 for not known."""

    runs: tuple[OwnRun, ...]
    usual_s: float


@query(Permission.AWARDS_READ)
def own_runs(work: Work) -> OwnRuns:
    """我的授分 — what the actor asked for within a month, within sight."""
    rows = work.session.scalars(
        select(RunRow)
        .where(RunRow.asked_by == work.actor.name, RunRow.asked_at > work.now - _LATELY)
        .order_by(RunRow.id.desc())
        .limit(_MOST)
    ).all()
    runs = tuple(map(told, rows))
    batches = projects.batches_of(work, {one.batch_id for one in runs})
    waiting = [one.id for one in runs if one.state is RunState.QUEUED]
    first = min(waiting, default=0)
    before = work.session.execute(_AHEAD, {"id": first}).scalar_one() if waiting else 0
    begun = progress.of(work, TASK, waiting)
    usual = work.session.execute(_USUAL, {"most": _SAMPLE}).scalar_one()
    return OwnRuns(
        tuple(
            OwnRun(
                one,
                batches[one.batch_id],
                before + sum(other < one.id for other in waiting),
                begun.get(one.id),
            )
            for one in runs
        ),
        usual or 0.0,
    )
