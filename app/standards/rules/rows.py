"""The rows of a pack: its items, and the tables of ranks they point to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from app.kernel.credit import Credit
from app.standards.rules.reading import Node
from app.standards.terms import (
    ANY_CLASS,
    Beyond,
    ClaimRole,
    Confidence,
    Item,
    ItemCode,
    MonthRow,
    Origin,
    RankTable,
    Step,
    Tier,
    Unit,
    YearCap,
)

ORIGIN = frozenset({"source", "confidence"})

_ITEM_REQUIRED = frozenset({"code", "title", "unit"})
_ITEM_ALWAYS = ORIGIN | {"class", "cap_project", "cap_year", "max_persons", "when", "assessed_by"}
# What measures an item of each unit: exactly one of the first set, any of the second.
_MEASURES: Mapping[Unit, tuple[frozenset[str], frozenset[str]]] = {
    Unit.HOUR: (frozenset({"per", "step_hours"}), frozenset({"lecturer_per_hour"})),
    Unit.CHAR: (frozenset({"per"}), frozenset()),
    Unit.TIME: (frozenset({"attendee"}), frozenset({"lecturer"})),
    Unit.MONTH: (frozenset({"months"}), frozenset()),
    Unit.YEAR: (frozenset({"whole_year"}), frozenset()),
    Unit.COUNT: (frozenset({"table", "attendee"}), frozenset()),
    Unit.MANUAL: (frozenset(), frozenset()),
}
_NONE: frozenset[str] = frozenset()


def origin_of(fields: Mapping[str, Node]) -> Origin:
    """Where a row comes from; a row that does not say counts as believed only."""
    source = fields["source"].text() if "source" in fields else None
    if "confidence" not in fields:
        return Origin(source, Confidence.BELIEVED)
    return Origin(source, fields["confidence"].choice(Confidence))


def table_of(node: Node, name: str) -> RankTable:
    """The table of ranks of that name."""
    fields = node.fields(frozenset({"tiers"}), ORIGIN | {"beyond"})
    if not (tiers := fields["tiers"].entries()):
        fields["tiers"].refuse("standards.pack.empty")
    read = tuple(_tier(tier) for tier in tiers)
    names = [tier.name for tier in read]
    if len(set(names)) < len(names):
        twice = next(tier for tier in names if names.count(tier) > 1)
        first = tiers[names.index(twice)].path
        fields["tiers"].refuse("standards.pack.twice", name=twice, first=first)
    beyond = fields["beyond"].choice(Beyond) if "beyond" in fields else Beyond.NONE
    return RankTable(name, read, beyond, origin_of(fields))


def item_of_row(node: Node, classes: tuple[str, ...], tables: Mapping[str, RankTable]) -> Item:
    """The item of one row, which must be measured in the one way its unit allows."""
    unit = _unit(node)
    one_of, any_of = _MEASURES[unit]
    fields = node.fields(_ITEM_REQUIRED, _ITEM_ALWAYS | one_of | any_of)
    measures = sorted(one_of & fields.keys())
    if one_of and len(measures) != 1:
        choices = ", ".join(sorted(one_of))
        node.refuse("standards.pack.measure", unit=unit.value, choices=choices)
    return Item(
        code=ItemCode(fields["code"].item_code()),
        title=fields["title"].text(),
        credit_class=_class(fields, classes, node),
        unit=unit,
        per=fields["per"].factor() if "per" in fields else None,
        attendee=_credit(fields, "attendee"),
        lecturer=_credit(fields, "lecturer"),
        lecturer_per_hour=_credit(fields, "lecturer_per_hour"),
        steps=_steps(fields["step_hours"]) if "step_hours" in fields else (),
        months=_months(fields["months"]) if "months" in fields else (),
        table=_table(fields["table"], tables) if "table" in fields else None,
        whole_year=_credit(fields, "whole_year"),
        cap_project=_credit(fields, "cap_project"),
        cap_year=_cap_year(fields.get("cap_year")),
        max_persons=fields["max_persons"].whole(1, 1_000_000) if "max_persons" in fields else None,
        when=fields["when"].name() if "when" in fields else None,
        assessed_by=fields["assessed_by"].name() if "assessed_by" in fields else None,
        origin=origin_of(fields),
    )


def _unit(node: Node) -> Unit:
    members = node.members()
    if "unit" not in members:
        node.refuse("standards.pack.missing", key="unit")
    return members["unit"].choice(Unit)


def _class(fields: Mapping[str, Node], classes: tuple[str, ...], node: Node) -> str | None:
    if "class" not in fields:
        if classes:
            node.refuse("standards.pack.missing", key="class")
        return None
    return fields["class"].word((*classes, ANY_CLASS) if classes else ())


def _credit(fields: Mapping[str, Node], key: str) -> Credit | None:
    return fields[key].credit() if key in fields else None


def _table(node: Node, tables: Mapping[str, RankTable]) -> RankTable:
    name = node.name()
    if name not in tables:
        node.refuse("standards.pack.no_table", known=", ".join(tables))
    return tables[name]


def _cap_year(node: Node | None) -> YearCap:
    if node is None:
        return YearCap(None, None, shared=True)
    if not isinstance(node.value, dict):
        cap = node.credit()
        return YearCap(cap, cap, shared=True)
    roles = node.fields(_NONE, frozenset(ClaimRole))
    if not roles:
        node.refuse("standards.pack.empty")
    return YearCap(_credit(roles, "attendee"), _credit(roles, "lecturer"), shared=False)


def _tier(node: Node) -> Tier:
    fields = node.fields(frozenset({"tier", "amounts"}), ORIGIN)
    amounts = tuple(entry.credit() for entry in fields["amounts"].entries())
    if not amounts:
        fields["amounts"].refuse("standards.pack.empty")
    if any(later > earlier for earlier, later in pairwise(amounts)):
        fields["amounts"].refuse("standards.pack.rank_rises")
    return Tier(fields["tier"].name(), amounts, origin_of(fields))


def _steps(node: Node) -> tuple[Step, ...]:
    """The steps, which must follow one another from 0 without a hole and never fall."""
    rows = node.entries()
    steps = tuple(_step(row) for row in rows)
    if not steps:
        node.refuse("standards.pack.empty")
    if steps[0].above or steps[0].exact:
        rows[0].refuse("standards.pack.steps_start")
    for row, (step, after) in zip(rows[1:], pairwise(steps), strict=True):
        if step.below is None:
            row.refuse("standards.pack.after_end")
        if after.above != step.below:
            row.refuse("standards.pack.steps_hole", expected=str(step.below))
        # After an open stretch its upper bound itself must be told; after a point, what lies above.
        told = after.below is None or after.exact
        if (step.exact and after.exact) or not (step.exact or told):
            row.refuse("standards.pack.steps_bound", bound=str(step.below))
        if after.amount < step.amount:
            row.refuse("standards.pack.falls", before=str(step.amount))
    if steps[-1].below is not None:
        rows[-1].refuse("standards.pack.no_end")
    return steps


def _step(node: Node) -> Step:
    entries = node.entries()
    if len(entries) != len(("from", "to", "credit")):
        node.refuse("standards.pack.not_step")
    begin, end, amount = entries
    above = begin.bound()
    below = None if end.value is None else end.bound()
    if below is not None and below < above:
        end.refuse("standards.pack.not_step")
    return Step(above, below, amount.credit())


def _months(node: Node) -> tuple[MonthRow, ...]:
    """The rows of months, without a hole between, never falling, the last without an end."""
    rows = node.entries()
    read = tuple(_month_row(row) for row in rows)
    if not read:
        node.refuse("standards.pack.empty")
    for row, (before, after) in zip(rows[1:], pairwise(read), strict=True):
        if before.last is None or before.whole_year is not None:
            row.refuse("standards.pack.after_end")
        if after.first != before.last + 1:
            row.refuse("standards.pack.months_hole", expected=before.last + 1)
        if after.worth(after.first) < before.worth(before.last):
            row.refuse("standards.pack.falls", before=str(before.worth(before.last)))
    if read[-1].last is not None:
        rows[-1].refuse("standards.pack.no_end")
    return read


def _month_row(node: Node) -> MonthRow:
    fields = node.fields(frozenset({"from", "to"}), frozenset({"per_month", "whole_year"}))
    first = fields["from"].whole(1, 1200)
    last = None if fields["to"].value is None else fields["to"].whole(first, 1200)
    if ("per_month" in fields) == ("whole_year" in fields):
        node.refuse("standards.pack.month_worth")
    return MonthRow(first, last, _credit(fields, "per_month"), _credit(fields, "whole_year"))
