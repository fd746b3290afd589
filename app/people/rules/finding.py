"""找人 — what somebody means who types a few signs to find a person."""

from __future__ import annotations

import re
import unicodedata

from app.people.terms import Meant

LONGEST = 32

_TAIL = re.compile(r"[0-9]{3}[0-9X]")
_LATIN = re.compile(r"[a-zü]+")
# Three initials are asked for as a name of three; more letters than a name has are a syllable.
_MOST_INITIALS = 4


def meant_by(typed: str) -> tuple[Meant, str]:
    """名字、拼音 or 号码: which it is, and the text to look for."""
    text = unicodedata.normalize("NFKC", typed).strip()[:LONGEST]
    bare = "".join(text.split())
    if any(sign.isdecimal() and sign.isascii() for sign in bare) and bare.isascii():
        return Meant.NUMBER, bare
    if _LATIN.fullmatch(bare.lower().replace("'", "")):
        return Meant.PINYIN, bare.lower().replace("'", "")
    return Meant.NAME, bare


def may_be_tail(number: str) -> bool:
    """Whether a number may be the last four signs of an identity card's."""
    return _TAIL.fullmatch(number.upper()) is not None


def initials(letters: str) -> str:
    """The pattern of a name in pinyin whose syllables begin with these letters; else of none."""
    if len(letters) > _MOST_INITIALS:
        return "^$"
    return "^" + "[^ ]* ".join(letters)
