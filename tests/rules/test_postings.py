"""任职经历 — stretches in units and departments, as moves, undoing and merging leave them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.people.rules.postings import joined, moved, present, taken_back
from app.people.terms import ALWAYS, Posting, PostingAct

MARCH, JUNE = date(2013, 3, 1), date(2013, 6, 1)
A, B, C, D = (1, 11), (1, 12), (2, None), (1, 13)
RANK = ("护师", "")
NEW = (Posting(1, 11, MARCH, PostingAct.NEW),)
MOVES = st.lists(
    st.tuples(
        st.sampled_from([A, B, C, D]), st.integers(0, 2), st.sampled_from(PostingAct), st.booleans()
    ),
    max_size=8,
)


def went(
    told: tuple[Posting, ...], home: tuple[int, int | None], day: date, act: PostingAct
) -> tuple[Posting, ...]:
    now = present(told)
    was = A if now is None else now.home
    return moved(told, home, was=was, rank=RANK, day=day, act=act)


def test_whoever_goes_elsewhere_stood_where_they_were_until_that_day() -> None:
    past, now = went(NEW, B, JUNE, PostingAct.FORM)

    assert (past.home, past.from_on, past.until_on) == (A, MARCH, JUNE)
    assert (past.ended, past.title) == (PostingAct.FORM, "护师")
    assert (now.home, now.from_on, now.until_on, now.began) == (B, JUNE, None, PostingAct.FORM)


def test_of_whom_nothing_is_told_it_is_not_known_since_when() -> None:
    past, now = went((), B, JUNE, PostingAct.TRANSFER)

    assert (past.home, past.from_on, past.began) == (A, ALWAYS, PostingAct.BEFORE)
    assert now.home == B


def test_the_last_word_of_a_day_holds() -> None:
    there = went(NEW, B, JUNE, PostingAct.IMPORT)

    elsewhere = went(there, D, JUNE, PostingAct.FORM)
    assert [one.home for one in elsewhere] == [A, D]
    assert (elsewhere[0].ended, elsewhere[1].began) == (PostingAct.FORM, PostingAct.FORM)
    assert went(elsewhere, A, JUNE, PostingAct.FORM) == NEW
    assert went(NEW, B, MARCH, PostingAct.FORM) == (Posting(1, 12, MARCH, PostingAct.NEW),)


def test_who_leaves_a_unit_on_the_day_they_came_was_there() -> None:
    past, now = went(NEW, C, MARCH, PostingAct.TRANSFER)

    assert (past.home, past.from_on, past.until_on) == (A, MARCH, MARCH)
    assert (now.home, now.began) == (C, PostingAct.TRANSFER)


def test_what_an_import_said_was_never_so_once_it_is_taken_back() -> None:
    day = JUNE + timedelta(days=1)
    back = {"was": B, "rank": RANK, "day": day}

    assert taken_back(went(NEW, B, JUNE, PostingAct.IMPORT), A, **back) == NEW
    by_hand = taken_back(went(NEW, B, JUNE, PostingAct.FORM), A, **back)
    assert [one.home for one in by_hand] == [A, B, A]
    assert by_hand[-1].began is PostingAct.UNDO


def test_two_records_of_one_person_have_one_history() -> None:
    other = went((Posting(1, 12, ALWAYS, PostingAct.BEFORE),), C, JUNE, PostingAct.TRANSFER)

    both = joined(NEW, other, rank=("医师", ""), day=JUNE)
    assert [(one.home, one.until_on) for one in both] == [(A, None), (B, JUNE), (C, JUNE)]
    assert (both[-1].ended, both[-1].title) == (PostingAct.MERGE, "医师")

    same = joined(NEW, (Posting(1, 11, ALWAYS, PostingAct.BEFORE),), rank=RANK, day=JUNE)
    assert same == (Posting(1, 11, ALWAYS, PostingAct.BEFORE),)


@given(MOVES)
def test_stretches_follow_each_other_and_the_last_is_where_somebody_stands(
    moves: list[tuple[tuple[int, int | None], int, PostingAct, bool]],
) -> None:
    told, day, home = NEW, MARCH, A

    for to, days, act, undone in moves:
        day += timedelta(days=days)
        if undone:
            told = taken_back(told, to, was=home, rank=RANK, day=day)
        else:
            told = went(told, to, day, act)
        home = to

    now = present(told)
    assert now is not None
    assert now.home == home
    ordered = sorted(told, key=lambda one: (one.from_on, one.until_on or date.max))
    assert ordered[0].from_on == MARCH
    for one, following in pairwise(ordered):
        assert following.from_on == one.until_on
        assert one.from_on < following.from_on or one.unit_id != following.unit_id
    assert ordered[-1] is now
