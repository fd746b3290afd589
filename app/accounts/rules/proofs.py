"""绑定的证明 — how long each holds, how often one may try, how a slip is written and read."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import timedelta

from app.kernel.errors import InvalidError
from app.kernel.place import Place

# trust.md 2.1.
PHONE_TICKET_LIFE = timedelta(minutes=10)
CARD_PROOF_LIFE = timedelta(seconds=60)
SLIP_LIFE = timedelta(days=14)
REBIND_WAIT = timedelta(hours=24)
# Wrong ones a day, by an openid and at a person.
TRIES = 5
ASKS = 5
# As long as a count of tries is kept; it counts for one day.
TRIES_KEPT = timedelta(days=2)
SPENT_KEPT = timedelta(days=30)

# Crockford's 32 signs, without I, L, O and U; twelve of them are 60 bits.
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SLIP_LENGTH, SLIP_GROUP = 12, 4
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})

_LONGEST_NAME, _LONGEST_DEPARTMENT, _LONGEST_NOTE = 40, 60, 200


def typed_slip(text: str) -> str:
    """A slip's code as it was made, however it was typed; what cannot be one becomes empty.

    Small letters, full width, spaces and dashes anywhere, O for 0, I and L for 1.
    """
    wide = unicodedata.normalize("NFKC", text).upper()
    bare = "".join(sign for sign in wide if sign.isalnum()).translate(_READ_AS)
    right = len(bare) == SLIP_LENGTH and set(bare) <= set(SIGNS)
    return bare if right else ""


def written_slip(code: str) -> str:
    """A slip's code as it is printed, in groups of four."""
    return "-".join(code[at : at + SLIP_GROUP] for at in range(0, len(code), SLIP_GROUP))


def asked_as(name: str, department: str, note: str) -> tuple[str, str, str]:
    """Who somebody says they are, in plain words. InvalidError for none, or too many."""
    bare = tuple(" ".join(text.split()) for text in (name, department, note))
    limits = (_LONGEST_NAME, _LONGEST_DEPARTMENT, _LONGEST_NOTE)
    for text, most in zip(bare, limits, strict=True):
        if len(text) > most or not text.isprintable():
            raise InvalidError("accounts.request.words", most=most)
    if not bare[0] or not bare[1]:
        raise InvalidError("accounts.request.empty")
    return bare[0], bare[1], bare[2]


def lowest_common(places: Collection[Place]) -> Place:
    """The lowest place at or above all of these; the whole platform for none."""
    if not places:
        return Place.root()
    steps = [place.path.split(".")[:-1] for place in places]
    shared = []
    for level in zip(*steps, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return Place("".join(f"{key}." for key in shared))
