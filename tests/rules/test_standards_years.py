"""What a year asks, where people stand in it, and which year a day belongs to."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import InvalidError
from app.standards import rules
from app.standards.terms import CmeYear, Figures, Pack
from tests.rules.packs import EDITIONS, PACKS, changed

CN_2006, CN_2024 = PACKS["cn-2006"], PACKS["cn-2024"]
KAIFENG = changed("cn-2006", cme_year={"start": "09-01", "end": "08-31"})


def with_options() -> Pack:
    """The old regime with its regional options switched on."""
    rows = json.loads((EDITIONS / "cn-2006.json").read_bytes())["requirements"]
    return changed("cn-2006", requirements=[row | {"enabled": True} for row in rows])


def have(pack: Pack, hours: str | None = None, **by_class: str) -> Figures:
    amounts = {name: Credit.of(amount) for name, amount in by_class.items()}
    return rules.held(pack, amounts, None if hours is None else Credit.of(hours))  # type: ignore[arg-type]


def test_everybody_needs_25_of_which_5_in_class_one_and_15_in_class_two() -> None:
    need = rules.requirement_of(CN_2006, unit_grade="tertiary", title_level="middle")

    assert need.shown() == {"total": "25.00", "I": "5.00", "II": "15.00"}


def test_from_2025_everybody_needs_25_and_90_periods_without_classes() -> None:
    need = rules.requirement_of(CN_2024, unit_grade="township", title_level="junior")

    assert need.shown() == {"total": "25.00", "hours": "90.00"}


@pytest.mark.parametrize(
    ("grade", "title", "status", "total", "first"),
    [
        ("tertiary", "middle", "normal", "25.00", "5.00"),
        ("township", "junior", "normal", "15.00", "0.00"),
        ("township", "middle", "normal", "25.00", "5.00"),
        ("secondary", "junior", "normal", "25.00", "5.00"),
        ("township", "junior", "maternity", "10.00", "0.00"),
        (None, None, "maternity", "10.00", "0.00"),
        (None, None, "leave_6m", "25.00", "5.00"),
        (None, None, "not_counted", "0.00", "0.00"),
    ],
)
def test_the_first_row_that_matches_decides(
    grade: str | None, title: str | None, status: str, total: str, first: str
) -> None:
    need = rules.requirement_of(with_options(), unit_grade=grade, title_level=title, status=status)

    assert (need.shown()["total"], need.shown()["I"]) == (total, first)


def test_a_regions_option_asks_nothing_until_it_is_enabled() -> None:
    need = rules.requirement_of(CN_2006, unit_grade="township", title_level="junior")

    assert need.total == Credit.of(25)
    assert rules.requirement_of(CN_2006, status="maternity").total == Credit.of(25)


def test_a_unit_may_be_a_townships_whatever_its_grade() -> None:
    need = rules.requirement_of(
        with_options(), unit_grade="primary", township=True, title_level="junior"
    )

    assert need.total == Credit.of(15)


def test_large_hospitals_are_asked_for_national_credit_over_five_years_besides() -> None:
    (row,) = rules.additions_of(CN_2006, unit_grade="tertiary")

    assert (row.window_years, row.total, row.items) == (5, Credit.of(10), ("PRJ-NAT", "REM-NAT"))
    assert rules.additions_of(CN_2006, unit_grade="secondary") == ()
    assert rules.additions_of(CN_2006) == ()


NO_GAP = {"total": "0.00", "I": "0.00", "II": "0.00"}


@pytest.mark.parametrize(
    ("got", "gap", "result", "missing"),
    [
        ({}, {"total": "25.00", "I": "5.00", "II": "15.00"}, "short", "25.00"),
        ({"I": "5", "II": "20"}, NO_GAP, "met", "0.00"),
        ({"I": "10", "II": "15"}, NO_GAP, "met", "0.00"),
        ({"I": "0", "II": "40"}, {"total": "0.00", "I": "5.00", "II": "0.00"}, "short", "5.00"),
        ({"I": "40"}, {"total": "0.00", "I": "0.00", "II": "15.00"}, "short", "15.00"),
        ({"I": "5", "II": "15"}, {"total": "5.00", "I": "0.00", "II": "0.00"}, "short", "5.00"),
        ({"I": "3", "II": "13.5"}, {"total": "8.50", "I": "2.00", "II": "1.50"}, "short", "8.50"),
        ({"any": "25"}, NO_GAP, "met", "0.00"),
        ({"any": "10"}, {"total": "15.00", "I": "0.00", "II": "10.00"}, "short", "15.00"),
        ({"I": "4", "II": "20", "any": "1"}, NO_GAP, "met", "0.00"),
    ],
)  # fmt: skip
def test_classes_do_not_stand_in_for_one_another(
    got: dict[str, str], gap: dict[str, str], result: str, missing: str
) -> None:
    standing = rules.standing(rules.requirement_of(CN_2006), have(CN_2006, **got), "normal")

    assert standing.gap.shown() == gap
    assert standing.result == result
    assert str(standing.missing) == missing


def test_periods_have_a_gap_of_their_own_and_decide_nothing() -> None:
    need = rules.requirement_of(CN_2024)

    enough = rules.standing(
        need, rules.held(CN_2024, {None: Credit.of(25)}, Credit.of(75)), "normal"
    )
    hours_only = rules.standing(
        need, rules.held(CN_2024, {None: Credit.of(24)}, Credit.of(120)), "normal"
    )

    assert (enough.result, enough.gap.shown()) == ("met", {"total": "0.00", "hours": "15.00"})
    assert (hours_only.result, hours_only.gap.shown()) == (
        "short",
        {"total": "1.00", "hours": "0.00"},
    )


@pytest.mark.parametrize("status", ["not_counted", "cancelled"])
def test_whom_the_standard_asks_nothing_is_neither_met_nor_short(status: str) -> None:
    for pack in (CN_2006, CN_2024):
        need = rules.requirement_of(pack, status=status)

        standing = rules.standing(need, rules.held(pack, {}), status)

        assert standing.result == "not_counted"
        assert set(standing.gap.shown().values()) == {"0.00"}


def test_an_entry_that_counts_as_the_whole_year_leaves_no_gap() -> None:
    need = rules.requirement_of(CN_2024)

    standing = rules.standing(need, have(CN_2024), "normal", whole_year=True)

    assert (standing.result, standing.gap.shown()) == ("met", {"total": "0.00", "hours": "0.00"})


@given(
    st.lists(st.decimals(0, 40, places=2).map(Credit.of), min_size=3, max_size=3),
    st.sampled_from(["I", "II", "any"]),
)
def test_more_credit_never_widens_a_gap_and_no_gap_is_below_nothing(
    amounts: list[Credit], name: str
) -> None:
    need = rules.requirement_of(CN_2006)
    held = dict(zip(("I", "II", "any"), amounts, strict=True))
    more = held | {name: held[name] + Credit.of(3)}

    before = rules.standing(need, rules.held(CN_2006, held), "normal")
    after = rules.standing(need, rules.held(CN_2006, more), "normal")

    figures = [before.gap.total, *(amount for _, amount in before.gap.by_class)]
    later = [after.gap.total, *(amount for _, amount in after.gap.by_class)]
    assert all(NO_CREDIT <= late <= early for late, early in zip(later, figures, strict=True))
    assert before.result == "short" or after.result == "met"
    assert (before.result == "met") == (before.missing == NO_CREDIT)


@pytest.mark.parametrize(
    ("pack", "day", "year"),
    [
        (CN_2006, "2013-01-01", CmeYear(2013, date(2013, 1, 1), date(2013, 12, 31))),
        (CN_2006, "2013-12-31", CmeYear(2013, date(2013, 1, 1), date(2013, 12, 31))),
        (KAIFENG, "2016-08-31", CmeYear(2016, date(2015, 9, 1), date(2016, 8, 31))),
        (KAIFENG, "2016-09-01", CmeYear(2017, date(2016, 9, 1), date(2017, 8, 31))),
        (KAIFENG, "2017-08-31", CmeYear(2017, date(2016, 9, 1), date(2017, 8, 31))),
    ],
)
def test_a_year_is_named_by_the_calendar_year_in_which_it_ends(
    pack: Pack, day: str, year: CmeYear
) -> None:
    assert rules.year_of(pack, date.fromisoformat(day)) == year
    assert rules.year_numbered(pack, year.number) == year


starts = st.dates(date(2023, 1, 1), date(2023, 12, 31))


@given(starts, st.dates(date(1901, 1, 1), date(2997, 12, 31)))
def test_every_day_belongs_to_exactly_one_year(start: date, day: date) -> None:
    end = start - timedelta(days=1)
    pack = changed("cn-2006", cme_year={"start": f"{start:%m-%d}", "end": f"{end:%m-%d}"})

    year = rules.year_of(pack, day)

    assert year.holds(day)
    assert year.last_on.year == year.number
    assert rules.year_numbered(pack, year.number + 1).first_on == year.last_on + timedelta(days=1)
    assert rules.year_of(pack, date(year.number, 1, 1)) == year


def test_a_year_begins_and_ends_at_midnight_in_beijing() -> None:
    span = rules.year_of(KAIFENG, date(2017, 1, 1)).span

    assert span.start == datetime(2016, 8, 31, 16, tzinfo=UTC)
    assert span.end == datetime(2017, 8, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize("number", [1899, 3000, -1, 10**9])
def test_a_year_that_nobody_lives_in_is_refused(number: int) -> None:
    with pytest.raises(InvalidError, match=r"standards.year.out_of_range"):
        rules.year_numbered(CN_2006, number)


@pytest.mark.parametrize(
    ("day", "pack"),
    [
        ("2005-12-31", None),
        ("2006-01-01", "cn-2006"),
        ("2024-12-31", "cn-2006"),
        ("2025-01-01", "cn-2024"),
        ("2099-01-01", "cn-2024"),
    ],
)
def test_the_new_regime_begins_with_2025(day: str, pack: str | None) -> None:
    found = rules.in_force([CN_2024, CN_2006], date.fromisoformat(day))

    assert (found and found.id) == pack


def test_of_two_editions_in_force_the_newest_counts() -> None:
    newer = changed("cn-2006", edition=2)

    assert rules.in_force([newer, CN_2006], date(2013, 5, 1)) is newer


def test_periods_and_hours_follow_the_packs_own_factors() -> None:
    assert rules.periods_of(CN_2024, 75 * 60) == Credit.of(90)
    assert rules.periods_of(CN_2024, 40) == Credit.of("0.80")
    assert rules.hours_for(CN_2024, Credit.of(25)) == 75
    assert rules.hours_for(CN_2006, Credit.of(1)) == 6
