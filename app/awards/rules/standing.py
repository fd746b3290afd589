"""进展 — what a batch waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.awards.terms import UNDO_DAYS, Next, Standing
from app.projects.terms import ProjectState

# What a state says by itself, whatever came in.
_LATE = {ProjectState.CLOSED: Next.NOTHING, ProjectState.AWARD_REVIEW: Next.BUREAU}
_EARLY = frozenset(
    {
        ProjectState.DRAFT,
        ProjectState.FILED,
        ProjectState.UNIT_REVIEW,
        ProjectState.BUREAU_REVIEW,
    }
)


def next_of(state: ProjectState, standing: Standing, *, ended: bool) -> Next:
    """The next step of a batch of a project in that state."""
    if state in _LATE:
        return _LATE[state]
    if standing.queued_id is not None:
        return Next.RUNNING
    if standing.run_id is not None:
        return Next.REPORT
    if standing.recorded:
        return Next.AWARD
    ahead = Next.UPLOAD if ended else Next.HOLD
    return Next.REVIEW if state in _EARLY else ahead


def undo_until(done_at: datetime) -> datetime:
    """Until when a host may undo a run by itself; later only the platform's operator may."""
    return done_at + timedelta(days=UNDO_DAYS)
