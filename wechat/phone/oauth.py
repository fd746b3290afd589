"""网页授权 — a browser goes to the platform and comes back as an openid.

What goes out is bound to the browser by a cookie and signed with it; it lasts five minutes and is
taken once. The way back is in the cookie, signed too, and never leads out of the account's pages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts import steps
from app.accounts.rules.tickets import own_path
from app.accounts.terms import OfficialAccount, Turn
from app.base import cookies
from app.base.site import Site
from wechat.capabilities import Capability, may
from wechat.platform import oauth as platform
from wechat.platform.errors import BadCodeError

STATE_LIFE = timedelta(minutes=5)
COOKIE = "kejiao_state"

_NONCE_BYTES = 16
# The platform takes letters and digits only, at most 128 (wechat.md 1.6).
_STATE = re.compile(r"(?P<nonce>[0-9a-f]{32})(?P<until>[0-9a-f]{8})(?P<mac>[0-9a-f]{64})")
_TAKEN = b"taken"


class ExpiredError(Exception):
    """网页授权过期 — came back too late, a second time, or to another browser."""


@dataclass(frozen=True, slots=True)
class Came:
    """回来 — whose browser it is, and where it was going."""

    openid: str
    path: str


def possible(account: OfficialAccount) -> bool:
    """Whether the platform lets this account know its followers' browsers."""
    return may(account, Capability.OAUTH)


def ask(site: Site, account: OfficialAccount, path: str) -> BaseResponse:
    """Send the browser to the platform, to come back to the path."""
    nonce = secrets.token_hex(_NONCE_BYTES)
    until = f"{int((site.clock() + STATE_LIFE).timestamp()):08x}"
    kept = f"{secrets.token_hex(_NONCE_BYTES)}.{_written(path)}"
    state = nonce + until + _mac(site, account.slug, nonce, until, kept)
    back = site.config.public_url + url_for("phone.came_in", slug=account.slug)
    answer = redirect(platform.authorize_url(site, account, back, state))
    answer.set_cookie(
        _cookie(site, account), kept, max_age=STATE_LIFE, **cookies.flags(site.config)
    )
    return answer


def came(site: Site, account: OfficialAccount) -> Came:
    """Who came back with this request's code and state.

    ExpiredError where either is of no use; PlatformError where the platform cannot say.
    """
    state = _STATE.fullmatch(request.args.get("state", ""))
    kept = request.cookies.get(_cookie(site, account), "")
    if state is None or not kept:
        raise ExpiredError
    right = _mac(site, account.slug, state["nonce"], state["until"], kept)
    if not hmac.compare_digest(right, state["mac"]):
        raise ExpiredError
    if int(state["until"], 16) <= site.clock().timestamp() or not _first(site, account, state[0]):
        raise ExpiredError
    path = _read(kept.partition(".")[2])
    if not own_path(account.slug, path):
        raise ExpiredError
    try:
        openid = platform.openid_by_code(site, account, request.args.get("code", ""))
    except BadCodeError:
        raise ExpiredError from None
    return Came(openid, path)


def forget(site: Site, account: OfficialAccount, answer: Response | BaseResponse) -> None:
    """The browser drops what it kept for the way back."""
    answer.delete_cookie(_cookie(site, account), **cookies.flags(site.config))


def _first(site: Site, account: OfficialAccount, state: str) -> bool:
    """Whether nobody came back with this state before; it is marked so that nobody does again."""
    key = hashlib.sha256(f"oauth\0{state}".encode()).digest()
    claimed = steps.claim_callback(site, account.slug, key)
    if claimed.turn is not Turn.FIRST:
        return False
    steps.store_reply(site, account.slug, key, _TAKEN)
    return True


def _cookie(site: Site, account: OfficialAccount) -> str:
    return cookies.name_of(site.config, f"{COOKIE}_{account.slug}")


def _mac(site: Site, *parts: str) -> str:
    message = "\0".join(("oauth", *parts)).encode(errors="replace")
    return hmac.new(site.config.secret.reveal().encode(), message, hashlib.sha256).hexdigest()


def _written(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode()


def _read(written: str) -> str:
    try:
        return base64.urlsafe_b64decode(written.encode()).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
