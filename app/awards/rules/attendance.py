"""考情 — whether a person's counted swipes meet a plan, and what they lack."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import assert_never

from app.awards.rules import swipes as taps
from app.awards.terms import Brief, Facts, Reason, Strategy, Why, Window

Test = Callable[[Sequence[int]], bool]


def meets(brief: Brief) -> Test:
    """A fast test of ascending swipes: true where the plan is met in full, with nothing to remark.

    It agrees with `shortfalls` and `absences`, which find words for the rest.
    """
    match brief.strategy:
        case Strategy.WINDOWS | Strategy.ALL_COURSES | Strategy.PRORATA_HOURS:
            return _in_each(tuple((w.start, w.end) for w in brief.windows))
        case Strategy.ANY_COURSE:
            return lambda s: any(taps.hit(s, w.start, w.end) is not None for w in brief.windows)
        case Strategy.ANY | Strategy.LISTED:
            return _in_each(((brief.start, brief.end),))
        case Strategy.MIN_SWIPES:
            return lambda s: _count(brief, s) >= brief.min_swipes
        case Strategy.DURATION_RATIO:
            return lambda s: (
                taps.presence(s, brief.days) >= brief.required
                and taps.hit(s, brief.start, brief.end) is not None
            )
    assert_never(brief.strategy)


def earns(brief: Brief) -> Test:
    """A fast test of ascending swipes: true where `shortfalls` finds nothing."""
    if brief.strategy is not Strategy.PRORATA_HOURS:
        return meets(brief)
    spans = tuple((w.start, w.end) for w in brief.windows if w.hours)
    return lambda s: any(taps.hit(s, start, end) is not None for start, end in spans)


def shortfalls(brief: Brief, swipes: Sequence[int]) -> tuple[Reason, ...]:
    """What the swipes, at least one and ascending, lack of the plan; nothing where it is met."""
    if taps.hit(swipes, brief.start, brief.end) is None:
        return (_missing(Why.OUT_OF_PERIOD, None, swipes, brief.start, brief.end),)
    return _SHORTFALLS[brief.strategy](brief, swipes)


def absences(brief: Brief, swipes: Sequence[int]) -> tuple[Reason, ...]:
    """Each window of the plan without a swipe, in the plan's order."""
    return tuple(_absence(window, swipes) for window in taps.missed(swipes, brief.windows))


def attended_hours(brief: Brief, swipes: Sequence[int]) -> int:
    """Hours of the courses hit, in hundredths."""
    return brief.whole_hours - sum(w.hours or 0 for w in taps.missed(swipes, brief.windows))


def _in_each(spans: tuple[tuple[int, int], ...]) -> Test:
    def test(swipes: Sequence[int]) -> bool:
        last = len(swipes)
        for start, end in spans:
            place = bisect_left(swipes, start)
            if place == last or swipes[place] >= end:
                return False
        return True

    return test


def _count(brief: Brief, swipes: Sequence[int]) -> int:
    inside = swipes[bisect_left(swipes, brief.start) : bisect_left(swipes, brief.end)]
    return taps.effective(inside, brief.clusters, brief.suppress)


def _nearest_course(brief: Brief, swipes: Sequence[int]) -> tuple[Reason, ...]:
    absent = taps.missed(swipes, brief.windows)
    if len(absent) < len(brief.windows):
        return ()
    course = min(absent, key=lambda window: taps.nearest(swipes, window.start, window.end)[1])
    return (_absence(course, swipes),)


def _no_course(brief: Brief, swipes: Sequence[int]) -> tuple[Reason, ...]:
    return () if attended_hours(brief, swipes) else absences(brief, swipes)


def _too_few(brief: Brief, swipes: Sequence[int]) -> tuple[Reason, ...]:
    count = _count(brief, swipes)
    if count >= brief.min_swipes:
        return ()
    facts: Facts = (("count", count), ("need", brief.min_swipes))
    return (Reason(Why.TOO_FEW_SWIPES, facts=facts),)


def _too_short(brief: Brief, swipes: Sequence[int]) -> tuple[Reason, ...]:
    present = taps.presence(swipes, brief.days)
    if present >= brief.required:
        return ()
    whole = sum(closes - opens for _, opens, closes in brief.days)
    facts: Facts = (
        ("present", present),
        ("required", brief.required),
        ("whole", whole),
        ("ratio", str(brief.ratio)),
    )
    lacking = taps.seconds(brief.required - present)
    return (Reason(Why.SHORT_DURATION, missed_by=lacking, facts=facts),)


def _absence(window: Window, swipes: Sequence[int]) -> Reason:
    return _missing(Why.WINDOW_MISSING, window.label, swipes, window.start, window.end)


def _missing(why: Why, label: str | None, swipes: Sequence[int], start: int, end: int) -> Reason:
    swipe, distance = taps.nearest(swipes, start, end)
    return Reason(why, label, swipe, taps.seconds(distance), (("start", start), ("end", end)))


_SHORTFALLS: dict[Strategy, Callable[[Brief, Sequence[int]], tuple[Reason, ...]]] = {
    Strategy.WINDOWS: absences,
    Strategy.ALL_COURSES: absences,
    Strategy.ANY_COURSE: _nearest_course,
    Strategy.PRORATA_HOURS: _no_course,
    Strategy.MIN_SWIPES: _too_few,
    Strategy.DURATION_RATIO: _too_short,
    Strategy.ANY: lambda _brief, _swipes: (),
    Strategy.LISTED: lambda _brief, _swipes: (),
}
