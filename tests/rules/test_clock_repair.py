"""修正时钟 — proposed where it is clear, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.rules import shift_of
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
