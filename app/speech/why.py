"""为什么 — one activity as the page shows it: the answer, swipes against windows, the checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from app.awards import rules
from app.awards.queries import Activity, Trace
from app.awards.terms import Brief, Check, CheckName, Reason, Why, Window
from app.kernel.span import local_date
from app.speech import reasons
from app.speech.saying import (
    Phrase,
    cents,
    clock,
    day,
    day_of,
    days,
    full_moment,
    gap,
    minute,
    reason_words,
    say,
    until,
    with_weekday,
)

_NOT_YET = frozenset({Why.NOT_AWARDED_YET, Why.AWARD_IN_REVIEW, Why.AWARD_RETURNED})
# Who decides on the way back: the host of the activity, or the person's own hospital.
_OWN_OFFICE = frozenset({Why.PERSON_STATUS, Why.OTHER_UNIT, Why.CARD_UNKNOWN})


class Tone(StrEnum):
    """How an answer is coloured; words say it too."""

    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


class Mark(StrEnum):
    """What stands on the time line."""

    HIT = "hit"  # a window with a swipe
    MISS = "miss"  # a window that asks for one and has none
    SPAN = "span"  # a window that asks for nothing
    TAP = "tap"  # a swipe outside all windows
    SWIPE = "swipe"  # a swipe where there are no windows
    NEAR = "near"  # the one that came nearest to a window missed
    HELD = "held"  # a swipe that is not counted
    HOLE = "hole"  # how much lies between


@dataclass(frozen=True, slots=True)
class Point:
    """One thing on the time line: from when to when, its name, and the swipes within.

    `exact` is the time to the second, where the minute alone would not tell what lacked.
    """

    mark: Mark
    start: str = ""
    end: str = ""
    label: str = ""
    taps: tuple[str, ...] = ()
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the time line."""

    title: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """逐条核对 — one check: what was found, and how it is with it."""

    title: str
    detail: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Page:
    """为什么 — all that the page says of one activity."""

    title: str
    project_no: str
    batch_no: int
    person_no: str
    on: str
    venue: str
    headline: tuple[Phrase, ...]
    tone: Tone
    granted: bool
    pending: bool
    lead: tuple[str, ...]
    next_step: str
    count: int
    first_and_last: str
    days: tuple[Day, ...]
    checks: tuple[Checked, ...]
    host: str
    own_office: bool
    rule: str
    awarded_at: str
    standard: str
    edition: int
    net: str


@dataclass(frozen=True, slots=True)
class Row:
    """一次活动 — one line of the list."""

    title: str
    project_no: str
    batch_no: int
    on: str
    said: str
    tone: Tone


def row(activity: Activity, today: date) -> Row:
    """An activity as a line of the list."""
    batch, verdict = activity.batch, activity.verdict
    tone = Tone.WAIT if verdict is None else Tone.GOOD if verdict.granted else Tone.BAD
    first, last = local_date(batch.span.start), batch.last_on
    return Row(
        batch.project.name, batch.project.no, batch.no, days(first, last, beside=today.year),
        reasons.short(activity), tone,
    )  # fmt: skip


def page(trace: Trace, today: date) -> Page:
    """One activity with all that stands behind its answer."""
    told = trace.told
    batch, explanation = told.batch, told.explanation
    first = explanation.reasons[0].why if explanation.reasons else None
    pending = not explanation.granted and first in _NOT_YET
    tone = Tone.GOOD if explanation.granted else Tone.WAIT if pending else Tone.BAD
    net = told.net.in_cents()
    records = (*trace.swipes, *(one.at for one in trace.waiting))
    return Page(
        title=batch.project.name,
        project_no=batch.project.no,
        batch_no=batch.no,
        person_no=told.person.no,
        on=days(local_date(batch.span.start), batch.last_on, beside=today.year),
        venue=batch.venue,
        headline=reasons.headline(explanation, gross=trace.gross, net=net),
        tone=tone,
        granted=explanation.granted,
        pending=pending,
        lead=tuple(rules.sentence(reason, reason_words) for reason in explanation.reasons),
        next_step=rules.next_step(explanation.next_step, reason_words),
        count=len(records),
        first_and_last=_first_and_last(sorted(records)),
        days=tuple(_days(trace, explanation.reasons)),
        checks=tuple(map(_checked, explanation.checks)),
        host=batch.project.unit_name,
        own_office=first in _OWN_OFFICE,
        rule=_rule(trace.brief),
        awarded_at="" if trace.awarded_at is None else full_moment(trace.awarded_at),
        standard=trace.standard,
        edition=trace.edition,
        net=cents(net),
    )


def _rule(brief: Brief) -> str:
    percent = f"{(brief.ratio * 100).normalize():f}"
    facts = {"min_swipes": brief.min_swipes, "percent": percent}
    return say(f"strategy.{brief.strategy}", facts)


def _first_and_last(records: Sequence[int]) -> str:
    if not records:
        return ""
    first, last = records[0], records[-1]
    if day_of(first) != day_of(last):
        ends = {"first": f"{day(day_of(first))} {clock(first)}",
                "last": f"{day(day_of(last))} {clock(last)}"}  # fmt: skip
        return say("day.apart", ends)
    facts = {"day": with_weekday(day_of(first)), "first": clock(first), "last": clock(last)}
    return say("day.once" if first == last else "day.twice", facts)


def _checked(check: Check) -> Checked:
    detail = rules.detail(check, reason_words)
    if check.name is CheckName.WINDOW:
        return _window_checked(check, detail)
    if check.passed:
        return Checked(detail, "", Tone.GOOD)
    tone = Tone.WAIT if check.reason and check.reason.why in _NOT_YET else Tone.BAD
    return Checked(say(f"check.{check.name}", {}), detail, tone)


def _window_checked(check: Check, detail: str) -> Checked:
    facts = dict(check.facts)
    start, end = int(facts["start"]), int(facts["end"])
    title = say("check.window", {"window": check.window, "start": clock(start), "end": until(end)})
    if not check.passed:
        return Checked(title, detail, Tone.BAD)
    at = facts.get("at")
    return Checked(title, detail if at is None else say("check.at", {"at": clock(int(at))}),
                   Tone.GOOD)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Placed:
    at: int
    point: Point


def _days(trace: Trace, why: Iterable[Reason]) -> Iterator[Day]:
    """The time line, day by day: windows where they begin, swipes outside them where they fell."""
    missing = {(one.window, dict(one.facts)["start"]): one for one in why
               if one.why is Why.WINDOW_MISSING}  # fmt: skip
    asked = any(one.name is CheckName.WINDOW for one in trace.told.explanation.checks)
    near = {one.nearest for one in missing.values()}
    placed = [_of_window(one, trace.swipes, missing, asked=asked) for one in trace.windows]
    outside = Mark.TAP if trace.windows else Mark.SWIPE
    placed += [
        _of_swipe(at, Mark.NEAR if at in near else outside, exactly=at in near)
        for at in trace.swipes
        if not any(one.start <= at < one.end for one in trace.windows)
    ]
    placed += [_of_swipe(one.at, Mark.HELD, exactly=False) for one in trace.waiting]
    placed += _holes(missing.values())
    placed.sort(key=lambda one: one.at)
    for on, some in groupby(placed, key=lambda one: day_of(one.at)):
        yield Day(with_weekday(on), tuple(one.point for one in some))


def _of_swipe(at: int, mark: Mark, *, exactly: bool) -> _Placed:
    exact = clock(at) if exactly and clock(at) != minute(at) else ""
    return _Placed(at, Point(mark, minute(at), exact=exact))


def _of_window(
    window: Window,
    swipes: Iterable[int],
    missing: dict[tuple[str | None, str | int], Reason],
    *,
    asked: bool,
) -> _Placed:
    taps = tuple(minute(at) for at in swipes if window.start <= at < window.end)
    mark = Mark.HIT if taps else Mark.SPAN
    if (window.label, window.start) in missing or (asked and not taps):
        mark = Mark.MISS
    ends = clock(window.start), until(window.end)
    return _Placed(window.start, Point(mark, *ends, window.label, taps))


def _holes(missing: Iterable[Reason]) -> Iterator[_Placed]:
    """What lies between a window missed and the swipe that came nearest, on one day."""
    for one in missing:
        facts = dict(one.facts)
        start, end = int(facts["start"]), int(facts["end"])
        if one.nearest is None or one.missed_by is None or day_of(one.nearest) != day_of(start):
            continue
        # Right before the window, or right after its end: the swipe lies beyond.
        at = (start if one.nearest < start else end) - 1
        yield _Placed(at, Point(Mark.HOLE, label=gap(one.missed_by)))
