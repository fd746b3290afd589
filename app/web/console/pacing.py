"""进度 — how far a run is, in words and a bar, on every page that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from app.awards.terms import RunStep
from app.base import words
from app.base.progress import Progress
from app.speech.saying import gap

_WHOLE, _MINUTE = 100, 60


@dataclass(frozen=True, slots=True)
class Pace:
    """进度 — the steps, which of them is now, what is to be said, and how much of it is done.

    `percent` is None where the step has nothing to count, `now` where nobody is at it.
    """

    steps: tuple[str, ...]
    now: int | None
    said: str
    percent: int | None
    stopping: bool


def pace_of(progress: Progress) -> Pace:
    """What is to be shown of a run that a worker began."""
    order = [*map(str, RunStep)]
    steps = tuple(_said(f"step.{one}") for one in order)
    if progress.stop_by:
        return Pace(steps, None, _said("stopping", by=progress.stop_by), None, True)
    if not progress.under_way:
        return Pace(steps, None, _said("again"), None, False)
    now = order.index(progress.step)
    if progress.total is None:
        return Pace(steps, now, _said("doing", step=steps[now]), None, False)
    facts = {"step": steps[now], "done": f"{progress.done:,}", "total": f"{progress.total:,}"}
    said = _said("counting", **facts)
    if progress.left_s is not None:
        said += _said("pace", pace=f"{progress.per_s:,.0f}", left=_left(ceil(progress.left_s)))
    percent = progress.done * _WHOLE // (progress.total or 1)
    return Pace(steps, now, said, min(_WHOLE, percent), False)


def _left(seconds: int) -> str:
    return _said("seconds", seconds=seconds) if seconds < _MINUTE else gap(seconds)


def _said(code: str, **facts: object) -> str:
    return words.sentence("tasks", f"pace.{code}", facts)
