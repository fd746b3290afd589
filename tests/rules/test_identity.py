"""Numbers of identity and telephones."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.rules.identity import IdCard, Refusal, check_sign, id_card, phone
from app.people.terms import Sex

TODAY = date(2013, 5, 25)
BORN = st.dates(date(1900, 1, 1), TODAY)


def number_of(born: date, order: int) -> str:
    first_17 = f"999999{born:%Y%m%d}{order:03d}"
    return first_17 + check_sign(first_17)


def test_the_check_sign_is_that_of_the_standard() -> None:
    assert check_sign("11010519491231002") == "X"  # the example of GB 11643-1999


@given(BORN, st.integers(0, 999))
def test_a_card_tells_birthday_and_sex(born: date, order: int) -> None:
    number = number_of(born, order)

    card = id_card(number, TODAY)

    assert card == IdCard(number, born, Sex.MALE if order % 2 else Sex.FEMALE)


@given(BORN, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(born: date, order: int, at: int, by: int) -> None:
    number = number_of(born, order)
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]

    assert isinstance(id_card(wrong, TODAY), Refusal)


@given(BORN, st.integers(0, 999), st.integers(0, 16))
def test_two_digits_changed_about_are_always_found(born: date, order: int, at: int) -> None:
    number = number_of(born, order)
    wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]

    assert wrong == number or isinstance(id_card(wrong, TODAY), Refusal)


def test_an_old_card_of_15_digits_is_the_same_identity_as_its_successor() -> None:
    new = number_of(date(1972, 11, 2), 1)
    old = new[:6] + new[8:17]

    assert len(old) == 15
    assert id_card(old, TODAY) == id_card(new, TODAY)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("99999919800314002", "people.import.id_length"),
        ("9999991980031400201", "people.import.id_length"),
        ("", "people.import.id_length"),
        ("9999991980O3140020", "people.import.id_signs"),
        ("99999919800314002x", "people.import.id_signs"),
        ("999999801332002", "people.import.id_birthday"),
        ("999999199102300020", "people.import.id_birthday"),
        ("999999201401010026", "people.import.id_unborn"),
        ("999999198003140000", "people.import.id_rounded"),
        ("999999198003140027", "people.import.id_check"),
    ],
)
def test_an_impossible_number_says_what_is_wrong_with_it(number: str, code: str) -> None:
    assert id_card(number, TODAY) == Refusal(code)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("13900000001", "13900000001"),
        ("+8613900000001", "13900000001"),
        ("0086-13900000001", "13900000001"),
        ("0395-2123456", "0395-2123456"),
        ("+442012345678", "+442012345678"),
        ("12345", "12345"),
    ],
)
def test_telephones_are_kept_as_they_are_dialled_here(written: str, kept: str) -> None:
    assert phone(written) == kept


@pytest.mark.parametrize("written", ["1234", "12900000001", "1390000000a", "--12345", "12345-"])
def test_what_is_no_telephone_is_refused(written: str) -> None:
    assert phone(written) == Refusal("people.import.phone")
