"""Statuses with the day from which they hold."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.rules.history import in_force, newest, restated
from app.people.terms import ALWAYS, History, Status

MARCH, JUNE, SEPTEMBER = date(2013, 3, 1), date(2013, 6, 1), date(2013, 9, 1)
LEAVE: History = ((MARCH, Status.MATERNITY),)

DAYS = st.dates(date(2012, 1, 1), date(2014, 12, 31))
STATED = st.lists(st.tuples(st.sampled_from(Status), DAYS | st.just(ALWAYS)), max_size=6)


def told(stated: list[tuple[Status, date]]) -> History:
    history: History = ()
    for status, since in stated:
        history = restated(history, status, since)
    return history


def test_before_a_dated_status_the_person_was_normal() -> None:
    history = restated((), Status.CANCELLED, JUNE)

    assert in_force(history, JUNE - timedelta(days=1)) is Status.NORMAL
    assert in_force(history, JUNE) is Status.CANCELLED


def test_a_status_without_a_day_always_held() -> None:
    history = restated(LEAVE, Status.NOT_COUNTED, ALWAYS)

    assert history == ((ALWAYS, Status.NOT_COUNTED),)
    assert in_force(history, date(1990, 1, 1)) is Status.NOT_COUNTED


def test_coming_back_keeps_the_leave_that_was() -> None:
    history = restated(LEAVE, Status.NORMAL, SEPTEMBER)

    assert [in_force(history, day) for day in (MARCH, JUNE, SEPTEMBER)] == [
        Status.MATERNITY, Status.MATERNITY, Status.NORMAL
    ]  # fmt: skip


@pytest.mark.parametrize("since", [date(2013, 2, 1), JUNE], ids=["earlier", "later"])
def test_the_same_status_with_another_day_corrects_the_day(since: date) -> None:
    assert restated(LEAVE, Status.MATERNITY, since) == ((since, Status.MATERNITY),)


def test_a_dated_status_takes_the_place_of_one_that_always_held() -> None:
    always = restated((), Status.CANCELLED, ALWAYS)

    assert restated(always, Status.CANCELLED, JUNE) == ((JUNE, Status.CANCELLED),)


@given(STATED, st.sampled_from(Status), DAYS)
def test_what_is_stated_holds_from_its_day_on(
    stated: list[tuple[Status, date]], status: Status, since: date
) -> None:
    history = restated(told(stated), status, since)

    assert in_force(history, since) is in_force(history, date.max) is newest(history) is status


@given(STATED, st.sampled_from(Status), DAYS | st.just(ALWAYS))
def test_stating_a_thing_twice_changes_nothing(
    stated: list[tuple[Status, date]], status: Status, since: date
) -> None:
    once = restated(told(stated), status, since)

    assert restated(once, status, since) == once
    assert list(once) == sorted(once)
