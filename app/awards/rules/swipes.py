"""刷卡 — ascending swipes of one person: hits, distances, counts, presence, stretches."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from app.awards.terms import Stretch, Window

DAY = 86_400_000
# Beijing has kept UTC+8 without summer time since 1991, before any record of ours.
_BEIJING = 28_800_000


def hit(swipes: Sequence[int], start: int, end: int) -> int | None:
    """The first swipe in [start, end), or None."""
    place = bisect_left(swipes, start)
    if place < len(swipes) and swipes[place] < end:
        return swipes[place]
    return None


def nearest(swipes: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """The swipe closest to a span that none of them hits, the earlier of two, and its distance.

    There must be at least one swipe. The distance is in ms, to the nearer end; it is 0 for a swipe
    at the very end, which the half-open span does not hold.
    """
    place = bisect_left(swipes, start)
    if place == 0:
        return swipes[0], swipes[0] - end
    before = swipes[place - 1]
    if place == len(swipes) or start - before <= swipes[place] - end:
        return before, start - before
    return swipes[place], swipes[place] - end


def seconds(distance: int) -> int:
    """Milliseconds as whole seconds, rounded up, at least 1."""
    return max(1, -(-distance // 1000))


def missed(swipes: Sequence[int], windows: Iterable[Window]) -> tuple[Window, ...]:
    """The windows without a swipe, in their order."""
    return tuple(w for w in windows if hit(swipes, w.start, w.end) is None)


def clusters(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The spans in order, those that overlap joined into one; spans that merely touch stay two."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def effective(swipes: Sequence[int], spans: Sequence[tuple[int, int]], suppress: int) -> int:
    """How many swipes count, repeats left out.

    Within one of the (disjoint, ascending) spans, or outside all of them, a swipe less than
    `suppress` ms after the last one counted there adds nothing. Every swipe has one such place, so
    the count is the sum of the largest sets with that spacing, and one more swipe never lowers it.
    """
    starts = [start for start, _ in spans]
    last: dict[int, int] = {}
    count = 0
    for swipe in swipes:
        place = bisect_right(starts, swipe) - 1
        if place >= 0 and swipe >= spans[place][1]:
            place = -1
        if place not in last or swipe - last[place] >= suppress:
            last[place] = swipe
            count += 1
    return count


def presence(swipes: Sequence[int], days: Iterable[tuple[int, int, int]]) -> int:
    """Milliseconds from the first to the last swipe of each day, within its teaching hours."""
    total = 0
    for day, opens, closes in days:
        first = bisect_left(swipes, day)
        after = bisect_left(swipes, day + DAY)
        if first < after:
            total += max(0, min(swipes[after - 1], closes) - max(swipes[first], opens))
    return total


def day_of(moment: int) -> int:
    """The first millisecond of the day in Beijing on which the moment falls."""
    return (moment + _BEIJING) // DAY * DAY - _BEIJING


def stretches(swipes: Sequence[int], project: str = "") -> tuple[Stretch, ...]:
    """在场时段 — a person's stretch of each day in Beijing, from the first to the last swipe."""
    ends: dict[int, tuple[int, int]] = {}
    for swipe in sorted(swipes):
        day = day_of(swipe)
        ends[day] = (ends.get(day, (swipe, swipe))[0], swipe)
    return tuple(Stretch(start, end, project) for start, end in ends.values())


def share_time(one: Stretch, other: Stretch) -> bool:
    """Whether two stretches overlap: not where they touch, but where a lone swipe lies inside."""
    return one.start < other.end and other.start < one.end
