"""From the nodes of a pack to its values, each checked against the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from app.kernel.credit import Credit
from app.standards.rules.layers import Layered, digest_of, layered
from app.standards.rules.reading import Node, parsed
from app.standards.rules.rows import ORIGIN, item_of_row, origin_of, table_of
from app.standards.terms import (
    LEVELS,
    PROMOTED,
    STATUSES,
    TITLE_LEVELS,
    UNIT_GRADES,
    Addition,
    Figures,
    Item,
    ItemCode,
    Match,
    Overlap,
    Pack,
    PackId,
    Requirement,
    Rounding,
    RoundingMode,
    StudyTime,
)

_MATCH = frozenset({"status", "unit_grade", "title_level", "township"})
_NONE: frozenset[str] = frozenset()


def read_pack(
    text: str | bytes, shelf: Mapping[str, Mapping[str, object]]
) -> tuple[Pack, dict[str, object]]:
    """The pack a file holds and its whole body, parents included (see `layers.layered`).

    InvalidError `standards.pack.*` with `path`, `value` and the rule that the value breaks.
    """
    whole = layered(parsed(text), shelf)
    pack = _pack(whole)
    return pack, whole.body()


def pack_of(body: Mapping[str, object]) -> Pack:
    """The pack of a whole body, as `read_pack` returned it. InvalidError as there."""
    return _pack(layered(body, {}))


def _pack(whole: Layered) -> Pack:
    fields = whole.fields
    classes = _classes(fields["classes"])
    tables = {
        name: table_of(node, Node(node.path, name).name()) for name, node in whole.tables.items()
    }
    items = tuple(item_of_row(node, classes, tables) for node in whole.items.values())
    valid_from, valid_to = _valid(fields["valid"])
    additions = fields.get("additive_requirements")
    pack = Pack(
        id=PackId(fields["id"].pack_id()),
        edition=fields["edition"].whole(1, 9999),
        digest="",
        regime=fields["regime"].pack_id(),
        title=fields["title"].text(),
        source=fields["source"].text(),
        valid_from=valid_from,
        valid_to=valid_to,
        year_start=_year_start(fields["cme_year"]),
        classes=classes,
        class_caps=_class_caps(fields.get("class_caps"), classes),
        rounding=_rounding(fields["rounding"]),
        study_time=_study_time(fields["study_time"]),
        overlap=fields["overlap"].choice(Overlap) if "overlap" in fields else Overlap.FORBID,
        requirements=_requirements(whole.requirements, classes),
        additions=tuple(_addition(row, items) for row in additions.entries()) if additions else (),
        items=items,
        project_items=_project_items(whole.project_items, items),
    )
    # Last, for only what has been read is known to be text that can be hashed.
    return replace(pack, digest=digest_of(whole.body()))


def _classes(node: Node) -> tuple[str, ...]:
    names = tuple(entry.word(("I", "II")) for entry in node.entries())
    if len(set(names)) < len(names):
        node.refuse("standards.pack.twice", name=names[0], first=f"{node.path}[0]")
    return names


def _class_caps(node: Node | None, classes: tuple[str, ...]) -> tuple[tuple[str, Credit], ...]:
    if node is None:
        return ()
    caps = node.fields(_NONE, frozenset(classes))
    return tuple((name, caps[name].credit()) for name in sorted(caps))


def _valid(node: Node) -> tuple[date, date | None]:
    fields = node.fields(frozenset({"from", "to"}), _NONE)
    begin = fields["from"].day()
    end = None if fields["to"].value is None else fields["to"].day()
    if end is not None and end < begin:
        fields["to"].refuse("standards.pack.ends_early", begin=begin.isoformat())
    return begin, end


def _year_start(node: Node) -> tuple[int, int]:
    fields = node.fields(frozenset({"start", "end"}), _NONE)
    start, end = fields["start"].month_day(), fields["end"].month_day()
    # 2023 has no 29 February: a year that began on one would have no first day most years.
    first = Node(fields["start"].path, f"2023-{start}").day()
    before = first - timedelta(days=1)
    if end != f"{before:%m-%d}" and not (start == "03-01" and end == "02-29"):
        fields["end"].refuse("standards.pack.year_hole", expected=f"{before:%m-%d}", start=start)
    return first.month, first.day


def _rounding(node: Node) -> Rounding:
    fields = node.fields(frozenset({"mode", "step"}), ORIGIN)
    step = fields["step"].credit()
    if not step:
        fields["step"].refuse("standards.pack.not_factor")
    return Rounding(fields["mode"].choice(RoundingMode), step, origin_of(fields))


def _study_time(node: Node) -> StudyTime:
    fields = node.fields(frozenset({"hours_per_credit", "period_minutes"}), ORIGIN)
    minutes = fields["period_minutes"].whole(1, 600)
    return StudyTime(fields["hours_per_credit"].factor(), minutes, origin_of(fields))


def _requirements(rows: tuple[Node, ...], classes: tuple[str, ...]) -> tuple[Requirement, ...]:
    hours = any("hours" in need for row in rows if isinstance(need := _need_of(row), dict))
    read = tuple(_requirement(row, classes, hours) for row in rows)
    if not any(row.enabled and row.match.everybody for row in read):
        Node("requirements", [row.value for row in rows]).refuse("standards.pack.no_last_row")
    return read


def _need_of(row: Node) -> object:
    members = row.members()
    return members["need"].value if "need" in members else None


def _requirement(row: Node, classes: tuple[str, ...], hours: bool) -> Requirement:
    fields = row.fields(frozenset({"match", "need"}), ORIGIN | {"enabled"})
    optional = frozenset({"split", "hours", *classes})
    need = fields["need"].fields(frozenset({"total"}), optional)
    if "split" in need:
        need["split"].word(("none",))
        if named := [name for name in classes if name in need]:
            need[named[0]].refuse("standards.pack.split_and_class")
    none = Credit.of(0)
    by_class = tuple((name, need[name].credit() if name in need else none) for name in classes)
    periods = need["hours"].credit() if "hours" in need else none
    return Requirement(
        match=_match(fields["match"]),
        need=Figures(need["total"].credit(), by_class, periods if hours else None),
        enabled=fields["enabled"].flag() if "enabled" in fields else True,
        origin=origin_of(fields),
    )


def _match(node: Node) -> Match:
    fields = node.fields(_NONE, _MATCH)
    return Match(
        status=fields["status"].words(STATUSES) if "status" in fields else (),
        unit_grade=fields["unit_grade"].words(UNIT_GRADES) if "unit_grade" in fields else (),
        title_level=fields["title_level"].words(TITLE_LEVELS) if "title_level" in fields else (),
        township=fields["township"].flag() if "township" in fields else None,
    )


def _addition(row: Node, items: tuple[Item, ...]) -> Addition:
    fields = row.fields(frozenset({"match", "need"}), ORIGIN)
    need = fields["need"].fields(frozenset({"window_years", "items", "total"}), _NONE)
    if not (entries := need["items"].entries()):
        need["items"].refuse("standards.pack.empty")
    return Addition(
        match=_match(fields["match"]),
        window_years=need["window_years"].whole(1, 20),
        items=tuple(_known_item(entry, items) for entry in entries),
        total=need["total"].credit(),
        origin=origin_of(fields),
    )


def _project_items(
    levels: Mapping[str, Node], items: tuple[Item, ...]
) -> tuple[tuple[str, ItemCode], ...]:
    whole = Node("project_items", {level: node.value for level, node in levels.items()})
    whole.fields(frozenset(LEVELS), frozenset({PROMOTED}))
    return tuple((level, _known_item(levels[level], items)) for level in sorted(levels))


def _known_item(node: Node, items: tuple[Item, ...]) -> ItemCode:
    code = ItemCode(node.item_code())
    if all(item.code != code for item in items):
        node.refuse("standards.pack.no_item", known=", ".join(item.code for item in items))
    return code
