"""日历 — when things are held: on dates of the past, or so long before the city's making."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.kernel.span import SHANGHAI

_BEFORE = re.compile(r"@([1-9][0-9]?)")
_CLOCK = re.compile(r"(?:([+-][0-9]) )?([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)")
_SATURDAY, _WEEK = 5, 7


@dataclass(frozen=True, slots=True)
class Calendar:
    """日历 — as seen from the day on which the city is made."""

    today: date

    def day(self, text: str) -> date:
        """The day of a date, or of `@3`, the third Saturday before today. ValueError if neither."""
        before = _BEFORE.fullmatch(text)
        if before is None:
            return date.fromisoformat(text)
        since_saturday = (self.today.weekday() - _SATURDAY) % _WEEK or _WEEK
        return self.today - timedelta(days=since_saturday + _WEEK * (int(before[1]) - 1))


def moment(day: date, text: str) -> datetime:
    """A clock time of a day, `08:30`, one beside it, `+1 08:30`, or a moment with its date."""
    written = _CLOCK.fullmatch(text)
    if written is None:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    away = timedelta(days=int(written[1] or 0))
    return datetime.combine(day + away, time.fromisoformat(written[2]), SHANGHAI)


def drawn(day: date, text: str, draw: random.Random) -> datetime:
    """A moment of a day; of a stretch, `08:05..10:50`, one that is drawn from it."""
    first, between, last = text.partition("..")
    if not between:
        return moment(day, first)
    start = moment(day, first)
    prefix = first.rpartition(" ")[0]
    seconds = (moment(day, f"{prefix} {last}".strip()) - start).seconds
    return start + timedelta(seconds=draw.randrange(seconds))


def shown(moment_: datetime) -> str:
    """The moment as files of imports write it, without a zone."""
    return moment_.replace(tzinfo=None).isoformat(timespec="seconds")
