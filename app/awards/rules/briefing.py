"""判定依据 — a plan and a batch made into one definite brief."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from app.awards.rules.swipes import DAY, clusters, day_of
from app.awards.terms import (
    COURSE_STRATEGIES,
    MIN_SWIPES,
    RATIO,
    WINDOW_STRATEGIES,
    Brief,
    Occasion,
    Plan,
    Slot,
    Strategy,
    Window,
)
from app.kernel.errors import InvalidError


def resolve(plan: Plan, occasion: Occasion, listed: Iterable[int] = ()) -> Brief:
    """The brief of a plan for a batch; `listed` are the ids of the plan's listed persons.

    InvalidError where the plan names a session that the batch has not, or asks for windows, course
    hours or teaching hours where there are none.
    """
    named = tuple(_window(window, occasion.slots) for window in plan.windows)
    windows = named or _left_out(plan.strategy, occasion.slots)
    if plan.strategy in WINDOW_STRATEGIES and not windows:
        kind = "courses" if plan.strategy in COURSE_STRATEGIES else "windows"
        raise InvalidError(f"awards.plan.no_{kind}", strategy=plan.strategy)
    spans = [(slot.start, slot.end) for slot in occasion.slots]
    widened = [(occasion.start, occasion.end), *spans, *((w.start, w.end) for w in named)]
    ratio = plan.ratio or RATIO
    days: tuple[tuple[int, int, int], ...] = ()
    required = 0
    if plan.strategy is Strategy.DURATION_RATIO:
        days = _teaching_days(occasion)
        # Fractions: a ratio of 0.8 is exact.
        required = math.ceil(Fraction(ratio) * sum(closes - opens for _, opens, closes in days))
    return Brief(
        strategy=plan.strategy,
        start=min(start for start, _ in widened),
        end=max(end for _, end in widened),
        windows=windows,
        credits=occasion.credits,
        min_swipes=plan.min_swipes or MIN_SWIPES,
        suppress=occasion.suppress,
        clusters=clusters(spans),
        ratio=ratio,
        days=days,
        required=required,
        listed=frozenset(listed),
        whole_hours=_whole_hours(plan.strategy, windows),
        limits=occasion.limits,
        lecturer_limits=occasion.lecturer_limits,
        rounding=occasion.rounding,
        unit=occasion.unit,
    )


def _window(window: str | Window, slots: tuple[Slot, ...]) -> Window:
    name = window if isinstance(window, str) else window.label
    by_key = [slot for slot in slots if slot.key == name]
    slot = next(iter(by_key or [slot for slot in slots if slot.label == name]), None)
    if isinstance(window, str):
        if slot is None:
            known = "、".join(slot.key for slot in slots)
            raise InvalidError("awards.plan.session_unknown", value=name, known=known)
        return _of_slot(slot)
    # A window of a session's name is that session with its edges moved: the hours stay.
    return Window(window.label, window.start, window.end, slot.hours if slot else None)


def _of_slot(slot: Slot) -> Window:
    return Window(slot.label or slot.key, slot.start, slot.end, slot.hours)


def _left_out(strategy: Strategy, slots: tuple[Slot, ...]) -> tuple[Window, ...]:
    courses_only = strategy in COURSE_STRATEGIES
    return tuple(_of_slot(slot) for slot in slots if slot.course or not courses_only)


def _whole_hours(strategy: Strategy, windows: tuple[Window, ...]) -> int:
    if strategy is not Strategy.PRORATA_HOURS:
        return 0
    for window in windows:
        if window.hours is None:
            raise InvalidError("awards.plan.hours_missing", label=window.label)
    whole = sum(window.hours or 0 for window in windows)
    if not whole:
        raise InvalidError("awards.plan.hours_missing", label=windows[0].label)
    return whole


def _teaching_days(occasion: Occasion) -> tuple[tuple[int, int, int], ...]:
    """Each day's teaching hours: those of its courses, or else from clock time to clock time."""
    courses = _courses_by_day(occasion.slots)
    first = day_of(occasion.start)
    # The end is half-open: a batch until midnight does not reach into the next day.
    last = day_of(occasion.end - 1)
    opens, closes = occasion.start - first, occasion.end - last
    hours = {day: (day + opens, day + closes) for day in range(first, last + 1, DAY)} | courses
    days = tuple((day, *hours[day]) for day in sorted(hours) if hours[day][0] < hours[day][1])
    if not days:
        raise InvalidError("awards.plan.no_teaching_hours")
    return days


def _courses_by_day(slots: tuple[Slot, ...]) -> dict[int, tuple[int, int]]:
    hours: dict[int, tuple[int, int]] = {}
    for slot in slots:
        for day in range(day_of(slot.start), slot.end, DAY) if slot.course else ():
            opens, closes = max(slot.start, day), min(slot.end, day + DAY)
            known = hours.get(day, (opens, closes))
            hours[day] = (min(opens, known[0]), max(closes, known[1]))
    return hours
