"""修正时钟 — proposed where it is clear, and nowhere else; what it makes of cards and repeats."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.rules import Moved, Occasion, counts_at, repeating, shift_of
from tests.support.occasions import HOUR, MINUTE, at

SPANS = [(at("07:30"), at("08:30")), (at("17:00"), at("18:00"))]


def day(*, late_by: int, people: int = 30) -> dict[int, int]:
    """People who came and went as asked, by a clock that is so many minutes late."""
    first = {at("07:40") + n * MINUTE: 1 for n in range(people)}
    last = {at("17:05") + n * MINUTE: 1 for n in range(people)}
    return {moment - late_by * MINUTE: 1 for moment in first | last}


@pytest.mark.parametrize("wrong", [-12 * 60, -8 * 60, -60, 60, 95, 8 * 60])
def test_a_clock_that_is_hours_wrong_is_found_out(wrong: int) -> None:
    shift = shift_of(day(late_by=wrong), SPANS)

    assert shift is not None
    assert abs(shift - wrong) <= 20  # the windows are that much wider


@pytest.mark.parametrize(
    "swipes",
    [
        day(late_by=0),
        day(late_by=5),
        day(late_by=60, people=4),
        {at("10:00") + n * 20 * MINUTE: 1 for n in range(30)},
        {at("12:00") + n * MINUTE: 1 for n in range(30)},
        {},
    ],
    ids=["right", "a little late", "too few", "spread over the day", "noon alone", "nothing"],
)
def test_what_is_not_clear_is_not_proposed(swipes: dict[int, int]) -> None:
    assert shift_of(swipes, SPANS) is None


def test_those_who_swiped_at_noon_hide_nothing() -> None:
    noon = {at("12:00") - 3 * HOUR + n * MINUTE: 1 for n in range(15)}

    shift = shift_of(day(late_by=180) | noon, SPANS)

    assert shift is not None
    assert abs(shift - 180) <= 20


def test_without_windows_there_is_nothing_to_fit() -> None:
    assert shift_of(day(late_by=60), []) is None


@given(st.dictionaries(st.integers(0, 24 * HOUR).map(lambda ms: at("00:00") + ms), st.just(1)))
def test_a_proposal_puts_two_of_three_into_the_windows(swipes: dict[int, int]) -> None:
    shift = shift_of(swipes, SPANS)

    if shift is not None:
        moved = [moment + shift * MINUTE for moment in swipes]
        held = [any(start <= one < end for start, end in SPANS) for one in moved]
        assert sum(held) * 3 >= len(moved) * 2


# One session until 08:30, and one after it.
OCCASION = Occasion(1, "1.", MINUTE, (at("07:30"), at("08:30")), (at("08:30"), at("18:00")))


def swipe(before: str, after: str = "", *, repeat: bool = False) -> Moved:
    return Moved(at(before), at(after or before), repeat)


@pytest.mark.parametrize(
    ("swipes", "repeats"),
    [
        # What another terminal has counted is repeated by what is moved beside it, and vice versa.
        ([swipe("08:00:00"), swipe("05:00:30", "08:00:30")], (False, True)),
        ([swipe("08:00:00"), swipe("04:59:30", "07:59:30")], (True, False)),
        # What repeated another is alone when that is moved away.
        ([swipe("08:00:00", "11:00:00"), swipe("08:00:30", repeat=True)], (False, False)),
        # Two of one terminal stay as they were, unless a new session opens between them.
        ([swipe("05:00", "08:00"), swipe("05:00:30", "08:00:30", repeat=True)], (False, True)),
        ([swipe("05:00", "08:29:45"), swipe("05:00:30", "08:30:15", repeat=True)], (False, False)),
        # The terminal said so, whatever the time.
        ([swipe("05:00", "08:00"), swipe("06:00", "09:00", repeat=True)], (False, True)),
        ([], ()),
    ],
)
def test_at_their_new_time_swipes_repeat_others_or_no_more(
    swipes: list[Moved], repeats: tuple[bool, ...]
) -> None:
    assert repeating(OCCASION, swipes) == repeats


moments = st.integers(0, 20).map(lambda n: at("08:25:00") + n * 20_000)


@given(st.lists(st.tuples(moments, st.booleans()), unique=True, max_size=12), st.integers(-9, 9))
def test_a_repair_that_is_taken_back_leaves_the_repeats_as_they_were(
    taps: list[tuple[int, bool]], steps: int
) -> None:
    shift = steps * 20_000
    still = repeating(OCCASION, [Moved(moment, moment, False) for moment, _ in taps])
    there = [
        Moved(moment, moment + shift * of_it, repeat)
        for (moment, of_it), repeat in zip(taps, still, strict=True)
    ]
    moved = repeating(OCCASION, there)
    back = [Moved(one.after, one.before, repeat) for one, repeat in zip(there, moved, strict=True)]

    assert repeating(OCCASION, back) == still
    counted = sorted(one.after for one, repeat in zip(there, moved, strict=True) if not repeat)
    assert not any(OCCASION.repeats(b, a) for a, b in itertools.pairwise(counted))


@pytest.mark.parametrize(
    ("clock", "facts", "counts"),
    [
        ("15:59", {"counted": True}, True),
        ("16:00", {"counted": True}, False),
        ("16:00", {"counted": True, "by_hand": True}, True),
        ("15:59", {"waits": True}, True),
        ("16:00", {"waits": True, "by_hand": True}, False),
        ("15:59", {}, False),
    ],
)
def test_a_swipe_counts_until_its_card_was_lost(
    clock: str, facts: dict[str, bool], counts: bool
) -> None:
    told = {"counted": False, "waits": False, "by_hand": False} | facts

    assert counts_at(at(clock), at("16:00"), **told) is counts
    assert counts_at(at(clock), None, **told) is (told["counted"] or told["waits"])
