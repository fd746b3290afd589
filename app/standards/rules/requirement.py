"""What a year asks of a person, where they stand, and which year a day belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import InvalidError
from app.standards.rules.assessing import to_the_hundredth
from app.standards.terms import (
    UNCOUNTED,
    Addition,
    CmeYear,
    Figures,
    Match,
    Pack,
    Result,
    Standing,
)

FIRST_YEAR, LAST_YEAR = 1900, 2999


def requirement_of(
    pack: Pack,
    *,
    unit_grade: str | None = None,
    township: bool | None = None,
    title_level: str | None = None,
    status: str = "normal",
) -> Figures:
    """年度要求 — total, classes and periods a year asks for: the first enabled row that matches.

    A unit is a township's (乡镇) by its grade where `township` is left out; what is unknown (None)
    matches only rows that do not ask.
    """
    if township is None:
        township = unit_grade == "township"
    for row in pack.requirements:
        if row.enabled and _matches(row.match, unit_grade, township, title_level, status):
            return row.need
    raise AssertionError(f"{pack.id} was read with a last row for everybody")


def additions_of(
    pack: Pack,
    *,
    unit_grade: str | None = None,
    title_level: str | None = None,
    status: str = "normal",
) -> tuple[Addition, ...]:
    """附加要求 — the rows over several years that apply besides the year's and do not decide it."""
    township = unit_grade == "township"
    return tuple(
        row
        for row in pack.additions
        if _matches(row.match, unit_grade, township, title_level, status)
    )


def held(pack: Pack, by_class: Mapping[str | None, Credit], hours: Credit | None = None) -> Figures:
    """已有 — the figures of what a person has in a year: credit by class, and periods (学时).

    Credit of no class of the pack (`any`, None) counts in the total only.
    """
    total = sum(by_class.values(), NO_CREDIT)
    classes = tuple((name, by_class.get(name, NO_CREDIT)) for name in pack.classes)
    return Figures(total, classes, (hours or NO_CREDIT) if pack.counts_hours else None)


def standing(need: Figures, have: Figures, status: str, *, whole_year: bool = False) -> Standing:
    """达标情况 — the gap of each figure, never below nothing, and the result.

    Credit decides, by total and by class; credit of any class fills the classes that are short,
    in the pack's order. Periods (学时) have their own gap and decide nothing. `whole_year` says
    that an entry counts as the year's credit, which leaves no gap.
    """
    if whole_year:
        gap = Figures(
            NO_CREDIT,
            tuple((name, NO_CREDIT) for name, _ in need.by_class),
            None if need.hours is None else NO_CREDIT,
        )
    else:
        gap = _gap(need, have)
    if status in UNCOUNTED:
        return Standing(need, have, gap, Result.NOT_COUNTED)
    short = bool(gap.total) or any(amount for _, amount in gap.by_class)
    return Standing(need, have, gap, Result.SHORT if short else Result.MET)


def periods_of(pack: Pack, minutes: int) -> Credit:
    """学时 — so many minutes as periods of the pack's length, to the hundredth."""
    return to_the_hundredth(Fraction(minutes, pack.study_time.period_minutes))


def hours_for(pack: Pack, credit: Credit) -> Decimal:
    """小时 — the clock hours that stand behind an amount of credit when nobody recorded any."""
    return credit.amount * pack.study_time.hours_per_credit


def year_of(pack: Pack, day: date) -> CmeYear:
    """年度 — the year of credit a day belongs to, named by the calendar year in which it ends.

    From 1 September on, a day of 2016 belongs to 2017; from 1 January on, each day to its own year.
    InvalidError for a day of a year that `year_numbered` refuses.
    """
    year = year_numbered(pack, day.year)
    return year if day <= year.last_on else year_numbered(pack, day.year + 1)


def year_numbered(pack: Pack, number: int) -> CmeYear:
    """年度 — the year of credit of that number. InvalidError outside 1900 to 2999."""
    new_year = day_within(number)
    month, day = pack.year_start
    begin = new_year if (month, day) == (1, 1) else date(number - 1, month, day)
    last = date(begin.year + 1, month, day) - timedelta(days=1)
    return CmeYear(number, begin, last)


def day_within(number: int) -> date:
    """A day of the year of credit of that number, under any pack: its first of January.

    InvalidError outside 1900 to 2999.
    """
    if not FIRST_YEAR <= number <= LAST_YEAR:
        raise InvalidError("standards.year.out_of_range", year=number)
    return date(number, 1, 1)


def valid_on(pack: Pack, day: date) -> bool:
    """Whether the pack is in force on the day."""
    return pack.valid_from <= day and (pack.valid_to is None or day <= pack.valid_to)


def in_force(packs: Iterable[Pack], day: date) -> Pack | None:
    """The pack in force on the day; of several the one that came into force last, then the newest
    edition. None where none is."""
    fitting = [pack for pack in packs if valid_on(pack, day)]
    return max(fitting, key=lambda pack: (pack.valid_from, pack.edition, pack.id), default=None)


def _matches(
    match: Match, unit_grade: str | None, township: bool, title_level: str | None, status: str
) -> bool:
    return (
        (not match.status or status in match.status)
        and (not match.unit_grade or unit_grade in match.unit_grade)
        and (not match.title_level or title_level in match.title_level)
        and (match.township is None or match.township == township)
    )


def _gap(need: Figures, have: Figures) -> Figures:
    free = have.total - sum((amount for _, amount in have.by_class), NO_CREDIT)
    by_class: list[tuple[str, Credit]] = []
    for name, asked in need.by_class:
        lacking = max(asked - have.of(name), NO_CREDIT)
        filled = min(lacking, max(free, NO_CREDIT))
        free = free - filled
        by_class.append((name, lacking - filled))
    total = max(need.total - have.total, NO_CREDIT)
    if need.hours is None:
        return Figures(total, tuple(by_class))
    return Figures(total, tuple(by_class), max(need.hours - (have.hours or NO_CREDIT), NO_CREDIT))
