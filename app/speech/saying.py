"""说法 — amounts, days and gaps as people read them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.awards import rules
from app.base import words
from app.kernel.credit import Credit
from app.kernel.span import SHANGHAI, at_ms, local_date, whole_minutes

_HOUR, _DAY = 60, 24 * 60
_HOURS_FROM, _DAYS_FROM = 2 * _HOUR, 2 * _DAY

_TENTH = Decimal("0.1")

say = functools.partial(words.sentence, "phone")
reason_words = functools.partial(words.sentence, "reasons")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence; `strong` is what must be seen first."""

    text: str
    strong: bool


Phrase = tuple[Piece, ...]


def phrases(code: str, **facts: object) -> tuple[Phrase, ...]:
    """The sentence of that code in words/phone.toml, in phrases that are not broken in two."""
    return phrased(say(code, facts))


def phrased(sentence: str) -> tuple[Phrase, ...]:
    """A sentence in its phrases: `|` parts them, and what stands between two `*` is strong."""
    return tuple(
        tuple(Piece(text, bool(n % 2)) for n, text in enumerate(phrase.split("*")) if text)
        for phrase in sentence.split("|")
    )


def waited(working_days: int) -> str:
    """已过多久 — since an activity, in the words of reasons."""
    return rules.waited(working_days, reason_words)


def amount(value: Credit | Decimal) -> str:
    """An amount in a sentence: 3.5, 20."""
    exact = value.amount if isinstance(value, Credit) else value
    return f"{exact.normalize():f}"


def figure(value: Credit | Decimal) -> str:
    """An amount in a column, where the points stand under each other: 3.5, 20.0, 1.43."""
    exact = value.amount if isinstance(value, Credit) else value
    tenths = exact.quantize(_TENTH)
    return f"{tenths if tenths == exact else exact:f}"


def cents(hundredths: int) -> str:
    """Hundredths of a credit in a sentence."""
    return amount(Credit.cents(hundredths))


def day(on: date, *, beside: int | None = None) -> str:
    """11 月 8 日, with its year where that is another than the one beside it."""
    code = "day.short" if beside in (None, on.year) else "day.year"
    return say(code, {"year": on.year, "month": on.month, "day": on.day})


def dated(on: date) -> str:
    """2026 年 11 月 8 日."""
    return say("day.year", {"year": on.year, "month": on.month, "day": on.day})


def with_weekday(on: date) -> str:
    """11 月 8 日（周日）."""
    weekday = say(f"weekday.{on.isoweekday()}", {})
    return say("day.week", {"month": on.month, "day": on.day, "weekday": weekday})


def days(first: date, last: date, *, beside: int | None = None) -> str:
    """One day with its weekday, or the first and the last; with the year where it is another."""
    if first == last:
        return with_weekday(first) if beside in (None, first.year) else dated(first)
    return say("day.span", {"first": day(first, beside=beside), "last": day(last)})


def day_of(ms: int) -> date:
    """The day in Beijing of an instant."""
    return local_date(at_ms(ms))


def clock(ms: int) -> str:
    """The clock time in Beijing; with seconds where there are any, for they may be what lacks."""
    at = at_ms(ms).astimezone(SHANGHAI)
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


def minute(ms: int) -> str:
    """The clock time in Beijing to the minute."""
    return f"{at_ms(ms).astimezone(SHANGHAI):%H:%M}"


def until(ms: int) -> str:
    """The clock time at which a span ends; one until midnight ends with its day."""
    return "24:00" if clock(ms) == "00:00" else clock(ms)


def moment(at: datetime) -> str:
    """11 月 16 日 09:20."""
    local = at.astimezone(SHANGHAI)
    return f"{day(local.date())} {local:%H:%M}"


def clock_of(at: datetime, *, seconds: bool = False) -> str:
    """09:20, or 09:20:31."""
    local = at.astimezone(SHANGHAI)
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def full_moment(at: datetime) -> str:
    """2026 年 11 月 16 日 09:20."""
    local = at.astimezone(SHANGHAI)
    return f"{dated(local.date())} {local:%H:%M}"


def gap(seconds: int) -> str:
    """8 分钟, 3 小时 5 分钟, 4 天: as people say it, minutes rounded up."""
    minutes = whole_minutes(seconds)
    if minutes < _HOURS_FROM:
        return say("gap.minutes", {"minutes": minutes})
    if minutes >= _DAYS_FROM:
        return say("gap.days", {"days": round(minutes / _DAY)})
    hours, left = divmod(minutes, _HOUR)
    code = "gap.hours_minutes" if left else "gap.hours"
    return say(code, {"hours": hours, "minutes": left})


def missed(nearest: int, start: int) -> str:
    """早了, 晚了."""
    return say("gap.early" if nearest < start else "gap.late", {})


def classed(name: str | None) -> str:
    """学分类别 — as people write it; a class of a pack that has no other name stands as it is."""
    return words.book("phone").get(f"class.{name or 'none'}", name or "")
