"""What a claim is worth under a pack, and how limits reduce it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import InvalidError
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

    `gross` is to the hundredth, half up; `net` starts from the exact quotient, rounded as the pack
    says, so that 5,999 characters never count as 6,000. Where a pack rounds up, gross is the
    rounded amount: net is never above it. InvalidError for an item or tier the pack has not and
    for an amount above 99,999.99.
    """
    item = item_named(pack, claim.item)
    exact, review = _worth(item, claim)
    if exact > Fraction(LARGEST.amount):
        raise InvalidError(
            "standards.claim.too_large", field="quantity", value=claim.quantity, limit=LARGEST
        )
    gross = to_the_hundredth(exact)
    divided = item.per is not None and claim.role is ClaimRole.ATTENDEE
    amount = rounded(pack, exact) if divided else gross
    whole_year = _gives_whole_year(item, claim) and bool(exact)
    limits = Limits() if whole_year else limits_of(pack, item, claim.role)
    after = limited(amount, limits, claim.used)
    return Assessment(
        gross=max(gross, amount),
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


def to_the_hundredth(exact: Fraction) -> Credit:
    """An exact amount, not below nothing, to the hundredth, half up."""
    return Credit.cents((exact * 200 + 1) // 2)


def limits_of(
    pack: Pack, item: Item, role: ClaimRole, project_cap: Credit | None = None
) -> Limits:
    """限额 — the limits of a claim; a project's own limit stands where it is the smaller."""
    caps = [cap for cap in (item.cap_project, project_cap) if cap is not None]
    of_class = next((cap for name, cap in pack.class_caps if name == item.credit_class), None)
    return Limits(min(caps, default=None), item.cap_year.of(role), of_class)


def limited(amount: Credit, limits: Limits, used: Used) -> Limited:
    """限后 — the amount, or what is left under the limit that leaves least.

    `cap` is that limit, None when nothing was taken away; of equal remainders the project's is named.
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
    """主讲学分 — what a lecturer earns with courses of so many hours; None where the item has no rate."""
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
    """The item of that code. InvalidError when the pack has none."""
    for item in pack.items:
        if item.code == code:
            return item
    known = ", ".join(item.code for item in pack.items)
    raise InvalidError("standards.claim.no_item", field="item", value=code, pack=pack.id, known=known)


def item_of(pack: Pack, level: str, *, promoted: bool = False) -> Item:
    """项目对应的学分项目 — the item under which a project of that level is credited.

    A promoted project (推广项目) takes its own item where the pack has one. InvalidError for a level
    no pack knows.
    """
    items: Mapping[str, str] = dict(pack.project_items)
    if promoted and PROMOTED in items:
        return item_named(pack, items[PROMOTED])
    if level == PROMOTED or level not in items:
        raise InvalidError("standards.project.no_level", field="level", value=level, pack=pack.id)
    return item_named(pack, items[level])


def _worth(item: Item, claim: Claim) -> _Worth:
    if claim.role is ClaimRole.LECTURER:
        return _lecturer_worth(item, claim)
    quantity = _quantity(item, claim)
    match item.unit:
        case Unit.HOUR | Unit.CHAR:
            if item.per is not None:
                return quantity / Fraction(item.per), False
            return _stepped(item, quantity), False
        case Unit.MONTH:
            return _by_months(item, quantity)
        case Unit.YEAR:
            return _amount(item.whole_year) if quantity >= 1 else Fraction(), False
        case Unit.TIME:
            return _amount(item.attendee) * quantity, False
        case Unit.COUNT:
            if item.table is None:
                return _amount(item.attendee) * quantity, False
            each, review = _ranked(item.table, claim)
            return each * quantity, review
        case Unit.MANUAL:
            return quantity, True


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


def _stepped(item: Item, hours: Fraction) -> Fraction:
    exact = Decimal(hours.numerator) / Decimal(hours.denominator)
    step = next((step for step in item.steps if step.holds(exact)), None)
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
        known = ", ".join(tier.name for tier in table.tiers)
        raise InvalidError("standards.claim.no_tier", field="tier", value=claim.tier, known=known)
    if claim.rank <= len(tier.amounts):
        return _amount(tier.amounts[claim.rank - 1]), False
    if table.beyond is Beyond.LESS_ONE:
        further = claim.rank - len(tier.amounts)
        return max(_amount(tier.amounts[-1]) - further, Fraction()), True
    return Fraction(), True


def _amount(credit: Credit | None) -> Fraction:
    return Fraction((credit or NO_CREDIT).amount)
