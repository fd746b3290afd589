"""证件号码 and 手机号 — what numbers are possible, and what an ID card's number tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from app.people.terms import Sex

# GB 11643-1999: ISO 7064 MOD 11-2 over the first 17 digits.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SIGNS = "10X98765432"
_CARD = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}")
_OLD, _NEW = 15, 18
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_MOBILE_LENGTH = 11
_TELEPHONE = re.compile(r"\+?[0-9](-?[0-9]){4,18}")


@dataclass(frozen=True, slots=True)
class IdCard:
    """身份证 — the number in its 18 digits, and the birthday and sex it tells."""

    number: str
    birth_on: date
    sex: Sex


@dataclass(frozen=True, slots=True)
class Refusal:
    """不成立 — the code of the rule a number breaks."""

    code: str


def check_sign(first_17: str) -> str:
    """The 18th sign that belongs to these 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _SIGNS[total % 11]


def id_card(number: str, today: date) -> IdCard | Refusal:
    """The card of that number, in capitals; 15 digits are read as their 18-digit successor.

    The region is not judged: regions are dissolved and renumbered, cards stay.
    """
    if len(number) not in {_OLD, _NEW}:
        return Refusal("people.import.id_length")
    if not _CARD.fullmatch(number):
        return Refusal("people.import.id_signs")
    body = f"{number[:6]}19{number[6:]}" if len(number) == _OLD else number[:-1]
    try:
        birth_on = date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        return Refusal("people.import.id_birthday")
    if birth_on > today:
        return Refusal("people.import.id_unborn")
    if len(number) == _NEW and number[-1] != check_sign(body):
        # Excel keeps 15 digits of a number and writes zeros for the rest.
        rounded = number.endswith("000")
        return Refusal("people.import.id_rounded" if rounded else "people.import.id_check")
    sex = Sex.MALE if int(body[-1]) % 2 else Sex.FEMALE
    return IdCard(body + check_sign(body), birth_on, sex)


def phone(number: str) -> str | Refusal:
    """The number without the country's own code; a mobile of 11 digits, or 5 to 19 digits."""
    bare = re.sub(r"^(\+86|0086)-?", "", number)
    if _MOBILE.fullmatch(bare):
        return bare
    if not _TELEPHONE.fullmatch(number) or (
        len(bare) == _MOBILE_LENGTH and bare.startswith("1") and bare.isdecimal()
    ):
        return Refusal("people.import.phone")
    return number
