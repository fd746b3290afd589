"""Plans: read, written, meant by options, and refused with a sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.awards import rules
from app.awards.terms import Plan, Strategy, Window
from app.base import words
from app.kernel.errors import InvalidError
from tests.support.occasions import DAY, SIGN_IN, at, brief, occasion, slot

NIGHT = Window("晚点名", at("21:00"), at("21:30"))


def test_a_plan_is_read_as_the_project_file_has_it() -> None:
    filed = {"strategy": "windows", "windows": ["s1", "s2"], "min_swipes": None, "ratio": None}

    assert rules.plan_from_json(filed) == Plan(Strategy.WINDOWS, ("s1", "s2"))


def test_a_plan_may_carry_windows_of_its_own_a_ratio_and_listed_persons() -> None:
    own = {"label": "晚点名", "start": "2013-05-18T21:00", "end": "2013-05-18T21:30"}

    plan = rules.plan_from_json({"strategy": "listed", "windows": [own], "listed": ["162700123"]})

    assert plan == Plan(Strategy.LISTED, (NIGHT,), listed=("162700123",))
    assert rules.plan_from_json({"strategy": "duration_ratio", "ratio": 0.8}).ratio == Decimal(
        "0.8"
    )


windows = st.one_of(
    st.sampled_from(["s1", "s2"]),
    st.builds(
        lambda start, length: Window("时段，一", at("00:00") + start, at("00:00") + start + length),
        st.integers(0, 10**9),
        st.integers(1, 10**8),
    ),
)
plans = st.builds(
    Plan,
    st.sampled_from(Strategy),
    st.lists(windows, max_size=3).map(tuple),
    st.none() | st.integers(1, 9999),
    st.none() | st.decimals("0.01", 1, places=2),
    st.lists(st.sampled_from(["162700123", "162700124"]), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(plans)
def test_a_plan_written_and_read_again_is_the_same(plan: Plan) -> None:
    assert rules.plan_from_json(rules.plan_to_json(plan)) == plan


@pytest.mark.parametrize(
    ("filed", "cause"),
    [
        (None, "malformed"),
        (["windows"], "malformed"),
        ({}, "strategy_unknown"),
        ({"strategy": "hainan"}, "strategy_unknown"),
        ({"strategy": ["any"]}, "strategy_unknown"),
        ({"strategy": "any", "min_swipe": 3}, "key_unknown"),
        ({"strategy": "windows", "windows": "s1"}, "list_expected"),
        ({"strategy": "windows", "windows": [1]}, "text_expected"),
        ({"strategy": "windows", "windows": [{"label": "a"}]}, "window_malformed"),
        (
            {"strategy": "windows", "windows": [{"label": "a", "start": "x", "end": "y"}]},
            "window_malformed",
        ),
        ({"strategy": "listed", "listed": [162700123]}, "text_expected"),
        ({"strategy": "min_swipes", "min_swipes": 0}, "min_swipes_range"),
        ({"strategy": "min_swipes", "min_swipes": True}, "min_swipes_range"),
        ({"strategy": "min_swipes", "min_swipes": 2.5}, "min_swipes_range"),
        ({"strategy": "min_swipes", "min_swipes": "9" * 5000}, "min_swipes_range"),
        ({"strategy": "duration_ratio", "ratio": 0}, "ratio_range"),
        ({"strategy": "duration_ratio", "ratio": "1.01"}, "ratio_range"),
        ({"strategy": "duration_ratio", "ratio": "NaN"}, "ratio_range"),
        ({"strategy": "duration_ratio", "ratio": True}, "ratio_range"),
        ({"strategy": "duration_ratio", "ratio": "most"}, "ratio_range"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused_with_a_sentence(filed: Any, cause: str) -> None:
    with pytest.raises(InvalidError) as refused:
        rules.plan_from_json(filed)

    assert refused.value.code == f"awards.plan.{cause}"
    assert words.of_error(refused.value)


def test_the_refusal_of_an_unknown_strategy_names_those_that_exist() -> None:
    with pytest.raises(InvalidError) as refused:
        rules.plan_from_json({"strategy": "hainan"})

    assert words.of_error(refused.value) == (
        "没有“hainan”这种授分策略。可以用：windows、any、any_course、all_courses、"
        "prorata_hours、min_swipes、listed、duration_ratio。"
    )


def test_a_window_is_a_label_and_two_times_of_beijing() -> None:
    text = "晚点名,2013-05-18T21:00,2013-05-18T21:30"

    assert rules.window_from_text(text) == NIGHT
    assert rules.window_from_text(text.replace("晚点名", "晚,二")).label == "晚,二"
    assert rules.window_from_text("晚点名,2013-05-18T13:00Z,2013-05-18T13:30+00:00") == NIGHT


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("晚点名", "window_malformed"),
        ("晚点名,21:00,21:30", "window_malformed"),
        (",2013-05-18T21:00,2013-05-18T21:30", "window_malformed"),
        ("晚点名,2013-05-18T21:30,2013-05-18T21:30", "window_empty"),
        ("晚点名,2013-05-18T22:00,2013-05-18T21:30", "window_empty"),
    ],
)
def test_a_window_that_cannot_be_read_or_is_empty_is_refused(text: str, cause: str) -> None:
    with pytest.raises(InvalidError) as refused:
        rules.window_from_text(text)

    assert refused.value.code == f"awards.plan.{cause}"
    assert words.of_error(refused.value)


OWN = Plan(Strategy.ALL_COURSES, ("c1",), listed=("162700123",))


def test_without_options_the_batchs_own_plan_stands() -> None:
    assert rules.plan_from_options(OWN) is OWN


def test_options_make_a_plan_of_their_own_and_take_the_filed_list() -> None:
    found = rules.plan_from_options(OWN, strategy="listed", listed=("162700456",))

    assert found == Plan(Strategy.LISTED, listed=("162700456",))


@pytest.mark.parametrize("own", [OWN, Plan(Strategy.LISTED, listed=("162700123",))])
def test_a_list_that_the_batch_has_not_is_refused_with_the_way_to_give_one(own: Plan) -> None:
    with pytest.raises(InvalidError) as refused:
        rules.plan_from_options(own, strategy="listed")

    assert words.of_error(refused.value) == (
        "按名单授分要有名单，这个期次没有，照这样谁也得不到学分。"
        "请在项目文件里给这个期次的 plan 写上 listed（得分人员的人员编号），重新导入项目，"
        "再用 --strategy listed 授分；没有名单，就换一种策略。"
    )


@pytest.mark.parametrize(
    ("options", "strategy"),
    [
        ({"min_swipes": "3"}, Strategy.MIN_SWIPES),
        ({"ratio": "0.7"}, Strategy.DURATION_RATIO),
        ({"windows": ("晚点名,2013-05-18T21:00,2013-05-18T21:30",)}, Strategy.ALL_COURSES),
    ],
)
def test_without_a_strategy_the_figure_given_tells_it(
    options: dict[str, Any], strategy: Strategy
) -> None:
    assert rules.plan_from_options(OWN, **options).strategy is strategy


def test_windows_alone_mean_the_strategy_of_windows_where_the_batchs_own_asks_for_none() -> None:
    text = "晚点名,2013-05-18T21:00,2013-05-18T21:30"

    plan = rules.plan_from_options(Plan(Strategy.ANY), windows=(text,))

    assert plan == Plan(Strategy.WINDOWS, (NIGHT,))


def test_two_figures_without_a_strategy_are_refused() -> None:
    with pytest.raises(InvalidError) as refused:
        rules.plan_from_options(OWN, min_swipes=2, ratio="0.8")

    assert refused.value.code == "awards.plan.strategy_unclear"


@pytest.mark.parametrize(
    ("plan", "cause"),
    [
        (Plan(Strategy.WINDOWS, ("s9",)), "session_unknown"),
        (Plan(Strategy.ANY, ("s9",)), "session_unknown"),
        (Plan(Strategy.ALL_COURSES), "no_courses"),
        (Plan(Strategy.ANY_COURSE), "no_courses"),
        (Plan(Strategy.PRORATA_HOURS), "no_courses"),
        (Plan(Strategy.PRORATA_HOURS, ("s1",)), "hours_missing"),
    ],
)
def test_a_plan_that_asks_for_what_the_batch_has_not_is_refused(plan: Plan, cause: str) -> None:
    with pytest.raises(InvalidError) as refused:
        rules.resolve(plan, occasion(SIGN_IN))

    assert refused.value.code == f"awards.plan.{cause}"
    assert words.of_error(refused.value)


def test_windows_of_a_batch_without_sessions_must_be_given() -> None:
    with pytest.raises(InvalidError) as refused:
        rules.resolve(Plan(Strategy.WINDOWS), occasion())

    assert refused.value.code == "awards.plan.no_windows"
    assert rules.resolve(Plan(Strategy.WINDOWS, (NIGHT,)), occasion()).windows == (NIGHT,)


def test_courses_of_no_hours_give_no_proportion() -> None:
    idle = slot("c", "08:00", "09:00", course=True, hours=0)
    with pytest.raises(InvalidError) as refused:
        brief(Strategy.PRORATA_HOURS, idle)

    assert refused.value.code == "awards.plan.hours_missing"


@pytest.mark.parametrize("end", ["12:00", "14:00"])
def test_duration_needs_a_clock_time_of_the_end_that_is_later_than_that_of_the_start(
    end: str,
) -> None:
    with pytest.raises(InvalidError) as refused:
        brief(Strategy.DURATION_RATIO, start="14:00", end=end, last_day=19)

    assert refused.value.code == "awards.plan.no_teaching_hours"
    assert words.of_error(refused.value)


def test_a_session_is_found_by_its_label_too() -> None:
    found = brief(Strategy.WINDOWS, *DAY, windows=("下午签退",))

    assert [window.start for window in found.windows] == [at("17:00")]


def test_a_window_of_a_sessions_name_keeps_the_sessions_hours() -> None:
    moved = Window("上午课", at("08:00"), at("12:00"))

    found = brief(Strategy.PRORATA_HOURS, *DAY, windows=(moved, "c2"))

    assert (found.windows[0].hours, found.whole_hours) == (300, 600)
