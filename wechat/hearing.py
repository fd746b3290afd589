"""听音 — what a text sounds like, so that 学份, xuefen and 蜜码 are heard as what was meant.

Whoever types on a phone picks the first character of the right sound, or types the sound itself.
Sounds that many provinces do not tell apart, z and zh or n and ng, are one here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin

# A word typed in letters, or any other single character that is no space.
_PIECE = re.compile(r"[a-z]+|\S", re.ASCII | re.IGNORECASE)
_ALIKE = ((re.compile("([zcs])h"), r"\1"), (re.compile("([aei])ng"), r"\1n"))


@dataclass(frozen=True, slots=True)
class Heard:
    """A text as it sounds: small letters, no spaces, no tones.

    `ends` maps the length of a beginning of the sound to where that ends in the text; None where
    the two are the same.
    """

    sound: str
    ends: Mapping[int, int] | None

    @classmethod
    def as_written(cls, text: str) -> Heard:
        """The text as it is, for those who write what they mean."""
        return cls(text, None)

    def end_of(self, wanted: Heard) -> int | None:
        """Where the text ends that sounds like what is wanted; None when it begins otherwise."""
        if not self.sound.startswith(wanted.sound):
            return None
        length = len(wanted.sound)
        return length if self.ends is None else self.ends.get(length)


def heard(text: str) -> Heard:
    """How the text sounds."""
    sound, ends = "", {}
    for piece in _PIECE.finditer(text):
        sound += _spelt(piece[0])
        ends[len(sound)] = piece.end()
    return Heard(sound, ends)


def typed(words: str) -> str:
    """The words as somebody types them by their sound alone."""
    return "".join(lazy_pinyin(words))


@lru_cache(8192)
def _spelt(piece: str) -> str:
    spelt = piece.lower() if piece.isascii() else "".join(lazy_pinyin(piece)).lower()
    for pattern, same in _ALIKE:
        spelt = pattern.sub(same, spelt)
    return spelt
