"""Words of the credit standards: rule packs, their rows, claims and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.span import Span, day_start
from app.org.terms import Grade
from app.people.terms import Status, TitleLevel
from app.projects.terms import Level

PackId = NewType("PackId", str)
EditionId = NewType("EditionId", int)
ItemCode = NewType("ItemCode", str)

ANY_CLASS = "any"  # 不分Ⅰ、Ⅱ类: fills whichever class is short
NATIONAL = ("cn-2006", "cn-2024")  # where no region's pack applies
PROMOTED = "promoted"  # 推广项目
# The words of other contexts by which a pack tells levels, units and people apart.
LEVELS = tuple(word.value for word in Level)
UNIT_GRADES = (*(word.value for word in Grade), "cdc1")
TITLE_LEVELS = tuple(word.value for word in TitleLevel)
STATUSES = tuple(word.value for word in Status)
# 不计达标、注销: the standard asks nothing
UNCOUNTED = frozenset({Status.NOT_COUNTED.value, Status.CANCELLED.value})


class ClaimRole(StrEnum):
    """参与身份 — as what a person took part."""

    ATTENDEE = "attendee"  # 参加
    LECTURER = "lecturer"  # 主讲


class Unit(StrEnum):
    """计量单位 — what the quantity of a claim counts."""

    HOUR = "hour"
    CHAR = "char"
    TIME = "time"
    MONTH = "month"
    YEAR = "year"
    COUNT = "count"
    MANUAL = "manual"  # the quantity is the credit itself, set by evidence


class Confidence(StrEnum):
    """可信度 — how sure a number is: seen in a public text, believed, or not known at all."""

    VERIFIED = "verified"
    BELIEVED = "believed"
    UNKNOWN = "unknown"


class RoundingMode(StrEnum):
    """取整方式 — how an amount that came from a division meets its step."""

    NONE = "none"
    FLOOR = "floor"
    HALF_UP = "half_up"
    CEIL = "ceil"


class Beyond(StrEnum):
    """余类推 — what a rank after the last of its table gets."""

    NONE = "none"  # nothing; a reviewer looks
    LESS_ONE = "less_one"  # one credit less for each further rank, never below nothing


class Overlap(StrEnum):
    """时间重叠 — whether two activities of one hour may both give credit."""

    FORBID = "forbid"
    ALLOW = "allow"


class CapKind(StrEnum):
    """上限 — which limit reduced an amount."""

    PROJECT = "cap_project"
    YEAR = "cap_year"


class Result(StrEnum):
    """达标结果 — whether the year's requirement is met."""

    MET = "met"
    SHORT = "short"
    NOT_COUNTED = "not_counted"


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


@dataclass(frozen=True, slots=True)
class Used:
    """已用 — credit that already draws on the limits a claim will meet."""

    project: Credit = NO_CREDIT
    year: Credit = NO_CREDIT
    credit_class: Credit = NO_CREDIT


@dataclass(frozen=True, slots=True)
class Limits:
    """限额 — the limits one claim meets; None where there is none."""

    project: Credit | None = None
    year: Credit | None = None
    credit_class: Credit | None = None


@dataclass(frozen=True, slots=True)
class Limited:
    """限后 — an amount after its limits, and the limit that reduced it, if one did."""

    net: Credit
    cap: Credit | None = None
    by: CapKind | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """学分申报 — one thing done; `quantity` in the item's unit, `row` its place in a list."""

    pack: PackId
    item: ItemCode
    role: ClaimRole = ClaimRole.ATTENDEE
    quantity: Decimal | None = None
    tier: str | None = None
    rank: int = 1
    used: Used = Used()
    row: int = 1


@dataclass(frozen=True, slots=True)
class Assessment:
    """认定 — what a claim is worth: before the limits, the limit that reduced it, and after.

    `review` says that the text gives no sure answer and a reviewer has to look.
    """

    gross: Credit
    cap: Credit | None
    net: Credit
    credit_class: str | None
    whole_year: bool
    capped_by: CapKind | None
    review: bool

    def shown(self) -> dict[str, str | bool | None]:
        """The assessment as interfaces carry it."""
        return {
            "gross": str(self.gross),
            "cap": None if self.cap is None else str(self.cap),
            "net": str(self.net),
            "class": self.credit_class,
            "whole_year": self.whole_year,
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """达标情况 — need, have and gap of a year, and the result."""

    need: Figures
    have: Figures
    gap: Figures
    result: Result

    @property
    def missing(self) -> Credit:
        """还差 — the least credit that would meet the year, the classes' shortfalls counted in."""
        by_class = sum((amount for _, amount in self.gap.by_class), NO_CREDIT)
        return max(self.gap.total, by_class)
