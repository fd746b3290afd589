"""网页授权 — from a page to the openid of who holds the phone. Only verified service accounts."""

from __future__ import annotations

import re
from urllib.parse import quote

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from wechat.capabilities import Capability, may
from wechat.platform.apis import OAUTH_CODE
from wechat.platform.client import Patience, Platform
from wechat.platform.errors import BadCodeError, NoCapabilityError, TransportError

# What the platform carries back; anything else it refuses on a page of its own.
_STATE = re.compile(r"[A-Za-z0-9]{1,128}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_-]{1,512}", re.ASCII)
_OPENID = re.compile(r"[!-~]{1,64}", re.ASCII)

# Somebody looks at a white page meanwhile.
_PATIENCE = Patience(connect_s=2.0, read_s=3.0, tries=2, pause_s=0.2)


def authorize_url(site: Site, account: OfficialAccount, redirect_uri: str, state: str) -> str:
    """Where to send the browser so that it comes back with a code, without asking anybody.

    The order of the parts matters to the platform. `state` is up to 128 letters and digits:
    ValueError otherwise. NoCapabilityError for an account that may not.
    """
    if not may(account, Capability.OAUTH):
        raise NoCapabilityError("connect/oauth2/authorize")
    if not _STATE.fullmatch(state):
        raise ValueError(state)
    return (
        f"{site.config.wechat_open}/connect/oauth2/authorize?appid={account.appid}"
        f"&redirect_uri={quote(redirect_uri, safe='')}&response_type=code&scope=snsapi_base"
        f"&state={state}#wechat_redirect"
    )


def openid_by_code(site: Site, account: OfficialAccount, code: str) -> str:
    """The openid of who came back with that code, which is good once and for five minutes.

    BadCodeError for one that is not; PlatformError where the platform cannot say.
    """
    if not _CODE.fullmatch(code):
        raise BadCodeError(OAUTH_CODE.path, said="no code")
    reply = Platform(site, account, patience=_PATIENCE).get(
        OAUTH_CODE.path, code=code, grant_type="authorization_code"
    )
    openid = reply.get("openid")
    if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
        raise TransportError(OAUTH_CODE.path, said="no openid in the answer")
    return openid
