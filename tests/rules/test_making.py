"""制卡 — who may ask for which card, and until when it is made."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.holidays import is_working
from app.cards.rules import uids_read
from app.cards.terms import Card, CardId, CardNo, CardState
from app.making.rules import WORKING_DAYS, due_on, objection, old_card
from app.making.terms import Kind
from app.people.terms import PersonId, Status


def card(state: CardState, no: str = "1") -> Card:
    return Card(CardId(1), CardNo(no), PersonId(1), state, datetime(2013, 5, 1, tzinfo=UTC), None)


ACTIVE, LOST = card(CardState.ACTIVE, "a"), card(CardState.LOST, "b")


@pytest.mark.parametrize(
    ("kind", "cards", "said"),
    [
        (Kind.NEW, [], ""),
        (Kind.NEW, [ACTIVE], "making.order.has_card"),
        (Kind.NEW, [LOST], "making.order.has_card"),
        (Kind.REPLACEMENT, [LOST], ""),
        (Kind.REPLACEMENT, [LOST, ACTIVE], "making.order.not_lost"),
        (Kind.REPLACEMENT, [], "making.order.never_had"),
        (Kind.EXCHANGE, [ACTIVE], ""),
        (Kind.EXCHANGE, [LOST], "making.order.nothing_to_exchange"),
        (Kind.EXCHANGE, [], "making.order.nothing_to_exchange"),
    ],
)
def test_a_card_is_asked_for_by_whom_it_is_for(kind: Kind, cards: list[Card], said: str) -> None:
    assert objection(kind, Status.NORMAL, cards) == said
    assert objection(kind, Status.CANCELLED, cards) == "making.order.cancelled"


def test_the_new_card_comes_instead_of_the_one_in_use_or_the_last() -> None:
    assert [old_card(held) for held in ([], [LOST], [ACTIVE, LOST])] == ["", "b", "a"]


def test_a_batch_handed_in_before_the_national_day_is_due_after_it() -> None:
    # 29 September and 12 October 2024 are worked, a Sunday and a Saturday; 1 to 7 October are not.
    assert due_on(date(2024, 9, 20), is_working) == date(2024, 10, 23)


@given(st.dates(date(2006, 1, 1), date(2025, 11, 1)))
def test_twenty_working_days_lie_between_and_the_last_is_one(handed_in: date) -> None:
    due = due_on(handed_in, is_working)
    span = range(handed_in.toordinal() + 1, due.toordinal() + 1)

    assert sum(is_working(date.fromordinal(day)) for day in span) == WORKING_DAYS
    assert is_working(due)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("04a1b2c3", ["04A1B2C3"]),
        ("04:A1:B2:C3:D4:E5:F6", ["04A1B2C3D4E5F6"]),
        ("0077705923", ["04A1B2C3", "C3B2A104"]),
        ("4294967296", []),
        ("12345678901234567890123", []),
        ("王芳", []),
        ("", []),
    ],
)
def test_what_a_reader_types_is_a_chip_in_hex_or_four_bytes_as_a_number(
    typed: str, meant: list[str]
) -> None:
    assert [one.reveal() for one in uids_read(typed)] == meant
