"""Words: every reason has its sentence, and it tells the truth in figures."""

from __future__ import annotations

import re

import pytest

from app.awards import rules
from app.awards.terms import Cause, Facts, Reason, Why
from app.base import words
from tests.support.occasions import HOUR, MINUTE, SAY, at

SPAN: Facts = (("start", at("17:00")), ("end", at("18:00")))
NEAR = at("16:52")


def _waiting(cause: Cause, *more: tuple[str, int]) -> Reason:
    return Reason(cause.why, facts=(("cause", cause), ("at", NEAR), *more))


def _cap(why: Why, net: int) -> Reason:
    return Reason(why, facts=(("limit", 1000), ("used", 1000 - net), ("net", net)))


def _not_yet(state: str, days: int = 5) -> Reason:
    facts: Facts = (("state", state), ("days", days), ("usual", 3), ("net", 350))
    return Reason(Why.NOT_AWARDED_YET, facts=facts)


REASONS = [
    Reason(Why.PERSON_STATUS),
    Reason(Why.OTHER_UNIT, facts=(("unit", "青石县医院"),)),
    Reason(Why.OTHER_UNIT, facts=(("unit", ""),)),
    Reason(Why.LECTURER_ALREADY),
    Reason(Why.NOT_REGISTERED),
    Reason(Why.EXAM),
    Reason(Why.EVALUATION),
    Reason(Why.MANUAL_DENIED),
    Reason(Why.MANUAL_DENIED, facts=(("reason", "代人刷卡"),)),
    *(_waiting(cause) for cause in Cause),
    _waiting(Cause.CLOCK_SKEW, ("skew", -3000)),
    Reason(Why.NO_SWIPE),
    *(
        Reason(why, "下午签退", nearest, 480, SPAN)
        for why in (Why.OUT_OF_PERIOD, Why.WINDOW_MISSING)
        for nearest in (NEAR, at("18:08"))
    ),
    Reason(Why.TOO_FEW_SWIPES, facts=(("count", 1), ("need", 2))),
    Reason(
        Why.SHORT_DURATION,
        missed_by=61,
        facts=(
            ("present", HOUR),
            ("required", HOUR + 61_000),
            ("whole", 2 * HOUR),
            ("ratio", "0.755"),
        ),
    ),
    Reason(Why.OVERLAP, facts=(("project", "急救新技术"),)),
    Reason(Why.OVERLAP, facts=(("project", ""),)),
    *(_cap(why, net) for why in (Why.CAP_PROJECT, Why.CAP_YEAR) for net in (0, 250)),
    Reason(Why.CARD_UNKNOWN),
    *(_not_yet(state, days) for state in ("good", "lacking", "late") for days in (60, 61, 3371)),
    Reason(Why.AWARD_IN_REVIEW),
    Reason(Why.AWARD_RETURNED, facts=(("remark", "签到表不全"),)),
    Reason(Why.AWARD_RETURNED, facts=(("remark", ""),)),
    Reason(Why.RANGE),
]


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.why.value)
def test_every_reason_says_a_whole_sentence_to_you(reason: Reason) -> None:
    said = rules.sentence(reason, SAY)

    assert said.endswith("。")
    assert not re.search(r"[{}!！您]|None|系统错误|操作失败|请联系管理员", said)


def test_every_code_of_the_page_is_among_the_examples() -> None:
    assert {reason.why for reason in REASONS} == set(Why)


def test_every_sentence_of_the_book_can_be_said() -> None:
    said: set[str] = set()

    def say(code: str, facts: object) -> str:
        said.add(code)
        return code

    for reason in REASONS:
        rules.sentence(reason, say)

    reasons = {code for code in words.book("reasons") if code[0].isupper()}
    assert reasons == {code for code in said if code[0].isupper()}


def test_a_reason_is_carried_by_interfaces_with_zone_and_text() -> None:
    reason = Reason(Why.WINDOW_MISSING, "下午签退", NEAR, 480, SPAN)

    assert rules.told(reason, SAY) == {
        "code": "WINDOW_MISSING",
        "window": "下午签退",
        "nearest": "2013-05-18T16:52:00+08:00",
        "missed_by_s": 480,
        "text": "下午签退要在 17:00 到 18:00 之间刷卡。你最近的一次是 16:52，早了 8 分钟。",
    }


def test_a_ratio_is_said_as_per_cent_without_idle_zeros() -> None:
    short = next(reason for reason in REASONS if reason.why is Why.SHORT_DURATION)

    assert rules.sentence(short, SAY) == (
        "要参会满 62 分钟（全程 120 分钟的 75.5%）。"
        "按每天第一次到最后一次刷卡，你参会 60 分钟，还差 2 分钟。"
    )


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (1, "早了 1 分钟。"),
        (119, "早了 119 分钟。"),
        (120, "早了 120 分钟（约 2 小时）。"),
        (2879, "早了 2879 分钟（约 48 小时）。"),
        (2880, "早了 2880 分钟（约 2 天）。"),
        (150, "早了 150 分钟（约 2 小时）。"),
        (3 * 1440, "早了 4320 分钟（约 3 天）。"),
    ],
)
def test_a_long_gap_is_said_in_hours_or_days_too(minutes: int, said: str) -> None:
    nearest = at("17:00") - minutes * MINUTE
    reason = Reason(Why.WINDOW_MISSING, "下午签退", nearest, minutes * 60, SPAN)

    assert rules.sentence(reason, SAY).endswith(said)


def test_a_span_of_days_until_midnight_is_said_to_end_with_its_last_day() -> None:
    ends: Facts = (("start", at("08:00")), ("end", at("00:00", 20)))
    reason = Reason(Why.OUT_OF_PERIOD, None, at("07:00"), 3600, ends)

    assert rules.sentence(reason, SAY).startswith(
        "这个期次从 5 月 18 日 08:00 到 5 月 19 日 24:00。"
    )


def test_a_swipe_of_another_year_says_its_year() -> None:
    reason = Reason(Why.WINDOW_MISSING, "下午签退", 0, 10**9, SPAN)

    assert "你最近的一次是 1970 年 1 月 1 日 08:00，" in rules.sentence(reason, SAY)
