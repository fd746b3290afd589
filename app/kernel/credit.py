"""学分 — an amount of credit, exact to one hundredth."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, order=True)
class Credit:
    """学分 — an exact amount, kept to the hundredth; made of text or whole numbers, no floats."""

    amount: Decimal

    @classmethod
    def of(cls, value: str | int | Decimal) -> Self:
        """The amount rounded half up to the hundredth. ArithmeticError for what is no number."""
        return cls(Decimal(value).quantize(CENT, rounding=ROUND_HALF_UP))

    @classmethod
    def cents(cls, cents: int) -> Self:
        """The amount of so many hundredths."""
        return cls(Decimal(cents).scaleb(-2))

    def in_cents(self) -> int:
        """The amount as whole hundredths."""
        return int(self.amount.scaleb(2))

    def __add__(self, other: Credit) -> Credit:
        return Credit(self.amount + other.amount)

    def __sub__(self, other: Credit) -> Credit:
        return Credit(self.amount - other.amount)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        """Decimal text with two places, as every interface carries it."""
        return f"{self.amount:.2f}"


NO_CREDIT = Credit(Decimal("0.00"))
