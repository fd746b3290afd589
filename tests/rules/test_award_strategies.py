"""Strategies: what each of them asks for, one example a sentence of the page."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.awards import rules
from app.awards.terms import Strategy
from tests.support.occasions import (
    AFTERNOON,
    DAY,
    EVENING,
    MORNING,
    SIGN_IN,
    SIGN_OUT,
    at,
    brief,
    codes,
    judged,
    slot,
    texts,
)


def test_windows_asks_for_a_swipe_in_each_window_of_the_plan() -> None:
    both = brief(Strategy.WINDOWS, *DAY, windows=("s1", "s2"))

    assert judged(both, "08:00", "17:30").granted
    assert codes(judged(both, "08:00", "12:00")) == ["WINDOW_MISSING"]


def test_windows_left_out_are_all_sessions() -> None:
    verdict = judged(brief(Strategy.WINDOWS, *DAY), "12:00")

    assert [reason.window for reason in verdict.reasons] == [
        "上午签到",
        "下午签退",
        "上午课",
        "下午课",
    ]


@pytest.mark.parametrize("strategy", [Strategy.ALL_COURSES, Strategy.PRORATA_HOURS])
def test_windows_left_out_are_the_courses_where_courses_are_asked_for(strategy: Strategy) -> None:
    verdict = judged(brief(strategy, *DAY), "12:00")

    assert [reason.window for reason in verdict.reasons] == ["上午课", "下午课"]


def test_one_swipe_may_serve_two_windows() -> None:
    wide = slot("w", "07:00", "12:00")

    assert judged(brief(Strategy.WINDOWS, SIGN_IN, wide), "08:00").granted


def test_all_courses_asks_for_every_course() -> None:
    every = brief(Strategy.ALL_COURSES, *DAY)

    assert judged(every, "09:00", "15:00").granted
    assert codes(judged(every, "09:00", "17:30")) == ["WINDOW_MISSING"]


def test_all_courses_takes_the_windows_of_the_plan_where_it_names_some() -> None:
    assert judged(brief(Strategy.ALL_COURSES, *DAY, windows=("c1",)), "09:00").granted


def test_any_course_asks_for_one_course() -> None:
    assert judged(brief(Strategy.ANY_COURSE, *DAY), "15:00").granted


def test_any_course_names_the_nearest_course_only() -> None:
    verdict = judged(brief(Strategy.ANY_COURSE, *DAY, EVENING), "08:20", "17:30")

    [reason] = verdict.reasons
    assert (reason.why, reason.window, reason.missed_by) == ("WINDOW_MISSING", "上午课", 600)


def test_any_asks_for_a_swipe_in_the_period_whether_in_a_session_or_not() -> None:
    assert judged(brief(Strategy.ANY, *DAY), "12:30").granted


def test_min_swipes_asks_for_two_where_the_number_is_left_out() -> None:
    twice = brief(Strategy.MIN_SWIPES, *DAY)

    assert judged(twice, "08:00", "12:00").granted
    assert codes(judged(twice, "12:00")) == ["TOO_FEW_SWIPES"]


def test_too_few_swipes_says_how_many_there_are_and_how_many_it_takes() -> None:
    verdict = judged(brief(Strategy.MIN_SWIPES, *DAY, min_swipes=3), "08:00", "12:00")

    [reason] = verdict.reasons
    assert (reason.window, reason.nearest, reason.missed_by) == (None, None, None)
    assert texts(verdict)[0].startswith("这个期次要有效刷卡 3 次，你有 2 次。")


def test_a_repeat_within_the_suppress_time_adds_nothing() -> None:
    twice = brief(Strategy.MIN_SWIPES, *DAY)

    assert not judged(twice, "08:00:00", "08:00:59").granted
    assert judged(twice, "08:00:00", "08:01:00").granted


def test_a_repeat_is_measured_from_the_last_swipe_that_counted() -> None:
    # The third is 80 s after the first, though only 40 s after the second, which counted nothing.
    assert judged(brief(Strategy.MIN_SWIPES, *DAY), "08:00:00", "08:00:40", "08:01:20").granted


def test_swipes_of_two_sessions_are_no_repeats_however_close() -> None:
    door = slot("d", "08:30", "08:45")

    assert judged(brief(Strategy.MIN_SWIPES, SIGN_IN, door), "08:29:50", "08:30:10").granted


def test_a_swipe_at_the_end_of_a_session_lies_outside_it() -> None:
    twice = brief(Strategy.MIN_SWIPES, SIGN_IN)

    assert judged(twice, "08:29:50", "08:30:00").granted
    assert not judged(twice, "08:29:50", "08:29:59").granted


def test_swipes_outside_all_sessions_repeat_each_other() -> None:
    assert not judged(brief(Strategy.MIN_SWIPES, *DAY), "12:00:00", "12:00:30").granted
    assert judged(brief(Strategy.MIN_SWIPES, *DAY), "11:29:50", "11:30:20").granted


def test_in_two_sessions_that_overlap_a_repeat_of_either_adds_nothing() -> None:
    lecture = slot("c", "08:00", "12:00", course=True)
    twice = brief(Strategy.MIN_SWIPES, SIGN_IN, lecture)

    assert not judged(twice, "07:59:50", "08:00:20").granted
    assert not judged(twice, "08:29:50", "08:30:20").granted


def test_the_suppress_time_is_the_batchs_own() -> None:
    slow = brief(Strategy.MIN_SWIPES, *DAY, suppress=600_000)

    assert not judged(slow, "08:00", "08:09:59").granted


def test_min_swipes_counts_in_the_period_only() -> None:
    assert codes(judged(brief(Strategy.MIN_SWIPES), "07:00", "07:30", "09:00")) == [
        "TOO_FEW_SWIPES"
    ]


@pytest.mark.parametrize(
    ("clocks", "net"),
    [(("09:00",), 200), (("15:00",), 200), (("19:30",), 100), (("09:00", "19:30"), 300)],
)
def test_prorata_gives_the_credits_in_proportion_to_the_hours_of_the_courses_hit(
    clocks: tuple[str, ...], net: int
) -> None:
    assert judged(brief(Strategy.PRORATA_HOURS, *DAY, EVENING), *clocks).net == net


def test_under_prorata_a_missed_course_stands_beside_the_granted_verdict() -> None:
    verdict = judged(brief(Strategy.PRORATA_HOURS, *DAY), "09:00", "13:00")

    [reason] = verdict.reasons
    assert verdict.granted
    assert (reason.why, reason.window, reason.missed_by) == ("WINDOW_MISSING", "下午课", 3600)


def test_under_prorata_nobody_gets_credit_without_a_course() -> None:
    verdict = judged(brief(Strategy.PRORATA_HOURS, *DAY), "12:30")

    assert not verdict.granted
    assert codes(verdict) == ["WINDOW_MISSING", "WINDOW_MISSING"]


def test_duration_counts_from_first_to_last_swipe_within_the_teaching_hours() -> None:
    # Teaching 08:30-17:00, 510 minutes, of which 80 % are 408.
    day = brief(Strategy.DURATION_RATIO, *DAY)

    assert judged(day, "07:31", "15:18").granted
    assert not judged(day, "07:31", "15:17:59").granted
    assert judged(day, "10:12", "12:00", "17:59").granted


def test_short_duration_says_the_seconds_that_lack() -> None:
    verdict = judged(brief(Strategy.DURATION_RATIO, *DAY), "09:30", "14:00:01")

    [reason] = verdict.reasons
    assert (reason.why, reason.nearest) == ("SHORT_DURATION", None)
    assert reason.missed_by == (408 - 270) * 60 - 1
    assert texts(verdict) == [
        (
            "要参会满 408 分钟（全程 510 分钟的 80%）。"
            "按每天第一次到最后一次刷卡，你参会 270 分钟，还差 138 分钟。"
        )
    ]


def test_a_single_swipe_of_a_day_is_no_presence() -> None:
    [reason] = judged(brief(Strategy.DURATION_RATIO, *DAY), "12:00").reasons

    assert reason.missed_by == 408 * 60


def test_duration_asks_for_the_ratio_of_the_plan() -> None:
    half = brief(Strategy.DURATION_RATIO, *DAY, ratio=Decimal("0.5"))

    assert judged(half, "08:30", "12:45").granted
    assert not judged(half, "08:30", "12:44:59").granted
    assert judged(brief(Strategy.DURATION_RATIO, *DAY, ratio=Decimal(1)), "08:30", "17:00").granted


def test_without_courses_the_teaching_hours_run_from_clock_to_clock_of_the_batch_each_day() -> None:
    # Two days of 08:00-18:00, 1200 minutes, of which 80 % are 960.
    days = brief(Strategy.DURATION_RATIO, SIGN_IN, SIGN_OUT, last_day=19)

    verdict = rules.judge(
        days, 7, [at("07:30"), at("18:00"), at("08:00", 19), at("13:59", 19), at("19:00", 19)]
    )
    [reason] = rules.judge(days, 7, [at("07:30"), at("18:00"), at("13:59", 19)]).reasons

    assert verdict.granted
    assert reason.missed_by == 360 * 60


def test_days_are_summed_and_the_night_between_them_is_not() -> None:
    second = slot("c4", "08:30", "11:30", course=True, day=19)
    # 180 minutes on each day, of which 80 % are 288.
    days = brief(Strategy.DURATION_RATIO, MORNING, second, last_day=19)
    first_day_only = judged(days, "08:30", "11:30")

    assert codes(first_day_only) == ["SHORT_DURATION"]
    assert first_day_only.reasons[0].missed_by == 108 * 60


def test_a_day_without_courses_is_taught_from_clock_to_clock() -> None:
    # 510 minutes of courses on the 18th, 600 from clock to clock on the 19th; 80 % are 888.
    days = brief(Strategy.DURATION_RATIO, MORNING, AFTERNOON, last_day=19)

    [reason] = judged(days, "08:30", "17:00").reasons

    assert reason.missed_by == (888 - 510) * 60


def test_a_batch_until_midnight_does_not_reach_into_the_next_day() -> None:
    # 08:00-24:00 on one day: 960 minutes, of which 80 % are 768.
    late = brief(Strategy.DURATION_RATIO, end="00:00", last_day=19)

    assert judged(late, "08:00", "20:48").granted


JUST_ENOUGH = [
    (Strategy.WINDOWS, ("07:30", "17:00", "08:30", "14:00")),
    (Strategy.ANY, ("07:30",)),
    (Strategy.ANY_COURSE, ("14:00",)),
    (Strategy.ALL_COURSES, ("11:29:59", "14:00")),
    (Strategy.PRORATA_HOURS, ("08:30", "16:59:59")),
    (Strategy.MIN_SWIPES, ("08:00:00", "08:01:00")),
    (Strategy.LISTED, ("17:59:59",)),
    (Strategy.DURATION_RATIO, ("08:30", "15:18")),
]


@pytest.mark.parametrize(("strategy", "clocks"), JUST_ENOUGH)
def test_who_has_just_enough_is_found_by_the_fast_way_and_who_has_less_is_not(
    strategy: Strategy, clocks: tuple[str, ...]
) -> None:
    by = brief(strategy, *DAY, listed=(1, 2, 3))
    enough = sorted(at(clock) for clock in clocks)

    plain, rest = rules.sift(by, [(1, enough), (2, enough[:-1]), (3, ())], {})

    lacking = [verdict.person_id for verdict in rest if not verdict.granted]
    assert plain == [1]
    assert lacking == ([3] if strategy is Strategy.PRORATA_HOURS else [2, 3])


def test_the_fast_way_finds_nobody_at_the_end_of_a_window_or_outside_the_list() -> None:
    both = brief(Strategy.WINDOWS, *DAY, windows=("s1", "s2"))
    listed = brief(Strategy.LISTED, *DAY, listed=(1,))

    assert rules.sift(both, [(1, (at("08:30"), at("17:30")))], {})[0] == []
    assert rules.sift(listed, [(1, (at("12:00"),)), (2, (at("12:00"),))], {})[0] == [1]


def test_listed_grants_the_persons_of_the_list_who_have_a_swipe_in_the_period() -> None:
    listed = brief(Strategy.LISTED, *DAY, listed=(7,))

    assert judged(listed, "12:00").granted
    assert codes(judged(listed, "06:00")) == ["OUT_OF_PERIOD"]


def test_listed_denies_all_others_and_says_what_else_they_lack() -> None:
    others = brief(Strategy.LISTED, *DAY, listed=(8,))

    assert codes(judged(others, "12:00")) == ["MANUAL_DENIED"]
    assert codes(judged(others, "06:00")) == ["MANUAL_DENIED", "OUT_OF_PERIOD"]
