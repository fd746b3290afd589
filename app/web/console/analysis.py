"""考情分析 — when people swiped, what a plan would do, and nothing changed until it is awarded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.attendance.queries import clocks, histogram, records
from app.attendance.queries.histogram import Minute
from app.attendance.rules import shift_of
from app.attendance.terms import Hold, Record, SwipeState
from app.awards import queries as awards
from app.awards.queries import Listed, Weighing
from app.awards.terms import WINDOW_STRATEGIES, Brief, Miss, Options, Reason, Strategy, Window
from app.base import words
from app.base.work import Work, passes
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError
from app.kernel.span import SHANGHAI, at_ms, whole_minutes
from app.speech.saying import clock, day_of, gap, minute, missed
from app.web.console import asked as asking
from app.web.console import frame, plotting, trails
from app.web.console.asked import Asked
from app.web.sessions import Guest, entered

blueprint = frame.screens("analysis", "/analysis")

_FEW = 5
_HALF = 50  # per cent of the width


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list: whom it is about, their swipes of the day, and what they lack."""

    listed: Listed
    dots: tuple[plotting.Dot, ...]
    clocks: str
    said: str


@dataclass(frozen=True, slots=True)
class Card:
    """An unknown card: how it ends, when it was held to the reader, and the records of it."""

    tail: str
    clocks: str
    records: tuple[Record, ...]


@blueprint.get("/<path:no>/<int:batch>")
@passes(
    "awards.weigh", "attendance.minutes_of", "attendance.records_of", "attendance.clock_repairs",
    "awards.trail_of_batch", *frame.DOORS,
)  # fmt: skip
@entered(Stage.OPEN)
def page(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """When people swiped, the windows, and what they would give."""
    asked = asking.read(request.args)
    with frame.working(guest) as work:
        minutes = histogram.minutes_of(work, no, batch)
        waiting = records.records_of(work, no, batch, SwipeState.QUARANTINED)
        repairs = clocks.clock_repairs(work, no, batch)
        trail = awards.trail_of_batch(work, no, batch)
        refusal = ""
        try:
            weighed = awards.weigh(work, no, batch, asked.options, asked.group)
        except InvalidError as error:
            refusal = words.of_error(error)
            weighed = _instead(work, no, batch, asked)
    now, days = _now(asked, weighed), plotting.days_of(
        weighed.case.batch, minutes, weighed.brief.windows
    )  # fmt: skip
    on = asked.day if asked.day in days else _opening(weighed.brief)
    shown = _shown(guest, weighed, now, on, minutes)
    return frame.page(
        guest, "console/analysis.html", 422 if refusal else 200, **shown, refusal=refusal,
        plot=plotting.plot_of(
            weighed.case.batch, on, minutes, weighed.brief.windows, weighed.before.windows
        ),
        days=days, on=on, single=asking.single_day(weighed.brief.windows),
        swipes=sum(one.counted for one in minutes), waiting=waiting,
        cards=_cards(waiting)[:_FEW], shifts=[one for one in _shifts(minutes, weighed.brief.windows)
                if one[0] not in {repair.terminal for repair in repairs}],
        trail=trails.lines(trail, {}),
        repairs=[(one, *told_of_shift(one.shift)) for one in repairs],
        repairs_clocks=Permission.SWIPES_RESOLVE in guest.actor.permissions,
        at_ms=lambda ms: at_ms(ms).astimezone(SHANGHAI), by_day=asking.with_day,
        restored=_restored(weighed), by_shift=asking.with_shift,
        whole_span=asking.of_span(weighed.case.batch.span),
    )  # fmt: skip


@blueprint.get("/<path:no>/<int:batch>/whatif")
@passes("awards.weigh")
@entered(Stage.OPEN)
def whatif(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """The live parts of the page, for an edge that is being moved."""
    asked = asking.read(request.args)
    try:
        with frame.working(guest) as work:
            weighed = awards.weigh(work, no, batch, asked.options, asked.group)
    except InvalidError as error:
        answer = render_template("console/analysis_refused.html", refusal=words.of_error(error))
        return make_response(answer, 422)
    now = _now(asked, weighed)
    on = asked.day or _opening(weighed.brief)
    return make_response(
        render_template("console/analysis_live.html", **_shown(guest, weighed, now, on))
    )


def _opening(brief: Brief) -> date:
    """The day that is shown first: a stray swipe of the evening before opens no batch."""
    return day_of(brief.windows[0].start if brief.windows else brief.start)


def _instead(work: Work, no: str, batch: int, asked: Asked) -> Weighing:
    """The batch by its own plan; where that asks for what the batch has not, by any swipe."""
    if asked.tried:
        try:
            return awards.weigh(work, no, batch, Options(), asked.group)
        except InvalidError:
            pass
    return awards.weigh(work, no, batch, Options(strategy=Strategy.ANY), asked.group)


def rule_of(brief: Brief) -> str:
    """授分策略 — what a plan asks for, in half a sentence."""
    facts = {"min_swipes": brief.min_swipes, "percent": asking.percent_of(brief)}
    return words.sentence("console", f"strategy.{brief.strategy}", facts)


def lacking(reasons: Iterable[Reason]) -> str:
    """差在哪里 — reasons as who decides reads them."""
    return words.book("console")["miss.join"].join(map(_short, reasons))


def _shown(
    guest: Guest, weighed: Weighing, now: Asked, on: date, minutes: tuple[Minute, ...] = ()
) -> dict[str, object]:
    batch = weighed.case.batch
    no, number = batch.project.no, batch.no
    scale = _scale(weighed, on, minutes)

    def to(asked: Asked, endpoint: str = "analysis.page") -> str:
        return asking.address(endpoint, no, number, asked)

    windows = [one for one in weighed.brief.windows if day_of(one.start) == on]
    return {
        "one": weighed, "batch": batch, "asked": now, "to": to, "rule": rule_of,
        "by_group": asking.with_group, "word": words.book("console").__getitem__,
        "edged": weighed.brief.strategy in WINDOW_STRATEGIES,
        "may_award": Permission.AWARDS_RUN in guest.actor.permissions,
        "choices": [(one, to(asking.of_brief(one.brief, named=one.named)))
                    for one in weighed.strategies],
        "lines": [_line(one, scale, weighed, on) for one in weighed.rows],
        "spans": [(scale.at(plotting.minute_of(on, one.start)),
                   scale.wide(plotting.minute_of(on, one.start), plotting.minute_of(on, one.end)))
                  for one in windows],
        "missing": [(_miss(one, weighed), one.count) for one in weighed.misses],
        "call": _call(weighed, now, scale, on), "pairs": asking.pairs,
        "needs_count": weighed.brief.strategy is Strategy.MIN_SWIPES,
        "needs_ratio": weighed.brief.strategy is Strategy.DURATION_RATIO,
        "percent": asking.percent_of(weighed.brief),
        "scale": scale,
    }  # fmt: skip


def _now(asked: Asked, weighed: Weighing) -> Asked:
    """What is asked for, written out in full, so that the next address changes one thing of it."""
    whole = asking.of_brief(weighed.brief, named=bool(asked.windows or weighed.plan.windows))
    return Asked(
        whole.strategy, whole.windows, whole.min_swipes, whole.percent, asked.group, asked.day,
        asked.moved,
    )  # fmt: skip


def _restored(weighed: Weighing) -> Asked | None:
    """The plan as filed, where another is looked at."""
    filed = weighed.filed
    if filed is None or _asks(filed) == _asks(weighed.brief):
        return None
    return asking.of_brief(filed)


def _asks(brief: Brief) -> tuple[object, ...]:
    """What a plan asks of people."""
    return brief.strategy, brief.windows, brief.min_swipes, brief.ratio


def _scale(weighed: Weighing, on: date, minutes: Iterable[Minute]) -> plotting.Scale:
    """The scale of the plot, which a request for the live parts brings along."""
    low, high = request.args.get("low", ""), request.args.get("high", "")
    if low.isascii() and high.isascii() and low.isdecimal() and high.isdecimal():
        first, last = int(low[:4]), int(high[:4])
        if first < last <= 24 * 60:
            return plotting.Scale(first, last)
    batch = weighed.case.batch
    plot = plotting.plot_of(
        batch, on, tuple(minutes), weighed.brief.windows, weighed.before.windows
    )
    return plotting.Scale(plot.low, plot.high)


def _line(listed: Listed, scale: plotting.Scale, weighed: Weighing, on: date) -> Line:
    reasons = listed.verdict.reasons
    nearest = {one.nearest for one in reasons}
    today = [at for at in listed.swipes if day_of(at) == on]
    dots = plotting.dots_of(on, scale, today, weighed.brief.windows, nearest)
    join = words.book("console")["miss.join"]
    return Line(listed, dots, join.join(map(minute, today)), lacking(reasons))


def _short(reason: Reason) -> str:
    facts: dict[str, object] = dict(reason.facts)
    if reason.nearest is not None and reason.missed_by is not None and "start" in facts:
        start = int(dict(reason.facts)["start"])
        facts |= {"way": missed(reason.nearest, start), "far": gap(reason.missed_by)}
    elif reason.missed_by is not None:
        facts["lacking"] = whole_minutes(reason.missed_by)
    facts["window"] = reason.window
    code = f"refused.{reason.why}{'.reasoned' if 'reason' in facts else ''}"
    return words.sentence("console", code, facts)


def _miss(miss: Miss, weighed: Weighing) -> str:
    """缺什么 — the windows that were missed, or that the plan was not met."""
    book = words.book("console")
    strategy = weighed.brief.strategy
    if strategy not in {Strategy.WINDOWS, Strategy.ALL_COURSES} or not miss.labels:
        return f"{book['miss.none']}{rule_of(weighed.brief)}"
    if len(miss.labels) > 1 and len(miss.labels) == len(weighed.brief.windows):
        return book["miss.all"].format(count=len(miss.labels))
    return book["miss.one"].format(window=book["miss.join"].join(miss.labels))


@dataclass(frozen=True, slots=True)
class Call:
    """What moving an edge did, beside that edge: where, from when to when, in how many people."""

    x: str
    right: bool
    was: str
    now: str


def _call(weighed: Weighing, asked: Asked, scale: plotting.Scale, on: date) -> Call | None:
    index, _, edge = asked.moved.partition("-")
    windows = weighed.brief.windows
    if not (index.isascii() and index.isdecimal()) or int(index) >= len(windows):
        return None
    window = windows[int(index)]
    before = next((one for one in weighed.before.windows if one.label == window.label), window)
    at, was = (window.end, before.end) if edge == "end" else (window.start, before.start)
    if day_of(window.start) != on or at == was:
        return None
    place = plotting.minute_of(on, at)
    return Call(scale.at(place), scale.share(place) < _HALF, clock(was), clock(at))


def _cards(waiting: Iterable[Record]) -> list[Card]:
    """The unknown cards, each with its records."""
    by_card: dict[str, list[Record]] = {}
    for one in waiting:
        if one.reason is Hold.UNKNOWN_CARD:
            by_card.setdefault(one.card_no or str(one.id), []).append(one)
    join = words.book("console")["miss.join"]
    return [
        Card(number[-4:], join.join(one.at.astimezone(SHANGHAI).strftime("%H:%M")
                                    for one in some), tuple(some))
        for number, some in by_card.items()
    ]  # fmt: skip


def _shifts(
    minutes: Iterable[Minute], windows: tuple[Window, ...]
) -> list[tuple[str, str, str, int]]:
    """修正时钟 — the terminals whose swipes would fit the windows if their clock were moved."""
    by_terminal: dict[str, dict[int, int]] = {}
    for one in minutes:
        counts = by_terminal.setdefault(one.terminal, {})
        counts[one.at] = counts.get(one.at, 0) + one.counted + one.waiting
    spans = [(one.start, one.end) for one in windows]
    found = []
    for terminal, counts in by_terminal.items():
        shift = shift_of(counts, spans)
        if shift is not None:
            found.append((terminal, *told_of_shift(shift), shift))
    return found


def told_of_shift(shift: int) -> tuple[str, str]:
    """Which way a clock is wrong that is so many minutes late, and how far."""
    return words.book("console")["clock.slow" if shift > 0 else "clock.fast"], gap(abs(shift) * 60)
