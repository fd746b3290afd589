"""密码 — what a password must be."""

from __future__ import annotations

from collections.abc import Collection

from pypinyin import lazy_pinyin

from app.kernel.secret import Secret

SHORTEST, LONGEST = 10, 128


CLASSES_NEEDED = 3


# What must be left of a password when the words everybody tries are taken out of it.
OWN_PART = 6


_SHORTEST_HINT = 2


def weaknesses(password: Secret, name: str, common: Collection[str]) -> tuple[str, ...]:
    """The codes of all that is wrong with a password; none for a good one (trust.md R-01, R-02)."""
    text = password.reveal()
    found = []
    if len(text) < SHORTEST:
        found.append("accounts.password.short")
    if len(text) > LONGEST:
        found.append("accounts.password.long")
    if _classes(text) < CLASSES_NEEDED:
        found.append("accounts.password.plain")
    if any(hint in text.lower() for hint in _hints(name)):
        found.append("accounts.password.has_name")
    if len(_own_part(text.lower(), common)) < OWN_PART <= len(text):
        found.append("accounts.password.common")
    return tuple(found)


def _classes(text: str) -> int:
    def kind(character: str) -> str:
        if character.isdecimal():
            return "digit"
        if character.isupper():
            return "upper"
        return "lower" if character.islower() else "sign"

    return len(set(map(kind, text)))


def _hints(name: str) -> set[str]:
    lower = name.lower()
    spelt = "".join(lazy_pinyin(lower))
    return {hint for hint in (lower, spelt) if len(hint) >= _SHORTEST_HINT}


def _own_part(text: str, common: Collection[str]) -> str:
    for word in sorted(common, key=len, reverse=True):
        text = text.replace(word, "")
    return text
