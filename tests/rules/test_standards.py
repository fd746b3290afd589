"""What claims are worth: golden files per pack, and what must hold for every claim."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base import words
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import InvalidError, NotFoundError
from app.standards import rules
from app.standards.terms import (
    Claim,
    ClaimRole,
    Confidence,
    Item,
    ItemCode,
    Limits,
    Pack,
    Rounding,
    RoundingMode,
    Unit,
    Used,
)
from tests.rules.packs import EDITIONS, PACKS, SHIPPED, changed

GOLDEN = Path(__file__).parent / "golden"
CASES = [case for name in SHIPPED for case in json.loads((GOLDEN / f"{name}.json").read_bytes())]
CN_2006, CN_2024 = PACKS["cn-2006"], PACKS["cn-2024"]


def credit(text: str) -> Credit:
    return Credit.of(text)


def worth(**claim: object) -> dict[str, str | bool | None]:
    (assessment,) = rules.assess_all([{"pack": "cn-2006", **claim}], PACKS)
    return assessment.shown()


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case["claim"].values())))
def test_a_golden_claim_is_worth_what_the_documents_say(case: dict[str, dict[str, object]]) -> None:
    (assessment,) = rules.assess_all([case["claim"]], PACKS)

    assert assessment.shown() == case["worth"]


def test_the_golden_files_name_every_item_of_every_shipped_pack() -> None:
    named = {(case["claim"]["pack"], case["claim"]["item"]) for case in CASES}

    own = {name: json.loads((EDITIONS / f"{name}.json").read_bytes())["items"] for name in SHIPPED}

    assert named >= {(name, item["code"]) for name, items in own.items() for item in items}


def test_a_claim_needs_no_more_than_its_pack_and_its_item() -> None:
    claims = [{"pack": p.id, "item": item.code} for p in PACKS.values() for item in p.items]

    assert len(rules.assess_all(claims, PACKS)) == len(claims)


def test_what_the_text_leaves_open_is_put_to_a_reviewer() -> None:
    def review(**claim: object) -> bool:
        return rules.assess(rules.claim_of({"pack": "cn-2006", **claim}), CN_2006).review

    assert review(item="PAPER", tier="issn_cn", rank=4)
    assert review(item="PAPER")
    assert review(item="AID", quantity="5")
    assert review(item="REM-NAT", quantity="5", role="lecturer")
    assert not review(item="PAPER", tier="issn_cn", rank=3)
    assert not review(item="PRJ-NAT", quantity="3")


def test_the_smaller_remainder_is_named_and_of_equal_ones_the_projects() -> None:
    limits = Limits(project=credit("5"), year=credit("10"))

    def by(project: str, year: str) -> tuple[str, str | None, str | None]:
        after = rules.limited(credit("4"), limits, Used(credit(project), credit(year)))
        return str(after.net), after.cap and str(after.cap), after.by

    assert by("0", "0") == ("4.00", None, None)
    assert by("1", "6") == ("4.00", None, None)
    assert by("3", "7") == ("2.00", "5.00", "cap_project")
    assert by("3", "8") == ("2.00", "5.00", "cap_project")
    assert by("3", "8.5") == ("1.50", "10.00", "cap_year")
    assert by("9", "0") == ("0.00", "5.00", "cap_project")


def test_a_projects_own_limit_stands_only_where_it_is_smaller() -> None:
    item = rules.item_named(CN_2006, "PRJ-NAT")

    def project_limit(own: str) -> Credit | None:
        return rules.limits_of(CN_2006, item, ClaimRole.ATTENDEE, credit(own)).project

    assert project_limit("6") == credit("6")
    assert project_limit("25") == credit("10")


def test_only_the_attendees_of_a_lecture_have_a_yearly_limit_and_both_of_a_round() -> None:
    lecture, grand_round = (rules.item_named(CN_2006, code) for code in ("INHOUSE", "ROUND"))

    assert rules.limits_of(CN_2006, lecture, ClaimRole.LECTURER).year is None
    assert rules.limits_of(CN_2006, lecture, ClaimRole.ATTENDEE).year == credit("10")
    assert rules.draws_on_year(lecture, ClaimRole.ATTENDEE) == {ClaimRole.ATTENDEE}
    assert rules.draws_on_year(grand_round, ClaimRole.ATTENDEE) == set(ClaimRole)


def test_a_class_of_credit_may_have_a_limit_of_its_own() -> None:
    pack = changed("cn-2006", class_caps={"II": "20"})

    def after(used: str) -> tuple[str, str | None, str | None]:
        book = {"pack": "cn-2006", "item": "BOOK", "quantity": "6000", "used_class": used}
        got = rules.assess(rules.claim_of(book), pack)
        return str(got.net), got.cap and str(got.cap), got.capped_by

    assert after("14") == ("6.00", None, None)
    assert after("17") == ("3.00", "20.00", "cap_year")


def test_ranks_beyond_a_table_may_go_on_by_one_credit_less() -> None:
    tables = json.loads((EDITIONS / "cn-2006.json").read_bytes())["tables"]
    pack = changed("cn-2006", tables={**tables, "paper": {**tables["paper"], "beyond": "less_one"}})

    def gross(rank: int) -> Credit:
        claim = Claim(pack.id, ItemCode("PAPER"), tier="issn_cn", rank=rank)
        return rules.assess(claim, pack).gross

    assert [str(gross(rank)) for rank in (3, 4, 7, 8, 9)] == [
        "4.00",
        "3.00",
        "0.00",
        "0.00",
        "0.00",
    ]


@pytest.mark.parametrize(
    ("mode", "exact", "amount"),
    [
        ("floor", Fraction(7, 3), "2.00"),
        ("half_up", Fraction(7, 3), "2.50"),
        ("half_up", Fraction(9, 4), "2.50"),
        ("half_up", Fraction(2249, 1000), "2.00"),
        ("ceil", Fraction(7, 3), "2.50"),
        ("ceil", Fraction(2), "2.00"),
        ("none", Fraction(7, 3), "2.33"),
        ("none", Fraction(8, 3), "2.67"),
        ("none", Fraction(1, 200), "0.01"),
        ("floor", Fraction(29999, 10000), "2.50"),
    ],
)
def test_rounding_is_the_packs(mode: str, exact: Fraction, amount: str) -> None:
    pack = changed("cn-2006", rounding={"mode": mode, "step": "0.5"})

    assert str(rules.rounded(pack, exact)) == amount


@given(st.sampled_from(RoundingMode), st.integers(1, 300), st.integers(0, 20_000))
def test_rounding_whole_runs_agrees_with_rounding_one(mode: str, step: int, cents: int) -> None:
    pack = changed("cn-2006", rounding={"mode": mode, "step": str(Credit.cents(step))})

    assert rules.rounding_of(pack)(cents) == rules.rounded(pack, Fraction(cents, 100)).in_cents()


def test_a_lecturer_earns_by_hours_or_by_courses_or_nothing_where_no_rate_is_known() -> None:
    courses = (Decimal("2.0"), Decimal("1.5"))

    def gross(pack: Pack, code: str) -> str:
        return str(rules.lecturer_gross(rules.item_named(pack, code), courses))

    assert gross(CN_2006, "PRJ-NAT") == "7.00"
    assert gross(CN_2006, "PRJ-PROV") == "3.50"
    assert gross(CN_2006, "PRJ-CITY") == "3.50"
    assert gross(CN_2006, "INHOUSE") == "4.00"
    assert gross(CN_2024, "PRJ-REC") == "None"
    assert gross(PACKS["henan-hospital-activity"], "HOSP-ACT") == "None"


@pytest.mark.parametrize(
    ("pack", "level", "promoted", "item"),
    [
        ("cn-2006", "national", False, "PRJ-NAT"),
        ("cn-2006", "national", True, "PRJ-NAT"),
        ("cn-2006", "provincial", False, "PRJ-PROV"),
        ("cn-2006", "city", False, "PRJ-CITY"),
        ("cn-2006", "hospital", False, "INHOUSE"),
        ("henan-hospital-activity", "hospital", False, "HOSP-ACT"),
        ("henan-hospital-activity", "national", False, "PRJ-NAT"),
        ("cn-2024", "national", False, "PRJ-REC"),
        ("cn-2024", "national", True, "PRJ-EXT"),
        ("cn-2024", "hospital", True, "PRJ-EXT"),
        ("cn-2024", "provincial", False, "PRJ-REC"),
        ("cn-2024", "city", False, "PRACTICE"),
        ("cn-2024", "hospital", False, "PRACTICE"),
    ],
)
def test_a_projects_level_gives_its_item(pack: str, level: str, promoted: bool, item: str) -> None:
    assert rules.item_of(PACKS[pack], level, promoted=promoted).code == item


def test_a_level_or_an_item_that_nobody_knows_is_refused_in_words() -> None:
    with pytest.raises(InvalidError, match=r"standards.project.no_level") as level:
        rules.item_of(CN_2006, "promoted")
    with pytest.raises(NotFoundError, match=r"standards.item.unknown") as item:
        rules.item_named(CN_2006, "HOSP-ACT")

    assert "promoted" in words.of_error(level.value)
    assert "HOSP-ACT" in words.of_error(item.value)


WRONG = [
    ({"item": "PRJ-NAT", "quantity": "-1"}, "quantity", "-1"),
    ({"item": "PRJ-NAT", "quantity": "NaN"}, "quantity", "NaN"),
    ({"item": "PRJ-NAT", "quantity": "1e3"}, "quantity", "1e3"),
    ({"item": "PRJ-NAT", "quantity": "七"}, "quantity", "七"),
    ({"item": "PRJ-NAT", "quantity": "\uff17"}, "quantity", "\uff17"),
    ({"item": "PRJ-NAT", "quantity": -3}, "quantity", "-3"),
    ({"item": "PRJ-NAT", "quantity": 7.5}, "quantity", "7.5"),
    ({"item": "PRJ-NAT", "quantity": True}, "quantity", "true"),
    ({"item": "PRJ-NAT", "quantity": Decimal("NaN")}, "quantity", "NaN"),
    ({"item": "PRJ-NAT", "quantity": Decimal("1E+999999999")}, "quantity", "1E+999999999"),
    ({"item": "PRJ-NAT", "quantity": Decimal("1E-999999999")}, "quantity", "1E-999999999"),
    ({"item": "PRJ-NAT", "quantity": 10**5000}, "quantity", "1e5000"),
    ({"item": "PRJ-NAT", "quantity": ["7"]}, "quantity", '["7"]'),
    ({"item": "BOOK", "quantity": "100000000"}, "quantity", "100000000"),
    ({"item": "PRJ-NAT", "used_project": "-0.5"}, "used_project", "-0.5"),
    ({"item": "PRJ-NAT", "used_year": "0.005"}, "used_year", "0.005"),
    ({"item": "PRJ-NAT", "used_year": "100000"}, "used_year", "100000"),
    ({"item": "PRJ-NAT", "role": "speaker"}, "role", "speaker"),
    ({"item": "PRJ-NAT", "role": 3}, "role", "3"),
    ({"item": "PAPER", "tier": "sci"}, "tier", "sci"),
    ({"item": "PAPER", "tier": 1}, "tier", "1"),
    ({"item": "PAPER", "tier": "foreign", "rank": 0}, "rank", "0"),
    ({"item": "PAPER", "tier": "foreign", "rank": -1}, "rank", "-1"),
    ({"item": "PAPER", "tier": "foreign", "rank": "1.5"}, "rank", "1.5"),
    ({"item": "PAPER", "tier": "foreign", "rank": 10000}, "rank", "10000"),
    ({"item": "PRJ-NATIONAL"}, "item", "PRJ-NATIONAL"),
    ({"item": None}, "item", ""),
    ({"item": 5}, "item", "5"),
    ({"item": "BOOK", "pack": "cn-1999"}, "pack", "cn-1999"),
    ({"item": "BOOK", "pack": None}, "pack", ""),
    ({"item": "BOOK", "amount": "3"}, "amount", "3"),
]


@pytest.mark.parametrize(("claim", "column", "value"), WRONG)
def test_a_wrong_claim_is_named_by_its_place_field_and_value(
    claim: dict[str, object], column: str, value: str
) -> None:
    right = {"pack": "cn-2006", "item": "BOOK"}

    with pytest.raises(InvalidError) as refusal:
        rules.assess_all([right, {"pack": "cn-2006", **claim}, right], PACKS)

    assert refusal.value.code == "standards.claim.refused"
    (row,) = refusal.value.rows
    assert (row.row, row.column, row.value) == (2, column, value)
    assert "第 2 条" in words.of_row(row)
    assert value in words.of_row(row) or column in words.of_row(row)


def test_every_wrong_claim_of_a_list_is_named_at_once() -> None:
    claims = ["PRJ-NAT", {"pack": "cn-2006", "item": "X"}, {"pack": "cn-2006", "item": "DEGREE"}, 4]

    with pytest.raises(InvalidError) as refusal:
        rules.assess_all(claims, PACKS)

    assert [row.row for row in refusal.value.rows] == [1, 2, 4]
    assert "3 条" in words.of_error(refusal.value)


@pytest.mark.parametrize("claims", [{}, "[]", None, 7])
def test_what_is_no_list_of_claims_is_refused(claims: object) -> None:
    with pytest.raises(InvalidError, match=r"standards.claim.not_list"):
        rules.assess_all(claims, PACKS)


def test_a_used_amount_beyond_its_limit_leaves_nothing_and_takes_nothing_away() -> None:
    after = worth(item="INHOUSE", quantity="1", used_year="12")

    assert (after["net"], after["cap"]) == ("0.00", "10.00")


amounts = st.decimals(0, 60, places=2).map(Credit.of)
quantities = st.decimals(0, 9999, places=2)
rounding_modes = st.sampled_from(RoundingMode)


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    pack = draw(st.sampled_from(list(PACKS.values())))
    step = Credit.cents(draw(st.sampled_from([1, 10, 20, 25, 50, 100])))
    rounding = {"mode": draw(rounding_modes), "step": str(step)}
    return changed(pack.id, rounding=rounding)


@st.composite
def claims(draw: st.DrawFn) -> tuple[Pack, Item, Claim]:
    pack = draw(packs())
    item = draw(st.sampled_from(pack.items))
    tiers = [None, *(tier.name for tier in item.table.tiers)] if item.table else [None]
    claim = Claim(
        pack=pack.id,
        item=item.code,
        role=draw(st.sampled_from(ClaimRole)),
        quantity=draw(st.none() | quantities),
        tier=draw(st.sampled_from(tiers)),
        rank=draw(st.integers(1, 8)),
        used=Used(draw(amounts), draw(amounts), draw(amounts)),
    )
    return pack, item, claim


@given(claims())
def test_net_is_never_negative_nor_above_gross_nor_above_what_a_limit_leaves(
    case: tuple[Pack, Item, Claim],
) -> None:
    pack, item, claim = case

    got = rules.assess(claim, pack)

    assert NO_CREDIT <= got.net <= got.gross
    if not got.whole_year:
        limits = rules.limits_of(pack, item, claim.role)
        for limit, used in ((limits.project, claim.used.project), (limits.year, claim.used.year)):
            assert limit is None or got.net <= max(limit - used, NO_CREDIT)
    assert (got.cap is None) == (got.capped_by is None) == (got.net == got.gross)


@given(claims(), quantities)
def test_doing_more_never_earns_less(case: tuple[Pack, Item, Claim], further: Decimal) -> None:
    pack, _, claim = case
    more = Claim(
        pack=claim.pack,
        item=claim.item,
        role=claim.role,
        quantity=(claim.quantity or Decimal(1)) + further,
        tier=claim.tier,
        rank=claim.rank,
        used=claim.used,
    )

    before, after = rules.assess(claim, pack), rules.assess(more, pack)

    assert after.gross >= before.gross
    assert after.net >= before.net
    assert after.whole_year >= before.whole_year


@given(claims())
def test_a_later_rank_never_earns_more(case: tuple[Pack, Item, Claim]) -> None:
    pack, _, claim = case
    later = Claim(
        pack=claim.pack,
        item=claim.item,
        role=claim.role,
        quantity=claim.quantity,
        tier=claim.tier,
        rank=claim.rank + 1,
        used=claim.used,
    )

    assert rules.assess(later, pack).net <= rules.assess(claim, pack).net


@given(st.text() | st.integers() | st.decimals() | st.floats() | st.booleans(), st.data())
def test_any_value_in_a_claim_is_judged_or_refused_and_nothing_else(
    value: object, data: st.DataObject
) -> None:
    claim = {"pack": "cn-2006", "item": "PAPER", "tier": "foreign", "quantity": "1"}
    claim[data.draw(st.sampled_from(["pack", "item", "role", "quantity", "tier", "rank", "x"]))] = (
        value  # type: ignore[assignment]
    )

    try:
        (got,) = rules.assess_all([claim], PACKS)
    except InvalidError as refusal:
        # KeyError here would be a code without its sentence, or a sentence without its fact.
        for row in refusal.rows:
            words.of_row(row)
    else:
        assert got.net >= NO_CREDIT


def test_announced_unknown_amounts_are_marked_as_such_in_the_packs() -> None:
    unknown = {item.code for item in CN_2024.items if item.origin.confidence is Confidence.UNKNOWN}

    assert unknown == {"DEGREE", "TASK", "OTHER"}
    assert CN_2024.rounding == Rounding(RoundingMode.NONE, credit("0.01"), CN_2024.rounding.origin)
    assert rules.item_named(CN_2006, "PRJ-CITY").origin.confidence is Confidence.BELIEVED
    assert all(item.origin.source for pack in PACKS.values() for item in pack.items)
    assert {item.unit for item in CN_2006.items} >= set(Unit) - {Unit.COUNT}
