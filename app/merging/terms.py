"""合并档案 — words about two records that may be of one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.cards.terms import Card
from app.kernel.credit import Credit
from app.people.terms import Person, PersonFile


@dataclass(frozen=True, slots=True)
class Pair:
    """可能是同一个人 — two people within sight of one name, and of one birthday or phone."""

    first: Person
    second: Person
    by_phone: bool


@dataclass(frozen=True, slots=True)
class Apart:
    """不是同一人 — two people of whom somebody said that they are two."""

    first: Person
    second: Person
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Excess:
    """超出上限 — what two records have together in a year of one item, above what a year gives.

    Of a whole class where `item` is empty.
    """

    year: int
    item: str
    credit_class: str | None
    have: Credit
    most: Credit


@dataclass(frozen=True, slots=True)
class Sides:
    """两份档案 — side by side, what together is too much, and whether they were said to be two."""

    records: tuple[Record, Record]
    excess: tuple[Excess, ...]
    apart: Apart | None


@dataclass(frozen=True, slots=True)
class Record:
    """一份档案 — what hangs on one of two records; `years` are the sums of each year's credit."""

    file: PersonFile
    cards: tuple[Card, ...]
    bound: int
    years: tuple[tuple[int, Credit], ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """合并结果 — how many entries of credit went along, and how many both records had already."""

    carried: int
    twice: int
