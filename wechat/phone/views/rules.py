"""学分标准 — a rule pack in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.kernel.credit import NO_CREDIT
from app.speech.saying import Phrase, amount, classed, dated, phrased, say
from app.standards.terms import ClaimRole, Confidence, Item, MonthRow, Pack, Requirement, Unit


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the standard; `sure` is false for what no public text says for certain."""

    title: str
    said: tuple[str, ...]
    sure: bool


@dataclass(frozen=True, slots=True)
class Page:
    """学分标准 — one edition, its requirement and its items by class."""

    title: str
    edition: int
    source: str
    since: str
    until: str
    needs: tuple[tuple[Phrase, ...], ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]


def page(pack: Pack) -> Page:
    """The pack as people read it."""
    classes = (*pack.classes, "any", None)
    grouped = [(name, [one for one in pack.items if one.credit_class == name]) for name in classes]
    return Page(
        title=pack.title,
        edition=pack.edition,
        source=pack.source,
        since=dated(pack.valid_from),
        until="" if pack.valid_to is None else dated(pack.valid_to),
        needs=tuple(phrased(_need(row)) for row in pack.requirements if row.enabled),
        groups=tuple(
            (classed(name) if pack.classes else "", tuple(map(_row, items)))
            for name, items in grouped
            if items
        ),
    )


def _need(row: Requirement) -> str:
    who = "standard.everybody" if row.match.everybody else "standard.some"
    if row.match.status:
        who = "standard.not_counted"
    total = amount(row.need.total)
    if not row.need.total:
        return say("standard.nothing", {"who": say(who, {})})
    parts = [say("standard.class", {"name": classed(name), "credit": amount(need)})
             for name, need in row.need.by_class if need]  # fmt: skip
    if row.need.hours:
        parts.append(say("standard.hours", {"hours": amount(row.need.hours)}))
    facts = {"who": say(who, {}), "total": total, "parts": "".join(parts)}
    return say("standard.need", facts)


def _row(item: Item) -> Row:
    sure = item.origin.confidence is Confidence.VERIFIED
    return Row(item.title, tuple(_said(item)), sure)


def _said(item: Item) -> Iterator[str]:
    per = "standard.per_char" if item.unit is Unit.CHAR else "standard.per_hour"
    amounts = (
        (per, item.per),
        ("standard.attendee", item.attendee),
        ("standard.lecturer", item.lecturer),
        ("standard.lecturer_hour", item.lecturer_per_hour),
        ("standard.whole_year", item.whole_year),
    )
    yield from (say(code, {"credit": amount(much)}) for code, much in amounts if much is not None)
    yield from map(_months, item.months)
    if item.steps:
        top = item.steps[-1]
        yield say("standard.steps", {"credit": amount(top.amount), "hours": amount(top.above)})
    if item.table is not None:
        yield say("standard.table", {})
    if item.unit is Unit.MANUAL:
        yield say("standard.manual", {})
    caps = (
        ("standard.cap_project", item.cap_project),
        ("standard.cap_year", item.cap_year.of(ClaimRole.ATTENDEE)),
    )
    yield from (say(code, {"credit": amount(much)}) for code, much in caps if much is not None)


def _months(row: MonthRow) -> str:
    each, year = row.per_month, row.whole_year
    code = "standard.months" if each is None else "standard.each_month"
    facts = {"first": row.first, "last": row.last, "credit": amount(each or year or NO_CREDIT)}
    return say(code if row.last is not None else f"{code}_on", facts)
