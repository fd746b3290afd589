"""小程序 — who opened it, and the number of the phone that they agreed to show.

The session key that the platform gives is not kept: with the phone component nothing of ours is
ever encrypted by it (wechat.md 2.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from app.kernel.secret import Secret
from wechat.platform.apis import MINI_CODE, PHONE
from wechat.platform.client import Patience, Platform
from wechat.platform.errors import BadCodeError, TransportError

_CODE = re.compile(r"[!-~]{1,512}", re.ASCII)
_OPENID = re.compile(r"[!-~]{1,64}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{4,20}", re.ASCII)
_PATIENCE = Patience(connect_s=2.0, read_s=3.0, tries=2, pause_s=0.2)


@dataclass(frozen=True, slots=True)
class MiniUser:
    """小程序用户 — who opened the mini-program; the unionid joins accounts of one owner."""

    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class Phone:
    """手机号 — a number that the platform has proven, and the code of its country."""

    number: Secret
    country: str


def user_by_code(site: Site, account: OfficialAccount, js_code: str) -> MiniUser:
    """Who opened the mini-program. BadCodeError for a code that is used, old, or none."""
    if not _CODE.fullmatch(js_code):
        raise BadCodeError(MINI_CODE.path, said="no code")
    # A good answer has no errcode at all.
    reply = Platform(site, account, patience=_PATIENCE).get(
        MINI_CODE.path, js_code=js_code, grant_type="authorization_code"
    )
    openid, unionid = reply.get("openid"), reply.get("unionid")
    if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
        raise TransportError(MINI_CODE.path, said="no openid in the answer")
    return MiniUser(openid, unionid if isinstance(unionid, str) else None)


def phone_by_code(site: Site, account: OfficialAccount, code: str) -> Phone:
    """The number behind a code of the phone component, which is good once.

    BadCodeError for one that is not, or that was given out to another mini-program.
    """
    if not _CODE.fullmatch(code):
        raise BadCodeError(PHONE.path, said="no code")
    reply = Platform(site, account, patience=_PATIENCE).post(PHONE.path, {"code": code})
    told = reply.get("phone_info")
    if not isinstance(told, dict) or not isinstance(told.get("watermark"), dict):
        raise TransportError(PHONE.path, said="no phone in the answer")
    if told["watermark"].get("appid") != account.appid:
        raise BadCodeError(PHONE.path, said="another mini-program's watermark")
    number, country = told.get("purePhoneNumber"), told.get("countryCode")
    if not isinstance(number, str) or not _DIGITS.fullmatch(number):
        raise TransportError(PHONE.path, said="no number in the answer")
    return Phone(Secret(number), str(country))
