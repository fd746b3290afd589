"""Stretches of time, and the clock of the country (北京时间)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Span:
    """时段 — a half-open stretch of time, [start, end); both ends carry a zone."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies inside."""
        return self.start <= moment < self.end

    def joined(self, other: Span) -> Span:
        """The shortest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


def local(text: str) -> datetime:
    """The instant an ISO text means; without a zone in Beijing time. ValueError if it is none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def shown(moment: datetime) -> str:
    """The instant as ISO text in Beijing time, to the second, with its zone."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")


def in_utc(moment: datetime) -> str:
    """The instant as ISO text in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_date(moment: datetime) -> date:
    """The calendar day in Beijing on which the instant falls."""
    return moment.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The first instant of a day in Beijing."""
    return datetime.combine(day, time(), SHANGHAI)


def at_ms(epoch_ms: int) -> datetime:
    """The instant of so many milliseconds since 1970-01-01 UTC."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=epoch_ms)


def in_ms(moment: datetime) -> int:
    """The instant as whole milliseconds since 1970-01-01 UTC, what is finer cut off."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def whole_minutes(seconds: int) -> int:
    """Seconds as minutes, rounded up, as people are told them."""
    return math.ceil(seconds / 60)
