"""Properties: what holds for every plan, every crowd of swipes and every situation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.awards import rules
from app.awards.rules.swipes import clusters, effective
from app.awards.terms import (
    Brief,
    Cause,
    Limits,
    Occasion,
    Plan,
    Progress,
    Reason,
    Situation,
    Slot,
    Stage,
    Strategy,
    Stretch,
    Uncounted,
    Why,
)
from tests.support.occasions import HOUR, MINUTE, SAY, at

# No deadline: how long an example takes says nothing about the product.
OFTEN = settings(max_examples=300, deadline=None)
START = at("08:00")
DAYS = 2 * 24 * HOUR
STRATEGIES = st.sampled_from(Strategy)
# Around the batch and on its edges; a second's grid, so that edges are met and repeats are near.
moments = st.one_of(
    st.integers(-4 * 3600, 2 * 24 * 3600 + 4 * 3600).map(lambda second: START + second * 1000),
    st.integers(-8, 104).map(lambda half_hour: START + half_hour * 30 * MINUTE),
    st.integers(0, 300).map(lambda second: START + second * 1000),
)
swipes = st.lists(moments, max_size=10)


@st.composite
def slots(draw: st.DrawFn) -> tuple[Slot, ...]:
    found = [Slot("c0", "第一课", True, START + HOUR, START + 3 * HOUR, 200)]
    for number in range(draw(st.integers(0, 4))):
        start = START + draw(st.integers(-2, 90)) * 30 * MINUTE
        length = draw(st.integers(1, 8)) * 30 * MINUTE
        hours = draw(st.integers(0, 80)) * 5
        course = draw(st.booleans())
        label = draw(st.sampled_from(["签到", f"时段{number}"]))
        found.append(Slot(f"x{number}", label, course, start, start + length, hours))
    return tuple(found)


def _halves_down(hundredths: int) -> int:
    return hundredths // 50 * 50


limits = st.builds(Limits, st.none() | st.integers(0, 800), st.none() | st.integers(0, 800))
occasions = st.builds(
    Occasion,
    start=st.just(START),
    end=st.just(START + DAYS - 14 * HOUR),
    slots=slots(),
    credits=st.integers(0, 1000),
    suppress=st.sampled_from([0, 60_000, 600_000]),
    limits=limits,
    rounding=st.sampled_from([None, _halves_down]),
)


@st.composite
def briefs(draw: st.DrawFn, strategies: st.SearchStrategy[Strategy] = STRATEGIES) -> Brief:
    strategy, occasion = draw(strategies), draw(occasions)
    # Naming none is always possible: there is one course with hours.
    named = draw(st.lists(st.sampled_from([slot.key for slot in occasion.slots]), max_size=3))
    if strategy is Strategy.PRORATA_HOURS and named:
        named.append("c0")
    ratio = draw(st.sampled_from([None, Decimal("0.3"), Decimal("0.95")]))
    plan = Plan(strategy, tuple(named), draw(st.none() | st.integers(1, 4)), ratio)
    return rules.resolve(plan, occasion, draw(st.sampled_from([(7,), (8,)])))


stretches = st.builds(
    lambda start, length: Stretch(start, start + length, "急救新技术"),
    moments,
    st.integers(0, 4 * HOUR),
)
situations = st.builds(
    Situation,
    cancelled=st.booleans(),
    other_unit=st.booleans(),
    denied=st.sampled_from(["", "代人刷卡"]),
    lecturing=st.booleans(),
    uncounted=st.lists(st.builds(Uncounted, st.sampled_from(Cause), moments), max_size=2).map(
        tuple
    ),
    held=st.lists(stretches, max_size=2).map(tuple),
    used_project=st.integers(0, 900),
    used_year=st.integers(0, 900),
)
# Half of all people are such that only their swipes matter.
any_situation = st.one_of(st.just(Situation()), situations)


@OFTEN
@given(briefs(), swipes, any_situation, st.randoms(use_true_random=False))
def test_the_order_of_swipes_does_not_matter(by, found, situation, chance) -> None:  # type: ignore[no-untyped-def]
    mixed = list(found)
    chance.shuffle(mixed)

    assert rules.judge(by, 7, mixed, situation) == rules.judge(by, 7, found, situation)


@OFTEN
@given(
    briefs(),
    st.dictionaries(st.integers(1, 9), swipes, max_size=6),
    st.dictionaries(st.integers(1, 9), situations, max_size=3),
)
def test_everybody_gets_exactly_one_verdict_and_sifting_gives_the_same(
    by: Brief, crowd: dict[int, list[int]], known: dict[int, Situation]
) -> None:
    people = [(person, sorted(found)) for person, found in crowd.items()]

    verdicts = rules.judge_all(by, people, known)
    plain, rest = rules.sift(by, people, known)

    assert [verdict.person_id for verdict in verdicts] == list(crowd)
    whole = [
        verdict
        for verdict in verdicts
        if verdict.granted and not verdict.reasons and verdict.person_id in set(plain)
    ]
    assert [verdict.person_id for verdict in whole] == plain
    assert all(verdict.net == verdict.gross == by.credits for verdict in whole)
    assert rest == [verdict for verdict in verdicts if verdict.person_id not in set(plain)]
    assert rules.outcome_of(len(plain), rest, 2, 3) == rules.outcome_of(0, verdicts, 2, 3)


@OFTEN
@given(briefs(), swipes)
def test_whoever_is_granted_in_full_without_a_word_is_found_by_the_fast_way(
    by: Brief, found: list[int]
) -> None:
    verdict = rules.judge(by, 7, found)

    plain, _ = rules.sift(by, [(7, sorted(found))], {})

    silent = verdict.granted and not verdict.reasons and verdict.net == by.credits
    assert bool(plain) == silent


@OFTEN
@given(briefs(), swipes, moments, situations)
def test_one_more_swipe_never_takes_credit_away(
    by: Brief, found: list[int], extra: int, situation: Situation
) -> None:
    # Being in two places at once is the one thing that a further swipe can bring to light.
    alone = replace(situation, held=())

    before = rules.judge(by, 7, found, alone)
    after = rules.judge(by, 7, [*found, extra], alone)

    assert after.granted or not before.granted
    assert after.net >= before.net


@OFTEN
@given(
    st.lists(st.integers(0, 400), max_size=12),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 150)), max_size=4),
    st.integers(0, 120),
)
def test_one_more_swipe_never_lowers_the_count(
    found: list[int], extra: int, spans: list[tuple[int, int]], suppress: int
) -> None:
    joined = clusters((start, start + length) for start, length in spans)

    before = effective(sorted(found), joined, suppress)
    after = effective(sorted([*found, extra]), joined, suppress)

    assert before <= after <= before + 1


@OFTEN
@given(briefs(st.sampled_from([Strategy.WINDOWS, Strategy.ALL_COURSES])), swipes)
def test_windows_grant_exactly_when_each_window_holds_a_swipe(by: Brief, found: list[int]) -> None:
    hit = [any(w.start <= swipe < w.end for swipe in found) for w in by.windows]

    verdict = rules.judge(by, 7, found)

    assert verdict.granted is all(hit)
    if any(by.start <= swipe < by.end for swipe in found):
        missed = [w.label for w, held in zip(by.windows, hit, strict=True) if not held]
        assert [reason.window for reason in verdict.reasons if reason.window] == missed


@OFTEN
@given(briefs(), swipes, any_situation)
def test_every_refusal_has_a_reason_in_the_fixed_order_and_words_for_it(
    by: Brief, found: list[int], situation: Situation
) -> None:
    verdict = rules.judge(by, 7, found, situation)

    order = [list(Why).index(reason.why) for reason in verdict.reasons]
    assert order == sorted(order)
    assert verdict.granted or verdict.reasons
    assert all(rules.sentence(reason, SAY) for reason in verdict.reasons)


@OFTEN
@given(briefs(), swipes, any_situation)
def test_what_is_missed_is_missed_by_the_distance_of_the_nearest_swipe(
    by: Brief, found: list[int], situation: Situation
) -> None:
    for reason in rules.judge(by, 7, found, situation).reasons:
        if reason.nearest is None:
            continue
        facts = dict(reason.facts)
        start, end = int(facts["start"]), int(facts["end"])
        gaps = [max(start - swipe, swipe - end) for swipe in found]
        assert reason.nearest in found
        assert max(start - reason.nearest, reason.nearest - end) == min(gaps)
        assert reason.missed_by == max(1, -(-min(gaps) // 1000))


@OFTEN
@given(briefs(), swipes, any_situation)
def test_amounts_never_grow_on_the_way_and_only_a_cap_makes_them_shrink(
    by: Brief, found: list[int], situation: Situation
) -> None:
    verdict = rules.judge(by, 7, found, situation)

    caps = [r for r in verdict.reasons if r.why in {Why.CAP_PROJECT, Why.CAP_YEAR}]
    assert 0 <= verdict.net <= verdict.gross <= by.credits
    assert (verdict.net < verdict.gross) == (verdict.cap is not None) == (len(caps) == 1)
    if verdict.granted:
        for limit, used in (
            (by.limits.project, situation.used_project),
            (by.limits.year, situation.used_year),
        ):
            assert limit is None or verdict.net <= max(0, limit - used)


@OFTEN
@given(briefs(), swipes, any_situation, st.integers(1, 4))
def test_an_award_is_the_same_however_the_swipes_were_split_into_files(
    by: Brief, found: list[int], situation: Situation, parts: int
) -> None:
    files = [found[part::parts] for part in range(parts)]
    arrived = [swipe for file in reversed(files) for swipe in file]

    assert rules.judge(by, 7, arrived, situation) == rules.judge(by, 7, found, situation)


@OFTEN
@given(
    briefs(), swipes, any_situation, st.booleans(), st.sampled_from(Stage), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_an_explanation_grants_exactly_when_all_its_checks_pass_and_never_against_the_verdict(
    by: Brief,
    found: list[int],
    situation: Situation,
    stands: bool,
    stage: Stage,
    recorded: bool,
    card_known: bool,
) -> None:
    assume(recorded or not (found or situation.uncounted))
    verdict = rules.judge(by, 7, found, situation)

    explanation = rules.explain(
        by, 7, found, situation,
        verdict=verdict if stands else None,
        progress=Progress(stage, 4),
        recorded=recorded or stands,
        card_known=card_known,
    )  # fmt: skip

    settled = stands and stage not in {Stage.IN_REVIEW, Stage.RETURNED}
    assert explanation.granted == (verdict.granted and settled)
    assert explanation.granted == all(check.passed for check in explanation.checks)
    assert explanation.granted or explanation.reasons
    if stands:
        assert (
            explanation.reasons[-len(verdict.reasons) :] == verdict.reasons or not verdict.reasons
        )
    assert all(rules.detail(check, SAY) for check in explanation.checks)
    assert rules.next_step(explanation.next_step, SAY)


@OFTEN
@given(briefs(), swipes, situations)
@example(
    rules.resolve(Plan(Strategy.LISTED), Occasion(START, START + HOUR, (), 500), (8,)),
    [],
    Situation(cancelled=True, uncounted=(Uncounted(Cause.LOST, START),)),
)
def test_what_an_explanation_names_once_repaired_makes_the_award_succeed(
    by: Brief, found: list[int], situation: Situation
) -> None:
    verdict = rules.judge(by, 7, found, situation)
    # At most: what bars, then a first swipe in the period, then the strategy, then a clash that
    # the repairing swipes themselves brought.
    for _ in range(4):
        if not verdict.granted:
            for reason in verdict.reasons:
                by, found, situation = _repaired(reason, by, found, situation)
            verdict = rules.judge(by, 7, found, situation)

    assert verdict.granted


@pytest.mark.parametrize("why", list(Why)[: list(Why).index(Why.CARD_UNKNOWN)])
def test_no_reason_of_a_verdict_is_without_its_repair(why: Why) -> None:
    without_input = {Why.NOT_REGISTERED, Why.EXAM, Why.EVALUATION}

    assert (why in _REPAIRED) is (why not in without_input)


_REPAIRED = {
    Why.PERSON_STATUS: {"cancelled": False},
    Why.OTHER_UNIT: {"other_unit": False},
    Why.LECTURER_ALREADY: {"lecturing": False},
    Why.OVERLAP: {"held": ()},
    Why.CARD_REVOKED: {"uncounted": ()},
    Why.CLOCK_SKEW: {"uncounted": ()},
    Why.MANUAL_DENIED: {"denied": ""},
    Why.NO_SWIPE: {},
    Why.OUT_OF_PERIOD: {},
    Why.WINDOW_MISSING: {},
    Why.TOO_FEW_SWIPES: {},
    Why.SHORT_DURATION: {},
    Why.CAP_PROJECT: {"used_project": 0},
    Why.CAP_YEAR: {"used_year": 0},
}


def _repaired(
    reason: Reason, by: Brief, found: Sequence[int], situation: Situation
) -> tuple[Brief, list[int], Situation]:
    """The input with what the reason names put right."""
    more: list[int] = []
    facts = dict(reason.facts)
    match reason.why:
        case Why.MANUAL_DENIED:
            by = replace(by, listed=frozenset({7}))
        case Why.CARD_REVOKED | Why.CLOCK_SKEW:
            more = [record.at for record in situation.uncounted]
        case Why.NO_SWIPE:
            more = [by.start]
        case Why.OUT_OF_PERIOD | Why.WINDOW_MISSING:
            more = [int(facts["start"])]
        case Why.TOO_FEW_SWIPES:
            lacking = int(facts["need"]) - int(facts["count"])
            more = _apart(by, found, lacking)
        case Why.SHORT_DURATION:
            more = [edge for _, opens, closes in by.days for edge in (opens, closes - 1)]
    changed: dict[str, object] = _REPAIRED[reason.why]  # type: ignore[assignment]
    return by, [*found, *more], replace(situation, **changed)  # type: ignore[arg-type]


def _apart(by: Brief, found: Sequence[int], lacking: int) -> list[int]:
    """So many swipes in the period, each far from every other."""
    free = [
        moment
        for moment in range(by.start, by.end, max(MINUTE, by.suppress))
        if all(abs(moment - swipe) >= by.suppress for swipe in found)
    ]
    return free[:lacking]
