"""考情试算 — what a plan would do to a crowd: who earns, who nearly does, and what the rest miss.

Made for an edge that is being dragged: it answers in sets, and agrees with `judge`, which finds the
words for each person.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.awards.rules import swipes as taps
from app.awards.rules.attendance import earns, shortfalls
from app.awards.rules.judging import barred
from app.awards.terms import (
    Brief,
    Miss,
    Near,
    Situation,
    Strategy,
    Window,
    WindowCount,
)

NEAR_MS = 10 * 60 * 1000

People = Sequence[tuple[int, Sequence[int]]]


def able(
    crowd: Iterable[tuple[int, Sequence[int]]], situations: Mapping[int, Situation]
) -> tuple[list[tuple[int, Sequence[int]]], list[tuple[int, Sequence[int]]]]:
    """Those whose swipes alone decide under any plan, and those whom something else bars."""
    free, rest = [], []
    for one in crowd:
        person_id, swipes = one
        situation = situations.get(person_id)
        if swipes and (situation is None or not barred(swipes, situation)):
            free.append(one)
        else:
            rest.append(one)
    return free, rest


def earners(brief: Brief, people: People) -> set[int]:
    """Who of these would be granted; each one's swipes ascend."""
    met = earns(brief)
    found = {person_id for person_id, swipes in people if met(swipes)}
    return found & brief.listed if brief.strategy is Strategy.LISTED else found


def near(brief: Brief, people: People, granted: set[int]) -> tuple[Near, ...]:
    """差一点的人 — who would be granted had each swipe or edge lain ten minutes elsewhere.

    Those who lack least come first.
    """
    within = earns(_widened(brief))
    found = []
    for person_id, swipes in people:
        if person_id in granted or not within(swipes):
            continue
        gaps = [one.missed_by for one in shortfalls(brief, swipes)]
        lacking = [gap for gap in gaps if gap is not None and gap * 1000 <= NEAR_MS]
        if gaps and len(lacking) == len(gaps):
            found.append(Near(person_id, max(lacking)))
    return tuple(sorted(found, key=lambda one: (one.lacking, one.person_id)))


def misses(brief: Brief, people: People, granted: set[int]) -> tuple[Miss, ...]:
    """缺什么 — those not granted, by the windows they miss; the most frequent first."""
    counted: Counter[tuple[str, ...]] = Counter()
    for person_id, swipes in people:
        if person_id not in granted:
            counted[tuple(one.label for one in taps.missed(swipes, brief.windows))] += 1
    return tuple(Miss(labels, count) for labels, count in counted.most_common())


def window_counts(windows: Iterable[Window], people: People) -> tuple[WindowCount, ...]:
    """Of each window: how many people swiped in it, and how many missed it by ten minutes."""
    return tuple(_count(window, people) for window in windows)


def _count(window: Window, people: People) -> WindowCount:
    start, end = window.start, window.end
    early, late = start - NEAR_MS, end + NEAR_MS
    inside = close = 0
    for _, swipes in people:
        place = bisect_left(swipes, start)
        if place < len(swipes) and swipes[place] < end:
            inside += 1
        elif (place and swipes[place - 1] >= early) or (
            place < len(swipes) and swipes[place] <= late
        ):
            close += 1
    return WindowCount(window, inside, close)


def _widened(brief: Brief) -> Brief:
    """The same plan, more lenient by ten minutes at every edge."""
    windows = tuple(
        replace(one, start=one.start - NEAR_MS, end=one.end + NEAR_MS + 1) for one in brief.windows
    )
    return replace(
        brief,
        start=brief.start - NEAR_MS,
        end=brief.end + NEAR_MS + 1,
        windows=windows,
        required=max(0, brief.required - NEAR_MS),
    )
