"""Explanations: check by check, never against the verdict, with a next step."""

from __future__ import annotations

from typing import Any

import pytest

from app.awards import rules
from app.awards.terms import (
    Brief,
    Cause,
    Explanation,
    Limits,
    Progress,
    Situation,
    Stage,
    Strategy,
    Uncounted,
)
from tests.support.occasions import DAY, SAY, at, brief, judged

BOTH = brief(Strategy.WINDOWS, *DAY, windows=("s1", "s2"))
AWARDED = Progress(Stage.AWARDED)
NOT_RUN = Progress(Stage.NOT_RUN, working_days=5)


def explained(
    by: Brief,
    *clocks: str,
    situation: Situation | None = None,
    progress: Progress = AWARDED,
    stands: bool = True,
    **facts: Any,
) -> Explanation:
    situation = situation or Situation()
    verdict = judged(by, *clocks, situation=situation) if stands else None
    swipes = [at(clock) for clock in clocks]
    facts = {"recorded": True, **facts}
    return rules.explain(by, 7, swipes, situation, verdict=verdict, progress=progress, **facts)


def lines(explanation: Explanation) -> list[tuple[str, bool]]:
    return [(check.name.value, check.passed) for check in explanation.checks]


def details(explanation: Explanation) -> dict[str, str]:
    return {check.name.value: rules.detail(check, SAY) for check in explanation.checks}


def test_a_granted_award_passes_every_check() -> None:
    explanation = explained(BOTH, "08:00", "17:30")

    assert explanation.granted
    assert explanation.reasons == ()
    assert explanation.next_step == "GRANTED"
    assert lines(explanation) == [
        ("card_known", True),
        ("record_found", True),
        ("clock", True),
        ("person_status", True),
        ("unit", True),
        ("lecturer", True),
        ("in_period", True),
        ("window", True),
        ("window", True),
        ("overlap", True),
        ("awarded", True),
    ]


def test_a_missed_window_fails_its_own_check_and_says_the_reason() -> None:
    explanation = explained(BOTH, "07:52", "16:52")

    told = [rules.detail(check, SAY) for check in explanation.checks if check.window]
    assert not explanation.granted
    assert told == [
        "上午签到 07:30 到 08:30，你在 07:52 刷卡",
        "下午签退要在 17:00 到 18:00 之间刷卡。你最近的一次是 16:52，早了 8 分钟。",
    ]
    assert explanation.next_step == "WINDOW_MISSING"


def test_two_windows_of_one_label_are_told_apart() -> None:
    first, second = DAY[0], DAY[1]
    twins = brief(
        Strategy.WINDOWS,
        type(first)("a", "签到", False, first.start, first.end),
        type(second)("b", "签到", False, second.start, second.end),
    )

    explanation = explained(twins, "08:00", "12:00")

    assert [check.passed for check in explanation.checks if check.window] == [True, False]


def test_who_has_no_record_is_told_so_before_and_after_the_award() -> None:
    for progress in (AWARDED, NOT_RUN):
        explanation = explained(BOTH, progress=progress, stands=False, recorded=False)

        assert not explanation.granted
        assert [reason.why.value for reason in explanation.reasons] == ["NO_SWIPE"]
        assert details(explanation)["record_found"].startswith("没有你在这个期次可以计的刷卡记录")
        assert ("awarded", False) in lines(explanation)


def test_who_has_neither_record_nor_card_is_told_of_the_card() -> None:
    explanation = explained(BOTH, stands=False, recorded=False, card_known=False)

    assert details(explanation)["card_known"] == "你名下没有登记的卡，请本单位科教科登记"


def test_a_record_shows_that_the_card_was_known_then() -> None:
    assert explained(BOTH, "08:00", "17:30", card_known=False).checks[0].passed


def test_good_swipes_without_an_award_wait_for_the_host() -> None:
    explanation = explained(BOTH, "08:00", "17:30", progress=NOT_RUN, stands=False)

    [reason] = explanation.reasons
    assert not explanation.granted
    assert rules.sentence(reason, SAY) == (
        "你的刷卡没有问题，举办单位还没有授分。通常 3 个工作日，现在已过 5 个。授分后预计得 5 分。"
    )
    assert [name for name, passed in lines(explanation) if not passed] == ["awarded"]
    assert explanation.next_step == "NOT_AWARDED_YET.overdue"


def test_what_was_forgotten_long_ago_is_told_in_years_and_whom_to_ask() -> None:
    ago = Progress(Stage.NOT_RUN, working_days=3371)

    explanation = explained(BOTH, "08:00", "17:30", progress=ago, stands=False)

    assert rules.sentence(explanation.reasons[0], SAY) == (
        "你的刷卡没有问题，但是活动结束已有约 13 年，举办单位还没有授分。授分后预计得 5 分。"
    )
    assert explanation.next_step == "NOT_AWARDED_YET.forgotten"
    assert "请找举办单位的科教科" in rules.next_step(explanation.next_step, SAY)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "已过 0 个工作日"),
        (60, "已过 60 个工作日"),
        (61, "已有约 3 个月"),
        (250, "已有约 12 个月"),
        (489, "已有约 23 个月"),
        (490, "已有约 2 年"),
        (3371, "已有约 13 年"),
    ],
)
def test_working_days_are_told_as_such_only_while_one_can_count_them(days: int, said: str) -> None:
    assert rules.waited(days, SAY) == said


def test_within_the_usual_time_the_next_step_is_to_wait() -> None:
    soon = Progress(Stage.NOT_RUN, working_days=3)

    assert explained(BOTH, "08:00", progress=soon, stands=False).next_step == "NOT_AWARDED_YET.wait"


def test_swipes_that_lack_something_are_told_so_before_the_award() -> None:
    explanation = explained(BOTH, "08:00", progress=NOT_RUN, stands=False)

    assert [reason.why.value for reason in explanation.reasons] == [
        "NOT_AWARDED_YET",
        "WINDOW_MISSING",
    ]


def test_records_that_came_after_the_award_ask_for_another_run() -> None:
    explanation = explained(BOTH, "08:00", "17:30", stands=False)

    assert explanation.reasons[0].why == "NOT_AWARDED_YET"
    assert "后来才到" in rules.sentence(explanation.reasons[0], SAY)
    assert explanation.next_step == "NOT_AWARDED_YET.late"


@pytest.mark.parametrize(
    ("stage", "code", "said"),
    [
        (Stage.IN_REVIEW, "AWARD_IN_REVIEW", "正在审核"),
        (Stage.RETURNED, "AWARD_RETURNED", "退回：签到表不全。"),
    ],
)
def test_an_award_in_review_or_returned_is_no_credit_yet(
    stage: Stage, code: str, said: str
) -> None:
    explanation = explained(BOTH, "08:00", "17:30", progress=Progress(stage, remark="签到表不全"))

    assert not explanation.granted
    assert [reason.why.value for reason in explanation.reasons] == [code]
    assert said in details(explanation)["reviewed"]
    assert explanation.next_step == code


def test_a_stored_verdict_is_not_contradicted_by_swipes_that_came_or_went() -> None:
    granted, refused = judged(BOTH, "08:00", "17:30"), judged(BOTH, "08:00")

    gone = rules.explain(BOTH, 7, [], Situation(), verdict=granted, progress=AWARDED, recorded=True)
    come = rules.explain(
        BOTH, 7, [at("08:00"), at("17:30")], Situation(),
        verdict=refused, progress=AWARDED, recorded=True,
    )  # fmt: skip

    assert gone.granted
    assert all(check.passed for check in gone.checks)
    assert details(gone)["window"] == "下午签退 17:00 到 18:00，授分时有你的刷卡"
    assert not come.granted
    assert not all(check.passed for check in come.checks)


def test_a_cap_stands_beside_a_granted_explanation() -> None:
    capped = brief(Strategy.ANY, limits=Limits(project=300))

    explanation = explained(capped, "09:00")

    assert explanation.granted
    assert all(check.passed for check in explanation.checks)
    assert [reason.why.value for reason in explanation.reasons] == ["CAP_PROJECT"]


def test_a_missed_course_under_prorata_is_a_remark_and_fails_nothing() -> None:
    explanation = explained(brief(Strategy.PRORATA_HOURS, *DAY), "09:00")

    assert explanation.granted
    assert details(explanation)["courses"] == "2 门课程，你刷了其中 1 门"


def test_a_lecturer_is_explained_as_a_lecturer() -> None:
    verdict = rules.judge_lecturer(BOTH, 7, 400)

    explanation = rules.explain(
        BOTH, 7, [], Situation(), verdict=verdict, progress=AWARDED, recorded=False
    )

    assert explanation.granted
    assert lines(explanation) == [("person_status", True), ("awarded", True)]


def test_a_card_that_no_longer_counted_fails_the_first_check() -> None:
    waiting = Situation(uncounted=(Uncounted(Cause.REPLACED, at("09:00")),))

    explanation = explained(BOTH, situation=waiting)

    assert lines(explanation)[:2] == [("card_known", False), ("record_found", True)]
    assert details(explanation)["record_found"] == "找到刷卡记录 1 次"
    assert ("in_period", False) in lines(explanation)
    assert explanation.next_step == "CARD_REVOKED"


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("clocks", [(), ("06:00",), ("08:00",), ("08:31", "12:00", "17:30")])
def test_every_check_and_next_step_has_words(strategy: Strategy, clocks: tuple[str, ...]) -> None:
    by = brief(strategy, *DAY, listed=(7,))
    for situation in (Situation(), Situation(cancelled=True, other_unit=True, lecturing=True)):
        explanation = explained(by, *clocks, situation=situation)

        assert all(rules.detail(check, SAY) for check in explanation.checks)
        assert rules.next_step(explanation.next_step, SAY)
