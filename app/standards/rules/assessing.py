"""What a claim is worth under a pack, and how limits reduce it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import InvalidError, NotFoundError
from app.standards.terms import (
    PROMOTED,
    Assessment,
    Beyond,
    CapKind,
    Claim,
    ClaimRole,
    Confidence,
    Item,
    Limited,
    Limits,
    Pack,
    RankTable,
    RoundingMode,
    Unit,
    Used,
)

LARGEST = Credit.of("99999.99")  # what NUMERIC(7,2) holds

_Worth = tuple[Fraction, bool]  # exact credit, and whether a reviewer must look


def assess(claim: Claim, pack: Pack) -> Assessment:
    """认定 — the worth of a claim: gross by item, rounded where it was divided, then limited.

    What is divided is rounded from the exact quotient, so that 5,999 characters never count as
    6,000; all else is to the hundredth, half up. So net is below gross exactly where there is a
    cap. InvalidError for an item or tier the pack has not, and for more than 99,999.99.
    """
    item = _find(pack, claim.item)
    if item is None:
        raise InvalidError(
            "standards.claim.no_item",
            row=claim.row,
            column="item",
            value=claim.item,
            pack=pack.id,
            known=", ".join(item.code for item in pack.items),
        )
    exact, review = _worth(item, claim)
    divided = item.per is not None and claim.role is ClaimRole.ATTENDEE
    gross = rounded(pack, exact) if divided else to_the_hundredth(exact)
    if gross > LARGEST:
        raise InvalidError(
            "standards.claim.too_large",
            row=claim.row,
            column="quantity",
            value=str(claim.quantity),
            limit=str(LARGEST),
        )
    whole_year = _gives_whole_year(item, claim) and bool(exact)
    limits = Limits() if whole_year else limits_of(pack, item, claim.role)
    after = limited(gross, limits, claim.used)
    return Assessment(
        gross=gross,
        cap=after.cap,
        net=after.net,
        credit_class=item.credit_class,
        whole_year=whole_year,
        capped_by=after.by,
        review=review or item.origin.confidence is Confidence.UNKNOWN,
    )


def rounded(pack: Pack, exact: Fraction) -> Credit:
    """取整 — an amount that came from a division, on the pack's step."""
    step = Fraction(pack.rounding.step.amount)
    match pack.rounding.mode:
        case RoundingMode.NONE:
            return to_the_hundredth(exact)
        case RoundingMode.FLOOR:
            steps = exact // step
        case RoundingMode.CEIL:
            steps = -(-exact // step)
        case RoundingMode.HALF_UP:
            steps = (exact / step + Fraction(1, 2)) // 1
    return to_the_hundredth(steps * step)


def rounding_of(pack: Pack) -> Callable[[int], int]:
    """取整 — the pack's rounding on hundredths of a credit, for whole runs at once."""
    step = pack.rounding.step.in_cents()
    match pack.rounding.mode:
        case RoundingMode.NONE:
            return lambda cents: cents
        case RoundingMode.FLOOR:
            return lambda cents: cents // step * step
        case RoundingMode.CEIL:
            return lambda cents: -(-cents // step) * step
        case RoundingMode.HALF_UP:
            return lambda cents: (2 * cents + step) // (2 * step) * step
        case _:
            assert_never(pack.rounding.mode)


def to_the_hundredth(exact: Fraction) -> Credit:
    """An exact amount, not below nothing, to the hundredth, half up."""
    return Credit.cents((exact * 200 + 1) // 2)


def limits_of(pack: Pack, item: Item, role: ClaimRole, project_cap: Credit | None = None) -> Limits:
    """限额 — the limits of a claim; a project's own limit stands where it is the smaller."""
    caps = [cap for cap in (item.cap_project, project_cap) if cap is not None]
    of_class = next((cap for name, cap in pack.class_caps if name == item.credit_class), None)
    return Limits(min(caps, default=None), item.cap_year.of(role), of_class)


def limited(amount: Credit, limits: Limits, used: Used) -> Limited:
    """限后 — the amount, or what is left under the limit that leaves least.

    `cap` is that limit, None when nothing was taken away; of equal remainders the project's limit
    is named.
    """
    after = Limited(amount)
    for limit, spent, kind in (
        (limits.project, used.project, CapKind.PROJECT),
        (limits.year, used.year, CapKind.YEAR),
        (limits.credit_class, used.credit_class, CapKind.YEAR),
    ):
        if limit is not None and (left := max(limit - spent, NO_CREDIT)) < after.net:
            after = Limited(left, limit, kind)
    return after


def lecturer_gross(item: Item, courses: Sequence[Decimal]) -> Credit | None:
    """主讲学分 — what a lecturer earns with courses of so many hours.

    None where the item has no rate.
    """
    if item.lecturer_per_hour is not None:
        rate = Fraction(item.lecturer_per_hour.amount)
        return to_the_hundredth(rate * sum((Fraction(hours) for hours in courses), Fraction()))
    if item.lecturer is not None:
        return Credit(item.lecturer.amount * len(courses))
    return None


def draws_on_year(item: Item, role: ClaimRole) -> frozenset[ClaimRole]:
    """The roles whose credit under the item counts against the yearly limit of this role."""
    return frozenset(ClaimRole) if item.cap_year.shared else frozenset({role})


def item_named(pack: Pack, code: str) -> Item:
    """The item of that code. NotFoundError when the pack has none."""
    if (item := _find(pack, code)) is None:
        raise NotFoundError("standards.item.unknown", item=code, pack=pack.id)
    return item


def item_of(pack: Pack, level: str, *, promoted: bool = False) -> Item:
    """项目对应的学分项目 — the item under which a project of that level is credited.

    A promoted project (推广项目) takes its own item where the pack has one. InvalidError for a
    level no pack knows.
    """
    items: Mapping[str, str] = dict(pack.project_items)
    if promoted and PROMOTED in items:
        return item_named(pack, items[PROMOTED])
    if level == PROMOTED or level not in items:
        raise InvalidError("standards.project.no_level", level=level, pack=pack.id)
    return item_named(pack, items[level])


def _find(pack: Pack, code: str) -> Item | None:
    return next((item for item in pack.items if item.code == code), None)


def _worth(item: Item, claim: Claim) -> _Worth:
    if claim.role is ClaimRole.LECTURER:
        return _lecturer_worth(item, claim)
    quantity = _quantity(item, claim)
    each, review = Fraction(), False
    match item.unit:
        case Unit.HOUR | Unit.CHAR if item.per is not None:
            each = 1 / Fraction(item.per)
        case Unit.HOUR | Unit.CHAR:
            return _stepped(item, claim.quantity or Decimal()), False
        case Unit.MONTH:
            return _by_months(item, quantity)
        case Unit.YEAR:
            return _amount(item.whole_year) if quantity >= 1 else Fraction(), False
        case Unit.COUNT if item.table is not None:
            each, review = _ranked(item.table, claim)
        case Unit.TIME | Unit.COUNT:
            each = _amount(item.attendee)
        case Unit.MANUAL:
            each, review = Fraction(1), True
        case _:
            assert_never(item.unit)
    return each * quantity, review


def _lecturer_worth(item: Item, claim: Claim) -> _Worth:
    quantity = _quantity(item, claim)
    if item.lecturer_per_hour is not None:
        return _amount(item.lecturer_per_hour) * quantity, False
    if item.lecturer is not None:
        return _amount(item.lecturer) * quantity, False
    return Fraction(), True


def _quantity(item: Item, claim: Claim) -> Fraction:
    """What was claimed; a thing that is counted is one when nothing is said, a measure nothing."""
    if claim.quantity is not None:
        return Fraction(claim.quantity)
    return Fraction(item.unit in (Unit.TIME, Unit.COUNT, Unit.YEAR))


def _stepped(item: Item, hours: Decimal) -> Fraction:
    step = next((step for step in item.steps if step.holds(hours)), None)
    return _amount(step.amount) if step is not None and hours else Fraction()


def _by_months(item: Item, quantity: Fraction) -> _Worth:
    """Whole months only: the texts count months completed."""
    months = quantity.numerator // quantity.denominator
    for row in item.months:
        if row.first <= months and (row.last is None or months <= row.last):
            return _amount(row.worth(months)), False
    return Fraction(), bool(quantity)


def _gives_whole_year(item: Item, claim: Claim) -> bool:
    if claim.role is ClaimRole.LECTURER:
        return False
    if item.unit is Unit.YEAR:
        return True
    last = item.months[-1] if item.months else None
    return last is not None and last.whole_year is not None and (claim.quantity or 0) >= last.first


def _ranked(table: RankTable, claim: Claim) -> _Worth:
    if claim.tier is None:
        return Fraction(), True
    tier = next((tier for tier in table.tiers if tier.name == claim.tier), None)
    if tier is None:
        raise InvalidError(
            "standards.claim.no_tier",
            row=claim.row,
            column="tier",
            value=claim.tier,
            known=", ".join(tier.name for tier in table.tiers),
        )
    if claim.rank <= len(tier.amounts):
        return _amount(tier.amounts[claim.rank - 1]), False
    if table.beyond is Beyond.LESS_ONE:
        further = claim.rank - len(tier.amounts)
        return max(_amount(tier.amounts[-1]) - further, Fraction()), True
    return Fraction(), True


def _amount(credit: Credit | None) -> Fraction:
    return Fraction((credit or NO_CREDIT).amount)
