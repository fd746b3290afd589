"""试算条件 — what an address asks an analysis for, and the address that asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from app.awards.terms import WINDOW_STRATEGIES, Brief, Group, Options, Strategy, Window
from app.base import words
from app.kernel.span import SHANGHAI, Span, at_ms, in_ms
from app.speech.saying import day_of

_CLOCK = re.compile("[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_LONGEST = 60
_MOST_WINDOWS = 20
_PERCENT = Decimal(100)
_LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class Written:
    """时段 as it was typed: the label and both ends."""

    label: str
    start: str
    end: str

    @property
    def text(self) -> str:
        """As an option of a plan carries it."""
        return f"{self.label},{self.start},{self.end}"


@dataclass(frozen=True, slots=True)
class Asked:
    """试算条件 — the plan tried, the list and the day looked at; nothing of it, as it stands."""

    strategy: str = ""
    windows: tuple[Written, ...] = ()
    min_swipes: str = ""
    percent: str = ""
    group: Group = Group.NEAR
    day: date | None = None
    moved: str = ""

    @property
    def options(self) -> Options:
        """What is changed of the plan."""
        ratio = None
        if self.percent:
            try:
                ratio = str(Decimal(self.percent) / _PERCENT)
            except InvalidOperation:
                ratio = self.percent
        return Options(
            self.strategy or None, tuple(one.text for one in self.windows),
            self.min_swipes or None, ratio,
        )  # fmt: skip

    @property
    def tried(self) -> bool:
        """Whether anything of the plan is asked for."""
        return self.options != Options()


def read(given: MultiDict[str, str]) -> Asked:
    """The conditions of an address or a form."""
    on = given.get("on", "")
    parts = (given.getlist(name) for name in ("label", "start", "end"))
    windows = [
        Written(label[:_LONGEST].strip(), _moment(on, start), _moment(on, end))
        for label, start, end in zip(*parts, strict=False)
    ][:_MOST_WINDOWS]
    drop = given.get("drop", "")
    if drop in map(str, range(len(windows))):
        del windows[int(drop)]
    if given.get("add") and windows and len(windows) < _MOST_WINDOWS:
        windows.append(_one_more(windows))
    group, day = given.get("show", ""), given.get("day", "")
    return Asked(
        given.get("strategy", "")[:_LONGEST], tuple(windows),
        given.get("min_swipes", "")[:_LONGEST].strip(), given.get("percent", "")[:_LONGEST].strip(),
        Group(group) if group in set(Group) else Group.NEAR, _day(day),
        given.get("moved", "")[:_LONGEST],
    )  # fmt: skip


def of_brief(brief: Brief, *, named: bool = True) -> Asked:
    """The conditions that ask for just this plan."""
    windows = brief.windows if named and brief.strategy in WINDOW_STRATEGIES else ()
    return Asked(
        strategy=brief.strategy.value,
        windows=tuple(map(written, windows)),
        min_swipes=str(brief.min_swipes) if brief.strategy is Strategy.MIN_SWIPES else "",
        percent=percent_of(brief) if brief.strategy is Strategy.DURATION_RATIO else "",
    )


def of_span(span: Span) -> Asked:
    """A window as long as the batch itself, to begin with where none was filed."""
    label = words.sentence("console", "window.added", {"number": 1})
    window = written(Window(label, in_ms(span.start), in_ms(span.end)))
    return Asked(strategy=Strategy.WINDOWS.value, windows=(window,))


def written(window: Window) -> Written:
    """A window as it is typed."""
    return Written(window.label, local_text(window.start), local_text(window.end))


def local_text(ms: int) -> str:
    """An instant as a field of date and time carries it; seconds only where there are any."""
    at = at_ms(ms).astimezone(SHANGHAI)
    return at.strftime("%Y-%m-%dT%H:%M:%S" if at.second else "%Y-%m-%dT%H:%M")


def percent_of(brief: Brief) -> str:
    """The share of the time asked for, in per cent."""
    return f"{(brief.ratio * _PERCENT).normalize():f}"


def address(endpoint: str, no: str, batch: int, asked: Asked, **more: Any) -> str:
    """Where the conditions are asked for."""
    return url_for(endpoint, no=no, batch=batch, **_given(asked), **more)


def pairs(asked: Asked) -> Iterable[tuple[str, str]]:
    """The conditions as hidden fields of a form."""
    for name, value in _given(asked).items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def with_group(asked: Asked, group: Group) -> Asked:
    """The same, with another list."""
    return replace(asked, group=group)


def with_day(asked: Asked, day: date) -> Asked:
    """The same, on another day."""
    return replace(asked, day=day)


def with_shift(brief: Brief, minutes: int) -> Asked:
    """The same plan by a clock that is so many minutes late: its windows lie that much earlier."""
    late = minutes * 60_000
    windows = tuple(
        replace(one, start=one.start - late, end=one.end - late) for one in brief.windows
    )
    return of_brief(replace(brief, windows=windows))


def single_day(windows: Sequence[Window]) -> date | None:
    """The day on which all the windows lie, where it is one."""
    days = {day_of(ms) for one in windows for ms in (one.start, one.end - 1)}
    return days.pop() if len(days) == 1 else None


def _given(asked: Asked) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "strategy": asked.strategy,
        "label": [one.label for one in asked.windows],
        "start": [one.start for one in asked.windows],
        "end": [one.end for one in asked.windows],
        "min_swipes": asked.min_swipes,
        "percent": asked.percent,
        "show": "" if asked.group is Group.NEAR else asked.group.value,
        "day": "" if asked.day is None else asked.day.isoformat(),
    }
    return {name: value for name, value in found.items() if value}


def _moment(on: str, text: str) -> str:
    """A clock time on the day of the form; a time with its own day as it is."""
    text = text.strip()[:_LONGEST]
    if _CLOCK.fullmatch(text):
        return f"{on[:10]}T{text.zfill(len(text) + (text.index(':') == 1))}"
    return text


def _one_more(windows: Sequence[Written]) -> Written:
    """Another window of half an hour after the last, where that is still the same day."""
    last = max(one.end for one in windows)
    on, _, clock = last.partition("T")
    hour = int(clock[:2]) if clock[:2].isdecimal() else 12
    label = words.sentence("console", "window.added", {"number": len(windows) + 1})
    if hour >= _LAST_HOUR:
        return Written(label, f"{on}T23:00", f"{on}T23:30")
    return Written(label, f"{on}T{hour + 1:02}:00", f"{on}T{hour + 1:02}:30")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
