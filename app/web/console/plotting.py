"""图 — swipes over a day with the windows on it, in per cent of the picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.attendance.queries.histogram import Minute
from app.awards.queries import Trace
from app.awards.terms import Window
from app.kernel.span import day_start, in_ms
from app.projects.terms import Batch, SessionKind
from app.speech.saying import clock, day_of, minute, until, with_weekday

MINUTE_MS = 60_000
BIN = 5  # minutes a bar
# Where the bars stand, in per cent of the picture's height.
TOP, BASE = 25.0, 74.19
_EDGE = 15  # minutes left free at both ends, and what the ends are rounded to
_MOST_TICKS = 12
_ROOM = 45
_NICE = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000)
_LINES = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: from which minute of the day, how many swipes, and where it stands."""

    at: int
    count: int
    x: str
    width: str
    y: str
    height: str
    state: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge that can be moved: of which window, in minutes of the day."""

    index: int
    name: str
    minute: int
    x: str
    text: str


@dataclass(frozen=True, slots=True)
class Band:
    """A window on the plot; `was` are the edges as they were before anything was tried."""

    index: int
    label: str
    x: str
    width: str
    middle: str
    text: str
    was: tuple[int, int]
    ghosts: tuple[str, str]
    edges: tuple[Edge, Edge]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a place: a tick, a line, a course."""

    x: str
    text: str
    width: str = ""
    middle: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """图 — one day of a batch."""

    day: date
    low: int
    high: int
    bars: tuple[Bar, ...]
    bands: tuple[Band, ...]
    ticks: tuple[Mark, ...]
    lines: tuple[Mark, ...]
    courses: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """A day's minutes as per cent of the width."""

    low: int
    high: int

    def at(self, minute: float) -> str:
        """Where a minute of the day stands."""
        return f"{self.share(minute):.2f}%"

    def share(self, minute: float) -> float:
        """The same as a number, never outside."""
        return min(100.0, max(0.0, (minute - self.low) / (self.high - self.low) * 100))

    def wide(self, start: float, end: float) -> str:
        """How wide a stretch is."""
        return f"{max(0.0, self.share(end) - self.share(start)):.2f}%"


def days_of(batch: Batch, minutes: Iterable[Minute], windows: Iterable[Window]) -> list[date]:
    """The days that have anything to show, in order."""
    found = {day_of(one.at) for one in minutes} | {day_of(one.start) for one in windows}
    return sorted(found | {day_of(in_ms(batch.span.start))})


def scale_of(on: date, moments: Iterable[int]) -> Scale:
    """A scale that holds these instants of a day with room at both ends."""
    places = [minute_of(on, one) for one in moments] or [8 * 60, 18 * 60]
    # At the left stand the counts, too.
    low = (min(places) - 2 * _EDGE) // _EDGE * _EDGE
    high = -(-(max(places) + _EDGE) // _EDGE) * _EDGE
    return Scale(max(0, low), min(24 * 60, high))


def plot_of(
    batch: Batch,
    on: date,
    minutes: Sequence[Minute],
    windows: Sequence[Window],
    before: Sequence[Window],
) -> Plot:
    """The plot of a day: bars in the windows, bars outside, and those that the trial added."""
    today = [one for one in minutes if day_of(one.at) == on]
    here = [(at, one) for at, one in enumerate(windows) if day_of(one.start) == on]
    slots = [one for one in batch.sessions if day_of(in_ms(one.span.start)) == on]
    known = [one.at for one in today] + [ms for _, one in here for ms in (one.start, one.end)]
    known += [in_ms(ms) for one in slots for ms in (one.span.start, one.span.end)]
    known += [ms for one in before if day_of(one.start) == on for ms in (one.start, one.end)]
    scale = scale_of(on, known)
    counts: Counter[int] = Counter()
    for one in today:
        counts[minute_of(on, one.at) // BIN * BIN] += one.counted
    most, lines = _lines(max(counts.values(), default=0))
    bars = tuple(
        _bar(on, scale, at, count, most, windows, before)
        for at, count in sorted(counts.items())
        if count
    )
    return Plot(
        on, scale.low, scale.high, bars,
        tuple(_band(on, scale, at, one, before) for at, one in here),
        _ticks(scale), lines,
        tuple(
            _course(scale, on, one.label or one.key, in_ms(one.span.start), in_ms(one.span.end))
            for one in slots if one.kind is SessionKind.COURSE
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dot:
    """A swipe on the strip of one person: in a window, outside, or the one that came nearest."""

    x: str
    state: str


@dataclass(frozen=True, slots=True)
class Strip:
    """一天的刷卡 — one person's swipes of a day against the windows."""

    title: str
    windows: tuple[Mark, ...]
    dots: tuple[Dot, ...]
    clocks: str
    said: str


def strips_of(trace: Trace) -> tuple[Strip, ...]:
    """One person's swipes day by day, as their explanation tells of them."""
    found = []
    days = {day_of(at) for at in trace.swipes} | {day_of(one.start) for one in trace.windows}
    nearest = {one.nearest for one in trace.told.explanation.reasons}
    for on in sorted(days):
        taps = [at for at in trace.swipes if day_of(at) == on]
        here = [one for one in trace.windows if day_of(one.start) == on]
        shown = [*taps, *(ms for one in here for ms in (one.start, one.end))]
        # The names of windows at both ends want room.
        wide = scale_of(on, shown)
        scale = Scale(max(0, wide.low - _ROOM), min(24 * 60, wide.high + _ROOM))
        clocks = "、".join(map(minute, taps))
        marks = tuple(_course(scale, on, one.label, one.start, one.end) for one in here)
        title = with_weekday(on)
        found.append(
            Strip(title, marks, dots_of(on, scale, taps, trace.windows, nearest), clocks,
                  " ".join([title, clocks, *(mark.text for mark in marks)]))
        )  # fmt: skip
    return tuple(found)


def dots_of(
    on: date, scale: Scale, taps: Iterable[int], windows: Sequence[Window],
    nearest: Collection[int | None],
) -> tuple[Dot, ...]:  # fmt: skip
    """The swipes of a day as dots."""
    return tuple(
        Dot(
            scale.at(minute_of(on, at)),
            "near" if at in nearest else "hit" if _holds(windows, at) else "out",
        )
        for at in taps
    )


def minute_of(on: date, ms: int) -> int:
    """The minute of that day, whole; beyond midnight it counts on."""
    return (ms - in_ms(day_start(on))) // MINUTE_MS


def _bar(
    on: date, scale: Scale, at: int, count: int, most: int,
    windows: Iterable[Window], before: Iterable[Window],
) -> Bar:  # fmt: skip
    middle = in_ms(day_start(on)) + at * MINUTE_MS + BIN * MINUTE_MS // 2
    state = "out"
    if _holds(windows, middle):
        state = "in" if _holds(before, middle) else "new"
    height = (BASE - TOP) * count / most
    return Bar(
        at, count, f"{scale.share(at + 0.4):.2f}%", scale.wide(at + 0.4, at + BIN - 0.4),
        f"{BASE - height:.2f}%", f"{height:.2f}%", state,
    )  # fmt: skip


def _holds(windows: Iterable[Window], ms: int) -> bool:
    return any(one.start <= ms < one.end for one in windows)


def _band(on: date, scale: Scale, index: int, window: Window, before: Iterable[Window]) -> Band:
    start, end = minute_of(on, window.start), minute_of(on, window.end)
    same = next((one for one in before if one.label == window.label), window)
    was = minute_of(on, same.start), minute_of(on, same.end)
    return Band(
        index, window.label, scale.at(start), scale.wide(start, end), scale.at((start + end) / 2),
        f"{clock(window.start)}–{until(window.end)}", was, (scale.at(was[0]), scale.at(was[1])),
        (
            Edge(index, "start", start, scale.at(start), clock(window.start)),
            Edge(index, "end", end, scale.at(end), until(window.end)),
        ),
    )  # fmt: skip


def _ticks(scale: Scale) -> tuple[Mark, ...]:
    step = 60
    while (scale.high - scale.low) / step > _MOST_TICKS:
        step += 60
    first = -(-scale.low // step) * step
    return tuple(Mark(scale.at(at), f"{at // 60}:00") for at in range(first, scale.high + 1, step))


def _lines(most: int) -> tuple[int, tuple[Mark, ...]]:
    """The count at the top, and lines at even counts below it."""
    step = next((one for one in _NICE if one * _LINES >= most), most // _LINES + 1)
    top = max(step * _LINES, 1)
    marks = (
        Mark(f"{BASE - (BASE - TOP) * step * n / top:.2f}%", str(step * n))
        for n in range(1, _LINES + 1)
    )
    return top, tuple(marks)


def _course(scale: Scale, on: date, label: str, start: int, end: int) -> Mark:
    first, last = minute_of(on, start), minute_of(on, end)
    return Mark(
        scale.at(first), f"{label} {minute(start)}–{until(end)}", scale.wide(first, last),
        scale.at((first + last) / 2),
    )  # fmt: skip
