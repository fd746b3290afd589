"""账号 — who may invite whom, what a password must be, how an official account may be set up."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import timedelta

from pypinyin import lazy_pinyin

from app.accounts.terms import AccountKind, Mode, OfficialAccount
from app.kernel.actor import Role
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError
from app.kernel.secret import Secret
from app.org.terms import UnitKind

LINK_LIFE = timedelta(days=7)
# The platform waits five seconds and sends again; by then the first process has answered or died.
ANSWERING = timedelta(seconds=5)

# Role → the kinds of unit at which it is held. A role that is not here has no place at a console.
SEATS: Mapping[Role, frozenset[UnitKind]] = {
    Role.OPERATOR: frozenset(UnitKind) - {UnitKind.HOSPITAL, UnitKind.DEPARTMENT},
    Role.CITY_OFFICE: frozenset({UnitKind.CITY, UnitKind.BUREAU}),
    Role.COUNTY_BUREAU: frozenset({UnitKind.COUNTY, UnitKind.BUREAU}),
    Role.HOSPITAL_ADMIN: frozenset({UnitKind.HOSPITAL}),
    Role.DEPARTMENT_SECRETARY: frozenset({UnitKind.DEPARTMENT}),
    Role.AUDITOR: frozenset(UnitKind) - {UnitKind.DEPARTMENT},
}
# Nobody gives a role above their own, and none but the operator makes auditors of others' acts.
MAY_INVITE: Mapping[Role, frozenset[Role]] = {
    Role.OPERATOR: frozenset(SEATS),
    Role.CITY_OFFICE: frozenset(
        {Role.COUNTY_BUREAU, Role.HOSPITAL_ADMIN, Role.DEPARTMENT_SECRETARY}
    ),
    Role.COUNTY_BUREAU: frozenset({Role.HOSPITAL_ADMIN, Role.DEPARTMENT_SECRETARY}),
    Role.HOSPITAL_ADMIN: frozenset({Role.DEPARTMENT_SECRETARY}),
}

SHORTEST, LONGEST = 10, 128
CLASSES_NEEDED = 3
# What must be left of a password when the words everybody tries are taken out of it.
OWN_PART = 6
_LONGEST_NAME = 40
_SHORTEST_HINT = 2


def login_name(text: str) -> str:
    """登录名 as it is kept: half-width, single spaces. InvalidError for none, or one too long."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not (0 < len(name) <= _LONGEST_NAME and name.isprintable()):
        raise InvalidError("accounts.link.name", most=_LONGEST_NAME)
    return name


def judge_invitation(inviter: Role, role: Role, kind: UnitKind) -> None:
    """Refuse a role that the inviter may not give, or that is not held at such a unit."""
    if role not in MAY_INVITE.get(inviter, frozenset()):
        raise ForbiddenError("accounts.link.role_above", role=role)
    if kind not in SEATS[role]:
        kinds = ", ".join(sorted(SEATS[role]))
        raise InvalidError("accounts.link.seat", role=role, kind=kind, kinds=kinds)


def judge_separation(role: Role, held: Collection[Role]) -> None:
    """三权分立 — who audits holds no other role, under the same log-in (MLPS 8.1.4.2 d)."""
    others = set(held) - {role}
    if others and Role.AUDITOR in {role, *others}:
        raise ConflictError("accounts.link.auditor_alone")


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


_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_APPID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_SECRET = re.compile(r"[!-~]{1,128}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{3,32}", re.ASCII)
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}", re.ASCII)
_OPENID = re.compile(r"[!-~]{1,64}", re.ASCII)
_LONGEST_TITLE = 60


def official_account(
    slug: str,
    *,
    kind: AccountKind,
    name: str,
    appid: str,
    secret: str,
    token: str,
    aes_key: str | None,
    mode: Mode | None,
    production: bool,
) -> OfficialAccount:
    """公众平台账号 — the account so described; safe where a key is given and no mode is.

    InvalidError for what the platform itself would not take, for a mode that lacks its key, and
    for plain text in production, where anyone who knows the token could speak for a follower.
    """
    wanted = (
        (_SLUG, slug, "accounts.official.slug"),
        (_APPID, appid, "accounts.official.appid"),
        (_SECRET, secret, "accounts.official.secret"),
        (_TOKEN, token, "accounts.official.token"),
    )
    for shape, text, code in wanted:
        if not shape.fullmatch(text):
            raise InvalidError(code)
    title = " ".join(name.split())
    if not (0 < len(title) <= _LONGEST_TITLE and title.isprintable()):
        raise InvalidError("accounts.official.name", most=_LONGEST_TITLE)
    if aes_key is not None and not _opens(aes_key):
        raise InvalidError("accounts.official.aes_key", count=len(aes_key))
    chosen = mode or (Mode.PLAIN if aes_key is None else Mode.SAFE)
    if chosen is not Mode.PLAIN and aes_key is None:
        raise InvalidError("accounts.official.aes_key_missing", mode=chosen)
    if chosen is Mode.PLAIN and production:
        raise InvalidError("accounts.official.plain")
    key = None if aes_key is None else Secret(aes_key)
    return OfficialAccount(slug, kind, title, appid, Secret(secret), Secret(token), key, chosen)


def openid_of(text: str) -> str:
    """The platform's name for a follower. InvalidError for what cannot be one."""
    if not _OPENID.fullmatch(text):
        raise InvalidError("accounts.bind.openid")
    return text


def _opens(aes_key: str) -> bool:
    """Whether the text is a message key: 43 characters that, with `=`, are base64 of 32 bytes."""
    if not _AES_KEY.fullmatch(aes_key):
        return False
    try:
        return len(base64.b64decode(f"{aes_key}=", validate=True)) == 32  # noqa: PLR2004
    except binascii.Error:
        return False
