"""听音 — what a text sounds like, so that 学份, xuefen and 蜜码 are heard as what was meant.

Whoever types on a phone picks the first character of the right sound, or types the sound itself.
Sounds that many provinces do not tell apart, z and zh or n and ng, are one here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pypinyin import lazy_pinyin

# A word typed in letters, or any other single character that is no space.
_PIECE = re.compile(r"[a-z]+|\S", re.ASCII | re.IGNORECASE)
_ALIKE = ((re.compile("([zcs])h"), r"\1"), (re.compile("([aei])ng"), r"\1n"))


@dataclass(frozen=True, slots=True)
class Heard:
    """A text as it sounds: small letters, no spaces, no tones.

    `ends` maps the length of a beginning of the sound to where that ends in the text.
    """

    sound: str
    ends: dict[int, int]


def heard(text: str) -> Heard:
    """How the text sounds."""
    sound, ends = "", {}
    for piece in _PIECE.finditer(text):
        sound += _spelt(piece[0])
        ends[len(sound)] = piece.end()
    return Heard(sound, ends)


def rest_after(said: Heard, wanted: Heard, text: str) -> str | None:
    """What follows in the text when it begins with that sound; None when it does not."""
    end = said.ends.get(len(wanted.sound))
    if end is None or not said.sound.startswith(wanted.sound):
        return None
    return text[end:]


def _spelt(piece: str) -> str:
    spelt = piece.lower() if piece.isascii() else "".join(lazy_pinyin(piece)).lower()
    for pattern, same in _ALIKE:
        spelt = pattern.sub(same, spelt)
    return spelt
