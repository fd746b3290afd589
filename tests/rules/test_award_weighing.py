"""考情试算 agrees with judging, whatever the plan, the swipes and the person."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.awards import rules
from app.awards.rules import weighing
from app.awards.terms import Brief, Situation, Strategy, Stretch, Window
from tests.rules.test_award_properties import OFTEN, briefs, swipes
from tests.support.occasions import DAY, MINUTE, SIGN_IN, SIGN_OUT, at, brief

situations = st.builds(
    Situation,
    cancelled=st.booleans(),
    other_unit=st.booleans(),
    denied=st.sampled_from(["", "代人刷卡"]),
    lecturing=st.booleans(),
    held=st.one_of(st.just(()), st.just((Stretch(at("09:00"), at("11:00"), "别的项目"),))),
)


@OFTEN
@given(briefs(), st.lists(swipes, max_size=6), st.dictionaries(st.integers(0, 5), situations))
def test_who_earns_is_who_is_granted(
    by: Brief, crowd: list[list[int]], known: dict[int, Situation]
) -> None:
    people = [(one, sorted(taps)) for one, taps in enumerate(crowd)]

    free, rest = weighing.able(people, known)
    earned = weighing.earners(by, free)

    verdicts = rules.judge_all(by, people, known)
    assert earned == {one.person_id for one in verdicts if one.granted}
    assert len(free) + len(rest) == len(people)
    missing = sum(one.count for one in weighing.misses(by, free, earned))
    assert missing == len(free) - len(earned)


@OFTEN
@given(briefs(), swipes)
def test_who_is_near_lacks_ten_minutes_at_most_of_everything(by: Brief, taps: list[int]) -> None:
    people = [(7, sorted(taps))] if taps else []

    found = weighing.near(by, people, weighing.earners(by, people))

    for one in found:
        gaps = [reason.missed_by or 0 for reason in rules.judge(by, 7, taps).reasons]
        assert 0 < one.lacking <= 600
        assert by.strategy is Strategy.LISTED or max(gaps) == one.lacking


def test_nearness_ends_at_ten_minutes() -> None:
    asked = brief(Strategy.WINDOWS, *DAY, windows=("s1", "s2"))
    clocks = {1: ("08:00", "16:50"), 2: ("08:00", "16:49:59"), 3: ("08:39", "16:55")}
    people = [(one, [at(clock) for clock in some]) for one, some in clocks.items()]

    found = weighing.near(asked, people, set())

    assert [(one.person_id, one.lacking) for one in found] == [(3, 540), (1, 600)]


def test_a_window_counts_who_is_in_it_and_who_is_near_it() -> None:
    morning = Window(SIGN_IN.label, SIGN_IN.start, SIGN_IN.end)
    evening = Window(SIGN_OUT.label, SIGN_OUT.start, SIGN_OUT.end)
    people = [
        (1, [at("07:30"), at("18:00")]), (2, [at("08:29:59")]), (3, [at("08:35")]),
        (4, [at("07:19")]), (5, [at("07:20")]), (6, [at("09:00"), at("17:00")]),
    ]  # fmt: skip

    counts = weighing.window_counts((morning, evening), people)

    assert [(one.inside, one.close) for one in counts] == [(2, 2), (1, 1)]


@OFTEN
@given(st.lists(swipes, min_size=1, max_size=6), st.integers(1, 60))
def test_a_wider_window_never_takes_credit_away(crowd: list[list[int]], minutes: int) -> None:
    asked = brief(Strategy.WINDOWS, *DAY, windows=("s1", "s2"))
    people = [(one, sorted(taps)) for one, taps in enumerate(crowd) if taps]
    wider = replace(
        asked,
        windows=tuple(replace(one, start=one.start - minutes * MINUTE) for one in asked.windows),
        start=asked.start - minutes * MINUTE,
    )

    assert weighing.earners(asked, people) <= weighing.earners(wider, people)
