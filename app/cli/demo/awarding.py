"""授分 — asking for a run, and waiting until somebody has done it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from app.awards import commands, queries
from app.awards.queries import Judged
from app.awards.terms import Options, RunState
from app.base import outbox
from app.cli.desk import Desk
from app.kernel.errors import ConflictError, UnavailableError
from app.projects import queries as batches
from app.projects.terms import ProjectState

# What is reported or closed is awarded no more.
_OVER = frozenset({ProjectState.AWARD_REVIEW, ProjectState.CLOSED})
_PATIENCE_S = 60.0
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Awarded:
    """授分结果 — a run that is done, and what it decided about each."""

    run_id: int
    granted: int
    refused: int
    reasons: Mapping[str, int]
    verdicts: tuple[Judged, ...]


def award(desk: Desk, project_no: str, batch: int, *, here: bool) -> Awarded:
    """Award a batch by its own plan, `here` in this process or else by a worker.

    A run that is waiting already, because whoever asked for it was interrupted, is that run; and of
    a project that somebody reported or closed since, the one that stands.
    UnavailableError where nobody does it in time, ConflictError where it cannot be done.
    """
    run_id = _asked(desk, project_no, batch, here=here)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with desk.work() as work:
            run = queries.run_of(work, run_id)
            if run.state is RunState.FAILED:
                raise ConflictError("awards.run.failed", run=run_id, cause=run.remark or "")
            if run.state is not RunState.QUEUED:
                verdicts = queries.verdicts_of(work, run_id)
                return Awarded(run_id, run.granted, run.refused, dict(run.reasons), verdicts)
        if time.monotonic() > deadline:
            raise UnavailableError("awards.run.slow", run=run_id)
        time.sleep(_LOOK_S)


def _asked(desk: Desk, project_no: str, batch: int, *, here: bool) -> int:
    """The run that was asked for; `here` it is done as well."""
    with desk.work(deliver=False) as work:
        found = batches.batch_of(work, project_no, batch)
        if found.project.state in _OVER:
            stands = queries.latest_run(work, found.id, RunState.DONE)
            if stands is not None:
                return stands.id
        waiting = queries.latest_run(work, found.id, RunState.QUEUED)
        if waiting is not None and here:
            commands.carry_out(work, waiting.id)
        run_id = waiting.id if waiting else commands.ask(work, project_no, batch, Options())
    if here:
        for message in work.messages:
            outbox.deliver(desk.site, message.id)
    return run_id
