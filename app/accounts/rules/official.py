"""公众平台账号 — what the platform itself would take."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import timedelta

from app.accounts.terms import AccountKind, Mode, NoticeTemplate, OfficialAccount
from app.kernel.errors import InvalidError
from app.kernel.secret import Secret

# The platform waits five seconds and sends again; by then the first process has answered or died.
ANSWERING = timedelta(seconds=5)


_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)


_APPID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


_SECRET = re.compile(r"[!-~]{1,128}", re.ASCII)


_TOKEN = re.compile(r"[!-~]{3,32}", re.ASCII)


_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}", re.ASCII)


_OPENID = re.compile(r"[!-~]{1,64}", re.ASCII)


_FIELD = re.compile(r"[a-z_]{1,20}[0-9]{1,3}", re.ASCII)


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
    verified: bool | None = None,
    notice: str | None = None,
) -> OfficialAccount:
    """公众平台账号 — the account so described; safe where a key is given and no mode is.

    Verified where nothing is said, unless it is a subscription account. `notice` is the id of the
    account's notice template, and the names of its two fields, separated by spaces.

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
    return OfficialAccount(
        slug, kind, title, appid, Secret(secret), Secret(token), key, chosen,
        kind is not AccountKind.SUBSCRIPTION if verified is None else verified,
        None if notice is None else _notice(notice),
    )  # fmt: skip


def openid_of(text: str) -> str:
    """The platform's name for a follower. InvalidError for what cannot be one."""
    if not _OPENID.fullmatch(text):
        raise InvalidError("accounts.bind.openid")
    return text


def _notice(text: str) -> NoticeTemplate:
    """The template that is written `ID thing2 time3`."""
    template, *fields = text.split() or [""]
    shapes = (_APPID.fullmatch(template), *map(_FIELD.fullmatch, fields))
    if len(fields) != 2 or not all(shapes):  # noqa: PLR2004
        raise InvalidError("accounts.official.notice")
    return NoticeTemplate(template, *fields)


def _opens(aes_key: str) -> bool:
    """Whether the text is a message key: 43 characters that, with `=`, are base64 of 32 bytes."""
    if not _AES_KEY.fullmatch(aes_key):
        return False
    try:
        return len(base64.b64decode(f"{aes_key}=", validate=True)) == 32  # noqa: PLR2004
    except binascii.Error:
        return False
