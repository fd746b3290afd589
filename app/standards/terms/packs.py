"""标准包 — what a standard says: items, figures, requirements, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.span import Span, day_start
from app.standards.terms.words import (
    Beyond,
    ClaimRole,
    Confidence,
    ItemCode,
    Overlap,
    PackId,
    RoundingMode,
    Unit,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """出处 — the document a row comes from, and how far to trust it."""

    source: str | None
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class CmeYear:
    """年度 — a year of credit, named by the calendar year in which it ends; both days are in it."""

    number: int
    first_on: date
    last_on: date

    @property
    def span(self) -> Span:
        """The same year as instants, by Beijing's clock."""
        return Span(day_start(self.first_on), day_start(self.last_on + timedelta(days=1)))

    def holds(self, day: date) -> bool:
        """Whether the day belongs to the year."""
        return self.first_on <= day <= self.last_on


@dataclass(frozen=True, slots=True)
class Rounding:
    """取整 — mode and step, in credits; applies to what came from a division."""

    mode: RoundingMode
    step: Credit
    origin: Origin


@dataclass(frozen=True, slots=True)
class StudyTime:
    """学时折算 — clock hours (小时) for one credit, and the minutes of one period (学时)."""

    hours_per_credit: Decimal
    period_minutes: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Step:
    """阶梯 — an amount for hours strictly between two bounds; equal bounds mean exactly so many.

    A step without an upper bound begins at its lower one.
    """

    above: Decimal
    below: Decimal | None
    amount: Credit

    @property
    def exact(self) -> bool:
        """Whether the step is for exactly so many hours."""
        return self.above == self.below

    def holds(self, hours: Decimal) -> bool:
        """Whether the step is for so many hours; of two that are, the earlier counts."""
        if self.exact:
            return hours == self.above
        if self.below is None:
            return hours >= self.above
        return self.above < hours < self.below


@dataclass(frozen=True, slots=True)
class MonthRow:
    """按月折算 — what `first` to `last` whole months give: so much each, or a year's credit."""

    first: int
    last: int | None
    per_month: Credit | None
    whole_year: Credit | None

    def worth(self, months: int) -> Credit:
        """The credit of so many months within the row."""
        if self.whole_year is not None:
            return self.whole_year
        return Credit((self.per_month or NO_CREDIT).amount * months)


@dataclass(frozen=True, slots=True)
class Tier:
    """档次 — the amounts of the first, second, … person, e.g. of a journal's tier."""

    name: str
    amounts: tuple[Credit, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class RankTable:
    """位次表 — tiers against ranks (作者位次)."""

    name: str
    tiers: tuple[Tier, ...]
    beyond: Beyond
    origin: Origin


@dataclass(frozen=True, slots=True)
class YearCap:
    """年度上限 — a limit for each role; when shared, both roles draw on the one limit."""

    attendee: Credit | None
    lecturer: Credit | None
    shared: bool

    def of(self, role: ClaimRole) -> Credit | None:
        """The limit of a role, None where it has none."""
        return self.attendee if role is ClaimRole.ATTENDEE else self.lecturer


@dataclass(frozen=True, slots=True)
class Item:
    """学分项目 — one row of the standard: what it measures, what it gives, up to which limits."""

    code: ItemCode
    title: str
    credit_class: str | None
    unit: Unit
    per: Decimal | None  # hours or characters for one credit
    attendee: Credit | None  # for each time, as the next
    lecturer: Credit | None
    lecturer_per_hour: Credit | None
    steps: tuple[Step, ...]
    months: tuple[MonthRow, ...]
    table: RankTable | None
    whole_year: Credit | None
    cap_project: Credit | None
    cap_year: YearCap
    max_persons: int | None
    when: str | None
    assessed_by: str | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Figures:
    """分项 — a total, its classes, and the periods (学时) where the pack asks for them."""

    total: Credit
    by_class: tuple[tuple[str, Credit], ...] = ()
    hours: Credit | None = None

    def of(self, credit_class: str) -> Credit:
        """The amount of a class, none where the pack has no such class."""
        return dict(self.by_class).get(credit_class, NO_CREDIT)

    def shown(self) -> dict[str, str]:
        """The figures as interfaces carry them: decimal text by `total`, class, `hours`."""
        hours = () if self.hours is None else (("hours", self.hours),)
        return {name: str(sum_) for name, sum_ in (("total", self.total), *self.by_class, *hours)}


@dataclass(frozen=True, slots=True)
class Match:
    """适用条件 — who a row is for; what is empty or None asks nothing."""

    status: tuple[str, ...] = ()
    unit_grade: tuple[str, ...] = ()
    title_level: tuple[str, ...] = ()
    township: bool | None = None

    @property
    def everybody(self) -> bool:
        """Whether the row asks nothing."""
        return self == Match()


@dataclass(frozen=True, slots=True)
class Requirement:
    """年度要求 — what a year asks of those who match; one not enabled is a region's option."""

    match: Match
    need: Figures
    enabled: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Addition:
    """附加要求 — credit of certain items over several years, asked besides the year's."""

    match: Match
    window_years: int
    items: tuple[ItemCode, ...]
    total: Credit
    origin: Origin


@dataclass(frozen=True, slots=True)
class Pack:
    """规则包 — one edition of a standard, whole: nothing of a parent is left out.

    `digest` is the SHA-256 of its canonical JSON, in hex; an entry keeps it beside the id.
    """

    id: PackId
    edition: int
    digest: str
    regime: str
    title: str
    source: str
    valid_from: date
    valid_to: date | None  # None: until further notice
    year_start: tuple[int, int]  # month, day
    classes: tuple[str, ...]
    class_caps: tuple[tuple[str, Credit], ...]
    rounding: Rounding
    study_time: StudyTime
    overlap: Overlap
    requirements: tuple[Requirement, ...]
    additions: tuple[Addition, ...]
    items: tuple[Item, ...]
    project_items: tuple[tuple[str, ItemCode], ...]

    @property
    def counts_hours(self) -> bool:
        """Whether its requirement has a row for periods (学时)."""
        return any(row.need.hours is not None for row in self.requirements)
