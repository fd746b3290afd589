"""Amounts: share, rounding, and the two limits."""

from __future__ import annotations

import pytest

from app.awards import rules
from app.awards.terms import Limits, Situation, Strategy
from tests.support.occasions import brief, codes, judged, slot, texts

COURSES = (
    slot("a", "08:00", "09:00", course=True, hours=100),
    slot("b", "10:00", "11:00", course=True, hours=100),
    slot("c", "12:00", "13:00", course=True, hours=100),
)


def _halves_down(hundredths: int) -> int:
    return hundredths // 50 * 50


def _up_to_whole(hundredths: int) -> int:
    return -(-hundredths // 100) * 100


@pytest.mark.parametrize(("credit", "gross"), [(500, 167), (100, 33), (50, 17), (1000, 333)])
def test_a_share_is_rounded_to_the_cent_half_up(credit: int, gross: int) -> None:
    one_third = brief(Strategy.PRORATA_HOURS, *COURSES, credits=credit)

    verdict = judged(one_third, "08:30")

    assert (verdict.gross, verdict.net, verdict.cap) == (gross, gross, None)


def test_exactly_half_a_cent_goes_up() -> None:
    quarter = brief(
        Strategy.PRORATA_HOURS, *COURSES, slot("d", "14:00", "15:00", course=True, hours=100),
        credits=250,
    )  # fmt: skip

    assert judged(quarter, "08:30").gross == 63


def test_the_packs_rounding_applies_to_a_share() -> None:
    shared = brief(Strategy.PRORATA_HOURS, *COURSES, rounding=_halves_down)

    verdict = judged(shared, "08:30")

    assert (verdict.gross, verdict.net, verdict.cap) == (150, 150, None)


def test_announced_credits_stand_as_they_are() -> None:
    any_swipe = brief(Strategy.ANY, credits=230, rounding=_halves_down)
    whole_share = brief(Strategy.PRORATA_HOURS, *COURSES, credits=230, rounding=_halves_down)

    assert judged(any_swipe, "08:30").net == 230
    assert judged(whole_share, "08:30", "10:30", "12:30").net == 230


def test_rounding_up_a_share_never_gives_more_than_the_whole() -> None:
    shared = brief(Strategy.PRORATA_HOURS, *COURSES, credits=230, rounding=_up_to_whole)

    assert judged(shared, "08:30", "10:30").net == 200
    assert judged(brief(Strategy.PRORATA_HOURS, *COURSES, credits=130, rounding=_up_to_whole),
                  "08:30", "10:30").net == 100  # fmt: skip
    assert judged(brief(Strategy.PRORATA_HOURS, *COURSES, credits=160, rounding=_up_to_whole),
                  "08:30", "10:30").net == 160  # fmt: skip


def test_net_is_what_the_projects_limit_leaves_and_the_cap_is_named() -> None:
    capped = brief(Strategy.ANY, limits=Limits(project=1000))

    verdict = judged(capped, "09:00", situation=Situation(used_project=800))

    assert (verdict.granted, verdict.gross, verdict.cap, verdict.net) == (True, 500, 1000, 200)
    assert texts(verdict) == ["本项目每人最多计 10 分，已计 8 分，这次计 2 分。"]


def test_an_amount_that_just_fits_is_not_capped() -> None:
    capped = brief(Strategy.ANY, limits=Limits(project=1000, year=1000))

    verdict = judged(capped, "09:00", situation=Situation(used_project=500, used_year=500))

    assert (verdict.cap, verdict.net, verdict.reasons) == (None, 500, ())


def test_a_limit_used_up_grants_nothing_more_and_does_not_refuse() -> None:
    capped = brief(Strategy.ANY, limits=Limits(year=1000))

    verdict = judged(capped, "09:00", situation=Situation(used_year=1050))

    assert (verdict.granted, verdict.gross, verdict.cap, verdict.net) == (True, 500, 1000, 0)
    assert codes(verdict) == ["CAP_YEAR"]
    assert texts(verdict) == [
        "这类学分每年最多计 10 分，你今年已经计满，这次参加不再计分，仍会记录。"
    ]


@pytest.mark.parametrize(
    ("used_project", "used_year", "code", "net"),
    [(700, 800, "CAP_YEAR", 200), (900, 800, "CAP_PROJECT", 100), (800, 800, "CAP_PROJECT", 200)],
)
def test_of_two_limits_the_smaller_remainder_is_named_and_of_equals_the_projects(
    used_project: int, used_year: int, code: str, net: int
) -> None:
    capped = brief(Strategy.ANY, limits=Limits(project=1000, year=1000))
    situation = Situation(used_project=used_project, used_year=used_year)

    verdict = judged(capped, "09:00", situation=situation)

    assert codes(verdict) == [code]
    assert (verdict.cap, verdict.net) == (1000, net)


def test_a_project_that_gives_more_than_its_own_limit_is_capped_for_everybody() -> None:
    generous = brief(Strategy.ANY, credits=1500, limits=Limits(project=1000))

    plain, rest = rules.sift(generous, [(7, (generous.start,))], {})

    assert plain == []
    assert (rest[0].gross, rest[0].cap, rest[0].net) == (1500, 1000, 1000)


def test_a_project_that_gives_just_its_own_limit_is_capped_for_nobody() -> None:
    full = brief(Strategy.ANY, credits=1000, limits=Limits(project=1000, year=1000))

    assert rules.sift(full, [(7, (full.start,))], {}) == ([7], [])


def test_under_prorata_a_cap_stands_after_the_courses_missed() -> None:
    shared = brief(Strategy.PRORATA_HOURS, *COURSES, limits=Limits(project=100))

    assert codes(judged(shared, "08:30")) == ["WINDOW_MISSING", "WINDOW_MISSING", "CAP_PROJECT"]


def test_a_lecturer_meets_the_lecturers_limits() -> None:
    by = brief(Strategy.ANY, limits=Limits(year=100), lecturer_limits=Limits(project=1000))

    verdict = rules.judge_lecturer(by, 9, 400, Situation(used_project=700))

    assert (verdict.gross, verdict.cap, verdict.net) == (400, 1000, 300)


def test_the_tighter_of_two_limits_counts_and_a_missing_one_does_not() -> None:
    assert rules.tighter(1000, 500) == 500
    assert rules.tighter(None, 700) == 700
    assert rules.tighter(None, None) is None
