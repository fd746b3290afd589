"""节假日 — working days of the country, with the holidays and make-up days that were announced."""

from __future__ import annotations

from datetime import date
from functools import cache

import chinese_calendar

_FRIDAY = 5


@cache  # the library walks through all its years for each day it is asked about
def is_working(day: date) -> bool:
    """Whether people work on that day; Monday to Friday where no holidays were announced."""
    if announced(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.isoweekday() <= _FRIDAY


def announced(year: int) -> bool:
    """Whether the holidays of that year are known here."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
