"""核算 — what is claimed, what limits it, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.kernel.credit import NO_CREDIT, Credit
from app.standards.terms.packs import Figures
from app.standards.terms.words import CapKind, ClaimRole, ItemCode, PackId, Result


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
