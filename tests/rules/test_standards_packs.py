"""Reading rule packs: what is shipped loads, what is wrong is named, and nothing else happens."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base import words
from app.kernel.credit import Credit
from app.kernel.errors import InvalidError
from app.standards import rules
from app.standards.terms import LEVELS, Overlap, Pack
from tests.rules.packs import EDITIONS, PACKS, SHELF, SHIPPED, changed, text_of

CHILD = "henan-hospital-activity"


def refusal_of(text: str | bytes) -> InvalidError:
    with pytest.raises(InvalidError) as refusal:
        rules.read_pack(text, SHELF)
    assert words.of_error(refusal.value)
    return refusal.value


def item(pack: str, code: str, **keys: object) -> dict[str, object]:
    """A shipped pack's item with some keys replaced, or left out where None."""
    items = {
        row["code"]: row for row in json.loads((EDITIONS / f"{pack}.json").read_bytes())["items"]
    }
    return {key: value for key, value in (items[code] | keys).items() if value is not None}


def hosp_act(steps: object) -> str:
    return text_of(CHILD, items=[item(CHILD, "HOSP-ACT", step_hours=steps)])


def further(months: object) -> str:
    return text_of("cn-2024", items=[item("cn-2024", "FURTHER", months=months)])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_loads_under_the_name_of_its_file(name: str) -> None:
    assert PACKS[name].id == name
    assert {level for level, _ in PACKS[name].project_items} >= set(LEVELS)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_pack_is_the_same_when_read_again_from_its_whole_body(name: str) -> None:
    stored = json.loads(json.dumps(SHELF[name]))

    assert rules.pack_of(stored) == PACKS[name]
    assert rules.digest_of(stored) == PACKS[name].digest


def test_a_packs_hash_ignores_spaces_and_the_order_of_keys_and_sees_every_value() -> None:
    text = (EDITIONS / "cn-2006.json").read_text()
    shuffled = json.dumps(dict(reversed(json.loads(text).items())), indent=7)

    assert rules.read_pack(shuffled, {})[0].digest == PACKS["cn-2006"].digest
    assert changed("cn-2006", title="x").digest != PACKS["cn-2006"].digest
    assert len(PACKS["cn-2006"].digest) == 64


def test_a_child_has_its_parents_rules_and_its_own_over_them() -> None:
    child, parent = PACKS[CHILD], PACKS["cn-2006"]

    assert [row.code for row in child.items] == [*(row.code for row in parent.items), "HOSP-ACT"]
    assert (child.regime, child.rounding, child.valid_to) == (
        "cn-2006",
        parent.rounding,
        parent.valid_to,
    )
    assert child.title != parent.title
    assert "extends" not in SHELF[CHILD]


def test_a_child_replaces_items_tables_and_levels_by_name_and_asks_first() -> None:
    maternity = {"match": {"status": "maternity"}, "need": {"total": "10"}}
    tables = {"paper": {"tiers": [{"tier": "foreign", "amounts": ["15"]}]}}
    text = text_of(
        CHILD,
        items=[item("cn-2006", "PRJ-NAT", cap_project="25")],
        tables=tables,
        requirements=[maternity],
        project_items={"city": "PRJ-PROV"},
        cme_year={"start": "09-01", "end": "08-31"},
    )

    child, _ = rules.read_pack(text, SHELF)

    assert rules.item_named(child, "PRJ-NAT").cap_project == Credit.of(25)
    assert len(child.items) == len(PACKS["cn-2006"].items)
    paper, research = (rules.item_named(child, code).table for code in ("PAPER", "RESEARCH"))
    assert paper is not None
    assert [tier.name for tier in paper.tiers] == ["foreign"]
    assert research == rules.item_named(PACKS["cn-2006"], "RESEARCH").table
    assert rules.item_of(child, "city").code == "PRJ-PROV"
    assert rules.item_of(child, "national").code == "PRJ-NAT"
    assert rules.requirement_of(child, status="maternity").shown() == {
        "total": "10.00",
        "I": "0.00",
        "II": "0.00",
    }
    assert rules.requirement_of(child).total == Credit.of(25)
    assert child.year_start == (9, 1)


def test_a_grandchild_inherits_through_its_parent() -> None:
    text = text_of(CHILD, id="city-of-nowhere", extends=CHILD, items=None, project_items=None)

    pack, _ = rules.read_pack(text, SHELF)

    assert rules.item_of(pack, "hospital").code == "HOSP-ACT"


def test_packs_that_extend_one_another_in_a_circle_are_refused() -> None:
    looped = {**SHELF, CHILD: {**SHELF[CHILD], "extends": "city-of-nowhere"}}

    with pytest.raises(InvalidError, match=r"standards.pack.circle") as refusal:
        rules.read_pack(text_of(CHILD, id="city-of-nowhere", extends=CHILD), looped)
    own = refusal_of(text_of(CHILD, extends=CHILD))

    assert refusal.value.facts["chain"] == f"city-of-nowhere > {CHILD} > city-of-nowhere"
    assert own.code == "standards.pack.circle"


def test_a_pack_may_let_overlapping_activities_both_count() -> None:
    assert PACKS["cn-2006"].overlap is Overlap.FORBID
    assert changed("cn-2006", overlap="allow").overlap is Overlap.ALLOW


VALID, CME_YEAR = {"from": "2006-01-01", "to": None}, {"start": "09-01", "end": "08-31"}
FIVE = {"from": 1, "to": 5, "per_month": "5"}
SIX = {"from": 6, "to": None, "whole_year": "25"}


def asked(need: object, match: object = None) -> str:
    return text_of("cn-2006", requirements=[{"match": match or {}, "need": need}])


def ranked(*tiers: object) -> str:
    return text_of("cn-2006", tables={"paper": {"tiers": tiers}})


def one(pack: str, code: str, **keys: object) -> str:
    return text_of(pack, items=[item(pack, code, **keys)])


WRONG_FILES = [
    ("", "unreadable"),
    ("{", "unreadable"),
    (b"\xff\xfe\x00", "unreadable"),
    ("[" * 100_000, "unreadable"),
    ('{"edition": ' + "9" * 5000 + "}", "unreadable"),
    ('{"id": "' + "x" * (1 << 20) + '"}', "too_long"),
    ('{"edition": 1.5}', "bare_number"),
    ('{"edition": NaN}', "bare_number"),
    ('{"id": "a", "id": "b"}', "key_twice"),
]
WRONG_VALUES = [
    (text_of("cn-2006", id="CN 2006"), "not_id", "id", "CN 2006"),
    (text_of("cn-2006", edition="1"), "not_whole", "edition", "1"),
    (text_of("cn-2006", edition=True), "not_whole", "edition", "true"),
    (text_of("cn-2006", edition=0), "not_whole", "edition", "0"),
    (text_of("cn-2006", classes=["III"]), "not_allowed", "classes[0]", "III"),
    (text_of("cn-2006", overlap="maybe"), "not_allowed", "overlap", "maybe"),
    (text_of("cn-2006", title="a\ud800"), "not_text", "title", "a?"),
    (text_of("cn-2006", title=7), "not_text", "title", "7"),
    (text_of("cn-2006", valid=VALID | {"from": 2006}), "not_day", "valid.from", "2006"),
    (
        text_of("cn-2006", valid=VALID | {"from": "2006-02-30"}),
        "not_day",
        "valid.from",
        "2006-02-30",
    ),
    (
        text_of("cn-2006", valid=VALID | {"to": "2005-01-01"}),
        "ends_early",
        "valid.to",
        "2005-01-01",
    ),
    (
        text_of("cn-2006", cme_year=CME_YEAR | {"end": "09-01"}),
        "year_hole",
        "cme_year.end",
        "09-01",
    ),
    (
        text_of("cn-2006", cme_year=CME_YEAR | {"start": "9-1"}),
        "not_month_day",
        "cme_year.start",
        "9-1",
    ),
    (
        text_of("cn-2006", cme_year={"start": "02-29", "end": "02-28"}),
        *("not_day", "cme_year.start", "2023-02-29"),
    ),
    (
        text_of("cn-2006", rounding={"mode": "down", "step": "0.5"}),
        *("not_allowed", "rounding.mode", "down"),
    ),
    (
        text_of("cn-2006", rounding={"mode": "floor", "step": "0"}),
        *("not_factor", "rounding.step", "0"),
    ),
    (text_of("cn-2024", items={}), "not_list", "items", "{}"),
    (text_of("cn-2024", items=[3]), "not_object", "items[0]", "3"),
    (one("cn-2024", "SELF", unit="mile"), "not_allowed", "items[0].unit", "mile"),
    (one("cn-2024", "SELF", **{"class": "I"}), "not_allowed", "items[0].class", "I"),
    (one("cn-2024", "PRJ-REC", per="0"), "not_factor", "items[0].per", "0"),
    (one("cn-2024", "PRJ-REC", per="-3"), "not_factor", "items[0].per", "-3"),
    (one("cn-2024", "PRJ-REC", cap_project="ten"), "not_amount", "items[0].cap_project", "ten"),
    (one("cn-2006", "PAPER", table="papers"), "no_table", "items[0].table", "papers"),
    (text_of(CHILD, project_items={"city": "NONE"}), "no_item", "project_items.city", "NONE"),
    (text_of(CHILD, extends="cn-1999"), "no_parent", "extends", "cn-1999"),
    (text_of(CHILD, extends=7), "not_id", "extends", "7"),
    (
        text_of(
            "cn-2006",
            additive_requirements=[
                {"match": {}, "need": {"window_years": 5, "items": ["NONE"], "total": "1"}}
            ],
        ),
        *("no_item", "additive_requirements[0].need.items[0]", "NONE"),
    ),
]
WRONG_SHAPES = [
    ("[]", "not_object", "$"),
    ("{}", "missing", "$"),
    (text_of("cn-2006", rounding=None), "missing", "$"),
    (text_of("cn-2006", surprise=1), "unknown_key", "$"),
    (text_of("cn-2006", id="x" * 65), "not_id", "id"),
    (text_of("cn-2006", title=""), "not_text", "title"),
    (text_of("cn-2006", classes=["I", "I"]), "twice", "classes"),
    (text_of("cn-2006", class_caps={"III": "1"}), "unknown_key", "class_caps"),
    (text_of("cn-2006", requirements=[]), "no_last_row", "requirements"),
    (asked({"total": "25", "III": "1"}), "unknown_key", "requirements[0].need"),
    (
        asked({"total": "25", "split": "none", "I": "5"}),
        "split_and_class",
        "requirements[0].need.I",
    ),
    (asked({"total": "1"}, {"status": []}), "empty", "requirements[0].match.status"),
    (text_of("cn-2024", items=[{"title": "x"}]), "missing", "items[0]"),
    (text_of("cn-2024", items=[item("cn-2024", "SELF")] * 2), "twice", "items[1]"),
    (one("cn-2024", "SELF", per="3"), "unknown_key", "items[0]"),
    (one("cn-2024", "PRJ-REC", per=None), "measure", "items[0]"),
    (one("cn-2024", "PRJ-REC", cap_year={"guest": "1"}), "unknown_key", "items[0].cap_year"),
    (one("cn-2006", "BOOK", **{"class": None}), "missing", "items[0]"),
    (ranked({"tier": "x", "amounts": ["1", "2"]}), "rank_rises", "tables.paper.tiers[0].amounts"),
    (ranked(*[{"tier": "x", "amounts": ["1"]}] * 2), "twice", "tables.paper.tiers"),
    (hosp_act([]), "empty", "items[0].step_hours"),
    (hosp_act([["0", "6"]]), "not_step", "items[0].step_hours[0]"),
    (hosp_act([["1", None, "1"]]), "steps_start", "items[0].step_hours[0]"),
    (hosp_act([["0", "0", "1"]]), "steps_start", "items[0].step_hours[0]"),
    (hosp_act([["0", "6", "1"]]), "no_end", "items[0].step_hours[0]"),
    (hosp_act([["0", "6", "1"], ["7", None, "2"]]), "steps_hole", "items[0].step_hours[1]"),
    (hosp_act([["0", "6", "1"], ["6", "9", "2"]]), "steps_bound", "items[0].step_hours[1]"),
    (
        hosp_act([["0", "6", "1"], ["6", "6", "1"], ["6", "6", "2"]]),
        *("steps_bound", "items[0].step_hours[2]"),
    ),
    (hosp_act([["0", "6", "1"], ["6", None, "0.5"]]), "falls", "items[0].step_hours[1]"),
    (hosp_act([["0", None, "1"], ["6", None, "2"]]), "after_end", "items[0].step_hours[1]"),
    (further([FIVE]), "no_end", "items[0].months[0]"),
    (further([{"from": 1, "to": None}]), "month_worth", "items[0].months[0]"),
    (further([FIVE, SIX | {"from": 7}]), "months_hole", "items[0].months[1]"),
    (further([FIVE | {"per_month": "9"}, SIX]), "falls", "items[0].months[1]"),
    (
        further([{"from": 1, "to": 5, "whole_year": "9"}, SIX]),
        *("after_end", "items[0].months[1]"),
    ),
    (text_of("cn-2006", project_items={"national": "PRJ-NAT"}), "missing", "project_items"),
    (text_of(CHILD, project_items={"village": "PRJ-NAT"}), "unknown_key", "project_items"),
]


@pytest.mark.parametrize(("text", "code"), WRONG_FILES)
def test_a_file_that_is_no_pack_is_refused(text: str | bytes, code: str) -> None:
    assert refusal_of(text).code == f"standards.pack.{code}"


@pytest.mark.parametrize(("text", "code", "path", "value"), WRONG_VALUES)
def test_a_wrong_value_is_refused_with_its_path_and_itself(
    text: str, code: str, path: str, value: str
) -> None:
    refusal = refusal_of(text)

    assert refusal.code == f"standards.pack.{code}"
    assert (refusal.facts["path"], refusal.facts["value"]) == (path, value)
    assert path in words.of_error(refusal)
    assert value in words.of_error(refusal)


@pytest.mark.parametrize(("text", "code", "path"), WRONG_SHAPES)
def test_a_wrong_shape_is_refused_with_its_path(text: str, code: str, path: str) -> None:
    refusal = refusal_of(text)

    assert (refusal.code, refusal.facts["path"]) == (f"standards.pack.{code}", path)
    assert path in words.of_error(refusal)


def test_a_hole_between_a_step_and_a_longer_one_may_be_closed_by_open_end() -> None:
    pack, _ = rules.read_pack(
        hosp_act([["0", "6", "0.2"], ["6", "6", "1"], ["6", None, "2"]]), SHELF
    )

    got = [
        rules.assess(rules.claim_of({"pack": pack.id, "item": "HOSP-ACT", "quantity": hours}), pack)
        for hours in ("0", "5.99", "6", "6.01", "99")
    ]

    assert [str(assessment.net) for assessment in got] == ["0.00", "0.20", "1.00", "2.00", "2.00"]


def nodes(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every member and entry within a JSON value."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, below in pairs:
        yield (*path, key)
        yield from nodes(below, (*path, key))


def mutated(body: object, path: tuple[str | int, ...], value: object, *, drop: bool) -> object:
    body = copy.deepcopy(body)
    parent: object = body
    for key in path[:-1]:
        parent = parent[key]  # type: ignore[index]
    if drop:
        del parent[path[-1]]  # type: ignore[attr-defined]
    else:
        parent[path[-1]] = value  # type: ignore[index]
    return body


BODIES = {name: json.loads((EDITIONS / f"{name}.json").read_bytes()) for name in SHIPPED}
PATHS = [(name, path) for name, body in BODIES.items() for path in nodes(body)]


def loads_or_is_refused(text: str) -> Pack | None:
    try:
        pack, body = rules.read_pack(text, SHELF)
    except InvalidError as refusal:
        # KeyError here would be a code without its sentence, or a sentence without its fact.
        words.of_error(refusal)
        return None
    assert rules.pack_of(body) == pack
    claims = [{"pack": pack.id, "item": row.code, "quantity": "7"} for row in pack.items]
    assert len(rules.assess_all(claims, {pack.id: pack})) == len(claims)
    assert rules.requirement_of(pack).total >= Credit.of(0)
    assert rules.year_of(pack, date(2016, 8, 31)).holds(date(2016, 8, 31))
    return pack


def test_a_pack_without_any_one_of_its_keys_loads_or_is_refused() -> None:
    optional = 0

    for name, path in PATHS:
        text = json.dumps(mutated(BODIES[name], path, None, drop=True))
        optional += loads_or_is_refused(text) is not None

    assert 0 < optional < len(PATHS)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["0", "1", "25", "I", "any", "hour", "time", "2025-01-01", "PAPER", "paper"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)  # fmt: skip


@given(st.sampled_from(PATHS), values)
def test_a_pack_with_any_value_in_any_place_loads_or_is_refused(
    place: tuple[str, tuple[str | int, ...]], value: object
) -> None:
    name, path = place

    loads_or_is_refused(json.dumps(mutated(BODIES[name], path, value, drop=False)))


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_any_text_as_a_pack_is_refused_and_nothing_else(text: str | bytes) -> None:
    with pytest.raises(InvalidError):
        rules.read_pack(text, SHELF)
