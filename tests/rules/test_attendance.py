"""What becomes of a record, from values alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.rules import (
    ACCEPTED,
    AHEAD,
    CORRECT,
    DUPLICATE,
    FIRST_HOLD,
    HOLDS,
    LET_STAND,
    OFFSET_LIFE,
    Facts,
    Holder,
    Judging,
    Occasion,
    Offset,
    identity,
    judged_time,
    repeats_any,
)
from app.attendance.terms import Hold
from app.attendance.terms.drivers import Taps

NOW = 1_369_000_000_000
MORNING = Occasion(1, "1.", 60_000, (100_000, 200_000), (160_000, 260_000))


@pytest.mark.parametrize(
    ("away", "at", "hold"),
    [
        (0, 0, None),
        (LET_STAND, 0, None),
        (-LET_STAND, 0, None),
        (LET_STAND + 1, -LET_STAND - 1, None),
        (-LET_STAND - 1, LET_STAND + 1, None),
        (CORRECT, -CORRECT, None),
        (CORRECT + 1, -CORRECT - 1, Hold.CLOCK_SKEW),
        (-CORRECT - 1, CORRECT + 1, Hold.CLOCK_SKEW),
    ],
)
def test_the_judged_time_is_the_shown_one_within_a_minute(
    away: int, at: int, hold: Hold | None
) -> None:
    shown = NOW - 86_400_000

    assert judged_time(shown, shown - away, NOW) == (shown + at, hold)


def test_the_limit_of_the_future_belongs_to_the_present() -> None:
    assert judged_time(NOW + AHEAD, NOW + AHEAD, NOW)[1] is None
    assert judged_time(NOW + AHEAD + 1, NOW + AHEAD + 1, NOW)[1] is Hold.FUTURE_TIME
    assert judged_time(NOW + AHEAD + 1, None, NOW)[1] is Hold.FUTURE_TIME
    assert judged_time(NOW + AHEAD, None, NOW)[1] is Hold.UNSYNCED
    assert judged_time(NOW + 2 * AHEAD, NOW, NOW) == (NOW, Hold.CLOCK_SKEW)


def test_a_measured_offset_is_believed_for_a_day() -> None:
    offset = Offset(5_000, NOW)

    assert offset.true(NOW) == NOW + 5_000
    assert offset.true(NOW - 5_000 + OFFSET_LIFE) == NOW + OFFSET_LIFE
    assert offset.true(NOW - 5_000 + OFFSET_LIFE + 1) is None
    assert offset.true(NOW - 5_000 - OFFSET_LIFE - 1) is None


@pytest.mark.parametrize(
    ("person", "cards", "found"),
    [
        (None, (None, None), (None, Hold.UNKNOWN_CARD)),
        (7, (None, None), (7, None)),
        (7, (7, 7), (7, None)),
        (7, (8, None), (7, Hold.CARD_MISMATCH)),
        (7, (7, 8), (7, Hold.CARD_MISMATCH)),
        (None, (8, None), (8, None)),
        (None, (None, 9), (9, None)),
        (None, (8, 9), (8, Hold.CARD_MISMATCH)),
        (7, ((7, 100), None), (7, Hold.REVOKED_CARD)),
        (7, ((7, 101), None), (7, None)),
        (None, (None, (9, 100)), (9, Hold.REVOKED_CARD)),
        (7, (7, (7, 100)), (7, Hold.REVOKED_CARD)),
        (7, ((7, 100), 7), (7, None)),
        (7, ((8, 100), None), (7, Hold.CARD_MISMATCH)),
    ],
)
def test_who_swiped(
    person: int | None,
    cards: tuple[Holder | None, Holder | None],
    found: tuple[int | None, Hold | None],
) -> None:
    assert identity(person, cards, 100) == found


def test_sessions_are_half_open_and_outside_is_a_place_of_its_own() -> None:
    places = [MORNING.session_at(at) for at in (99_999, 100_000, 159_999, 160_000, 200_000)]

    assert places == [-1, 0, 0, -1, 1]
    assert not MORNING.repeats(100_000, 99_999)
    assert MORNING.repeats(159_999, 100_000)
    assert not MORNING.repeats(160_000, 159_999)
    assert MORNING.repeats(165_000, 160_000)
    assert not MORNING.repeats(100_000, 100_001)
    assert MORNING.repeats(100_000, 100_000)


def test_a_repeat_is_told_from_the_last_one_before() -> None:
    assert not repeats_any(MORNING, 120_000, ())
    assert not repeats_any(MORNING, 120_000, (120_001,))
    assert repeats_any(MORNING, 120_000, (119_000, 150_000))
    assert not repeats_any(MORNING, 99_000, (1_000,))


def taps(times: list[int], results: list[str] | None = None) -> Taps:
    size = len(times)
    return Taps(
        range(1, size + 1), ["B1"] * size, ["1"] * size, [None] * size, [None] * size, times,
        times, [0] * size, results or ["ok"] * size, [bytes(32)] * size,
    )  # fmt: skip


def facts(people: list[int | None], elsewhere: dict[tuple[int, int], list[int]]) -> Facts:
    size = len(people)
    return Facts([1] * size, people, [None] * size, [None] * size, [0] * size, elsewhere)


@given(
    st.lists(st.tuples(st.integers(90_000, 280_000), st.sampled_from([1, 2])), min_size=1),
    st.lists(st.integers(90_000, 280_000), max_size=3),
)
def test_counted_swipes_lie_apart_and_each_repeat_follows_one(
    swipes: list[tuple[int, int]], stored: list[int]
) -> None:
    swipes.sort()
    elsewhere = {(1, 1): sorted(stored)} if stored else {}
    judging = Judging(NOW, None, gap=False)
    judging.occasions.append(MORNING)

    decided = judging.decide(
        taps([at for at, _ in swipes]), facts([person for _, person in swipes], elsewhere)
    )

    counted: dict[int, list[int]] = {1: list(stored), 2: []}
    for (at, person), fate in zip(swipes, decided.fates, strict=True):
        close = any(MORNING.repeats(at, one) for one in counted[person])
        assert fate == (DUPLICATE if close else ACCEPTED)
        if fate == ACCEPTED:
            counted[person].append(at)


@given(st.lists(st.integers(90_000, 280_000), min_size=1), st.data())
def test_how_a_file_is_cut_into_chunks_changes_nothing(
    times: list[int], data: st.DataObject
) -> None:
    times.sort()
    cut = data.draw(st.integers(0, len(times)))
    whole, parts = Judging(NOW, None, gap=False), Judging(NOW, None, gap=False)
    for judging in (whole, parts):
        judging.occasions.append(MORNING)

    at_once = whole.decide(taps(times), facts([1] * len(times), {})).fates
    by_parts = [
        fate
        for part in (times[:cut], times[cut:])
        if part
        for fate in parts.decide(taps(part), facts([1] * len(part), {})).fates
    ]

    assert at_once == by_parts


def test_behind_a_gap_all_wait_and_their_clock_is_remembered() -> None:
    judging = Judging(NOW, None, gap=True)
    judging.occasions.append(MORNING)
    shown = taps([100_000, NOW + AHEAD + 1])

    decided = judging.decide(shown, facts([1, None], {}))

    assert decided.fates == [FIRST_HOLD + HOLDS.index(Hold.SEQ_GAP)] * 2
    assert decided.people == [1, 0]
    assert [held.clock_hold for held in decided.held] == [None, Hold.FUTURE_TIME]
