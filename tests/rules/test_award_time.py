"""Time: half-open spans, the widened period, and how near a swipe came."""

from __future__ import annotations

import pytest

from app.awards.terms import Strategy, Window
from tests.support.occasions import (
    DAY,
    MINUTE,
    SIGN_IN,
    at,
    brief,
    codes,
    judged,
    slot,
    texts,
)

BOTH = brief(Strategy.WINDOWS, *DAY, windows=("s1", "s2"))
ANY = brief(Strategy.ANY)


@pytest.mark.parametrize(
    ("clock", "granted"),
    [("07:29:59.999", False), ("07:30", True), ("08:29:59.999", True), ("08:30:00", False)],
)
def test_a_window_holds_its_start_and_not_its_end(clock: str, granted: bool) -> None:
    assert judged(BOTH, clock, "17:30").granted is granted


@pytest.mark.parametrize(
    ("clock", "granted"),
    [("07:59:59", False), ("08:00", True), ("17:59:59", True), ("18:00:00", False)],
)
def test_the_period_holds_its_start_and_not_its_end(clock: str, granted: bool) -> None:
    assert judged(ANY, clock).granted is granted


def test_half_past_sharp_is_one_second_too_late_for_a_window_until_half_past() -> None:
    [reason] = judged(BOTH, "08:30:00", "17:30").reasons

    assert (reason.window, reason.nearest, reason.missed_by) == ("上午签到", at("08:30"), 1)


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        ("08:30:00.001", 1),
        ("08:30:01", 1),
        ("08:30:01.001", 2),
        ("08:31:00", 60),
        ("07:29:59.999", 1),
        ("07:29:58", 2),
        ("07:20:00", 600),
    ],
)
def test_the_distance_is_to_the_nearer_end_in_whole_seconds_rounded_up(
    clock: str, seconds: int
) -> None:
    [reason] = judged(BOTH, clock, "17:30").reasons

    assert reason.missed_by == seconds


def test_a_sign_in_before_the_first_lecture_lies_in_the_period() -> None:
    assert judged(brief(Strategy.ANY, SIGN_IN), "07:30").granted


def test_a_window_of_the_plan_widens_the_period_whatever_the_strategy() -> None:
    night = Window("晚点名", at("21:00"), at("21:30"))

    assert judged(brief(Strategy.ANY, windows=(night,)), "20:00").granted
    assert not judged(ANY, "20:00").granted


def test_the_gap_between_the_batch_and_a_session_belongs_to_the_period() -> None:
    assert judged(brief(Strategy.ANY, slot("e", "20:00", "20:30")), "19:00").granted


def test_of_two_swipes_equally_near_the_earlier_is_named() -> None:
    one = brief(Strategy.WINDOWS, slot("w", "12:00", "13:00"))

    [reason] = judged(one, "13:10", "11:50").reasons

    assert (reason.nearest, reason.missed_by) == (at("11:50"), 600)


def test_the_nearest_swipe_may_lie_outside_the_period() -> None:
    late = brief(Strategy.WINDOWS, slot("w", "17:00", "18:00"))

    [reason] = judged(late, "09:00", "18:05").reasons

    assert (reason.window, reason.nearest, reason.missed_by) == ("w", at("18:05"), 300)


def test_out_of_the_period_names_the_swipe_nearest_to_the_period_and_no_window() -> None:
    verdict = judged(BOTH, "06:00", "18:20")

    [reason] = verdict.reasons
    assert codes(verdict) == ["OUT_OF_PERIOD"]
    assert (reason.window, reason.nearest, reason.missed_by) == (None, at("18:20"), 1200)


def test_every_window_missed_is_named_in_the_plans_order() -> None:
    turned = brief(Strategy.WINDOWS, *DAY, windows=("s2", "s1"))

    verdict = judged(turned, "12:00")

    assert [reason.window for reason in verdict.reasons] == ["下午签退", "上午签到"]
    assert [reason.missed_by for reason in verdict.reasons] == [5 * 3600, 3 * 3600 + 1800]


def test_the_sentence_of_a_window_missed_says_rule_swipe_and_minutes() -> None:
    assert texts(judged(BOTH, "07:52", "16:52")) == [
        "下午签退要在 17:00 到 18:00 之间刷卡。你最近的一次是 16:52，早了 8 分钟。"
    ]


def test_minutes_in_words_are_rounded_up_and_seconds_are_shown_where_there_are_any() -> None:
    assert texts(judged(BOTH, "08:31:01", "17:30")) == [
        "上午签到要在 07:30 到 08:30 之间刷卡。你最近的一次是 08:31:01，晚了 2 分钟。"
    ]


def test_the_date_is_said_where_swipe_and_window_lie_on_different_days() -> None:
    second = slot("t1", "07:30", "08:30", label="第二天签到", day=19)
    two_days = brief(Strategy.WINDOWS, SIGN_IN, second, last_day=19)

    assert texts(judged(two_days, "08:00")) == [
        (
            "第二天签到要在 5 月 19 日 07:30 到 08:30 之间刷卡。"
            "你最近的一次是 5 月 18 日 08:00，早了 1410 分钟（约 24 小时）。"
        )
    ]


def test_the_sentence_of_a_swipe_out_of_the_period_gives_the_period_with_dates() -> None:
    assert texts(judged(brief(Strategy.ANY, last_day=19), "07:00")) == [
        (
            "这个期次从 5 月 18 日 08:00 到 5 月 19 日 18:00。"
            "你最近的一次刷卡是 5 月 18 日 07:00，早了 60 分钟。"
        )
    ]


def test_a_window_until_midnight_is_said_to_end_with_its_day() -> None:
    night = Window("夜班", at("22:00"), at("22:00") + 120 * MINUTE)

    verdict = judged(brief(Strategy.WINDOWS, windows=(night,)), "21:00")

    assert texts(verdict)[0].startswith("夜班要在 22:00 到 24:00 之间刷卡。")


def test_a_window_with_its_edge_moved_is_judged_by_the_new_edge() -> None:
    moved = Window("下午签退", at("16:50"), at("18:00"))

    assert judged(brief(Strategy.WINDOWS, *DAY, windows=("s1", moved)), "08:00", "16:52").granted
