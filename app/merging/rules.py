"""合并档案 — what two records of one person would have too much of together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.kernel.credit import NO_CREDIT, Credit
from app.merging.terms import Excess
from app.standards import rules as standard
from app.standards.terms import ClaimRole, Pack


class Earned(NamedTuple):
    """所得 — credit of one item and role in a year."""

    item: str
    credit_class: str | None
    role: ClaimRole
    net: Credit


def excess_of(year: int, earned: Sequence[Earned], pack: Pack) -> Iterator[Excess]:
    """What is above the limits of a year: of each item first, then of whole classes."""
    for item in pack.items:
        limits = {
            standard.draws_on_year(item, role): most
            for role in ClaimRole
            if (most := item.cap_year.of(role)) is not None
        }
        for roles, most in limits.items():
            have = _sum(one.net for one in earned if one.item == item.code and one.role in roles)
            if have > most:
                yield Excess(year, item.title, item.credit_class, have, most)
    for name, most in pack.class_caps:
        have = _sum(one.net for one in earned if one.credit_class == name)
        if have > most:
            yield Excess(year, "", name, have, most)


def _sum(amounts: Iterator[Credit]) -> Credit:
    return sum(amounts, NO_CREDIT)
