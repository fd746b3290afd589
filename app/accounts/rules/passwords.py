"""密码 — what a password must be, and how long it holds, by the profile that is chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pypinyin import lazy_pinyin

from app.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Profile:
    """密码规则 — the figures of one profile. Lengths in signs; no rotation where it is None."""

    shortest: int
    # How many of large letters, small letters, digits and other signs there must be.
    classes: int
    rotation: timedelta | None
    # How many of the last passwords, the one in force among them, are not taken again.
    remembered: int


# MLPS (GB/T 22239-2019, 8.1.4.1 a) asks for kinds of signs and for regular change; OWASP ASVS 5.0
# (V6.2.5, V6.2.10) forbids both. No profile can follow the two, so the site chooses.
PROFILES: Mapping[str, Profile] = {
    "default": Profile(shortest=10, classes=3, rotation=None, remembered=1),
    "mlps3": Profile(shortest=10, classes=3, rotation=timedelta(days=90), remembered=5),
    "asvs": Profile(shortest=12, classes=1, rotation=None, remembered=1),
}
DEFAULT = PROFILES["default"]

LONGEST = 128

# What must be left of a password when the words everybody tries are taken out of it.
OWN_PART = 6

_SHORTEST_HINT = 2
# Of a number that others know, this many last digits are a password that others try.
_TAILS = (6, 8)
_SHORTEST_TAIL = 6


def weaknesses(
    password: Secret,
    name: str,
    common: Collection[str],
    *,
    profile: Profile = DEFAULT,
    numbers: Collection[Secret] = (),
) -> tuple[tuple[str, Mapping[str, object]], ...]:
    """The codes and facts of all that is wrong with a password (trust.md R-01, R-02).

    None for a good one. `numbers` are those that others know of its owner: of the card, of
    identity, of the phone.
    """
    text = password.reveal()
    found: list[tuple[str, Mapping[str, object]]] = []
    if len(text) < profile.shortest:
        found.append(("accounts.password.short", {"least": profile.shortest}))
    if len(text) > LONGEST:
        found.append(("accounts.password.long", {"most": LONGEST}))
    if _classes(text) < profile.classes:
        found.append(("accounts.password.plain", {}))
    if any(hint in text.lower() for hint in _hints(name)):
        found.append(("accounts.password.has_name", {}))
    if any(tail in text.lower() for number in numbers for tail in _tails(number)):
        found.append(("accounts.password.has_number", {}))
    if len(_own_part(text.lower(), common)) < OWN_PART <= len(text):
        found.append(("accounts.password.common", {}))
    return tuple(found)


def guesses(numbers: Collection[Secret], common: Collection[str]) -> tuple[Secret, ...]:
    """What anybody would try as a person's password: each number and its last digits, and words."""
    tails = (tail for number in numbers for tail in _tails(number))
    return tuple(Secret(text) for text in dict.fromkeys((*tails, *common)))


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


def _tails(number: Secret) -> tuple[str, ...]:
    text = number.reveal().lower()
    if len(text) < _SHORTEST_TAIL:
        return ()
    return (text, *(text[-count:] for count in _TAILS))


def _own_part(text: str, common: Collection[str]) -> str:
    for word in sorted(common, key=len, reverse=True):
        text = text.replace(word, "")
    return text
