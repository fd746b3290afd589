"""网页授权 — who holds the phone, told to a page by way of a code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

from wechat.simulator.api.tokens import LIFE_S
from wechat.simulator.errors import RefusedError
from wechat.simulator.gate import Call, Gate, by_secret
from wechat.simulator.powers import Power, may
from wechat.simulator.world import CodeKind, Grant, Json, User, World, random_text

AUTHORIZE = "/connect/oauth2/authorize"
# The platform is known to stumble over another order.
_ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
_SCOPES = ("snsapi_base", "snsapi_userinfo")
_STATE = re.compile(r"[A-Za-z0-9]{0,128}", re.ASCII)
_REFRESH_S = 30 * 86_400


class DeclinedError(Exception):
    """参数错误 — what the platform's page tells the person; `code` names the words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def register(gate: Gate) -> None:
    """The addresses of this module. Those under /sns have no day quota."""
    gate.at("GET", "/sns/oauth2/access_token", token=False)(_access_token)
    gate.at("GET", "/sns/oauth2/refresh_token", token=False)(_refresh)
    gate.at("GET", "/sns/auth", token=False)(_auth)
    gate.at("GET", "/sns/userinfo", token=False)(_userinfo)


def authorize(world: World, asked: Sequence[tuple[str, str]], holder: User | None) -> str:
    """Where the browser goes on to: the page that asked, with a code. DeclinedError otherwise."""
    given = dict(asked)
    account = world.accounts.get(given.get("appid", ""))
    if account is None:
        raise DeclinedError("appid")
    if not may(account, Power.OAUTH):
        raise DeclinedError("power")
    if [name for name, _ in asked if name in _ORDER] != [one for one in _ORDER if one in given]:
        raise DeclinedError("order")
    redirect = urlsplit(given.get("redirect_uri", ""))
    if redirect.scheme not in {"http", "https"} or not _same(
        redirect.netloc, account.filed.oauth_domain
    ):
        raise DeclinedError("redirect_uri")
    if given.get("response_type") != "code":
        raise DeclinedError("response_type")
    if given.get("scope") not in _SCOPES:
        raise DeclinedError("scope")
    if not _STATE.fullmatch(given.get("state", "")):
        raise DeclinedError("state")
    if holder is None:
        raise DeclinedError("browser")
    user = world.person_on(holder, account.appid)
    code = world.issue(user, CodeKind.OAUTH, scope=given["scope"])
    query = "&".join(
        filter(None, (redirect.query, urlencode({"code": code, "state": given.get("state", "")})))
    )
    return urlunsplit(redirect._replace(query=query, fragment=""))


def _same(asked: str, filed: str) -> bool:
    """The callback domain is a host; here it may have a port, because we live on one machine."""
    return bool(filed) and filed in {asked, asked.rpartition(":")[0]}


def _access_token(call: Call) -> Json:
    account = by_secret(call, call.args)
    if call.args.get("grant_type") != "authorization_code":
        raise RefusedError(40002)
    if not call.args.get("code"):
        raise RefusedError(41008)
    if not may(account, Power.OAUTH):
        raise RefusedError(48001)
    code = call.world.redeem(account, call.args["code"], CodeKind.OAUTH)
    return _granted(call, code.openid, code.scope)


def _granted(call: Call, openid: str, scope: str) -> Json:
    now, world = call.world.clock(), call.world
    access = Grant(f"sns{random_text(86)}", now + LIFE_S, openid, scope)
    refresh = Grant(f"ref{random_text(86)}", now + _REFRESH_S, openid, scope)
    world.grants |= {access.value: access, refresh.value: refresh}
    answer: Json = {
        "access_token": access.value, "expires_in": LIFE_S, "refresh_token": refresh.value,
        "openid": openid, "scope": scope,
    }  # fmt: skip
    user = world.users[openid]
    if world.accounts[user.appid].filed.open_platform:
        answer["unionid"] = user.unionid
    return answer


def _standing(call: Call, name: str, start: str) -> Grant:
    grant = call.world.grants.get(call.args.get(name, ""))
    if grant is None or not grant.value.startswith(start):
        raise RefusedError(40001)
    if grant.until <= call.world.clock():
        raise RefusedError(42001)
    return grant


def _refresh(call: Call) -> Json:
    if call.args.get("grant_type") != "refresh_token":
        raise RefusedError(40002)
    grant = _standing(call, "refresh_token", "ref")
    return _granted(call, grant.openid, grant.scope)


def _auth(call: Call) -> Json:
    if _standing(call, "access_token", "sns").openid != call.args.get("openid"):
        raise RefusedError(40003)
    return {"errcode": 0, "errmsg": "ok"}


def _userinfo(call: Call) -> Json:
    grant = _standing(call, "access_token", "sns")
    if grant.scope != "snsapi_userinfo":
        raise RefusedError(48001)
    if grant.openid != call.args.get("openid"):
        raise RefusedError(40003)
    user = call.world.users[grant.openid]
    return {"openid": user.openid, "nickname": user.filed.name, "sex": 0, "headimgurl": ""}
