"""凭证 — access tokens of both kinds, tickets, quotas."""

from __future__ import annotations

from wechat.simulator.errors import RefusedError
from wechat.simulator.gate import Call, Endpoint, Gate, by_secret, spend
from wechat.simulator.world import Account, Grant, Json, random_text

LIFE_S = 7200
_OVERLAP_S = 300
_FORCED_APART_S = 30
_CLEARS_A_MONTH = 10
_TOKEN_LENGTH = 157


def register(gate: Gate) -> None:
    """The addresses of this module."""
    at = gate.at
    at("GET", "/cgi-bin/token", token=False, quota=2_000)(_token)
    at("POST", "/cgi-bin/stable_token", token=False, quota=500_000)(_stable_token)
    at("GET", "/cgi-bin/ticket/getticket", quota=1_000_000)(_ticket)
    at("POST", "/cgi-bin/clear_quota")(_clear_quota)
    at("POST", "/cgi-bin/openapi/quota/get")(lambda call: _quota_of(call, gate))
    at("GET", "/cgi-bin/getcallbackip")(lambda _: {"ip_list": ["127.0.0.1"]})
    at("GET", "/cgi-bin/get_api_domain_ip")(lambda _: {"ip_list": ["127.0.0.1"]})


def issue(call: Call, account: Account) -> Grant:
    """A new access token of the account, among those it has."""
    grant = Grant(random_text(_TOKEN_LENGTH), call.world.clock() + LIFE_S)
    account.tokens[grant.value] = grant
    return grant


def _token(call: Call) -> Json:
    if call.args.get("grant_type") != "client_credential":
        raise RefusedError(40002)
    account = by_secret(call, call.args)
    _count(call, account, "/cgi-bin/token", 2_000)
    _end_soon(call, account.token)
    account.token = issue(call, account)
    return {"access_token": account.token.value, "expires_in": LIFE_S}


def _stable_token(call: Call) -> Json:
    """As documented: the same token until 300 s before its end, of which both then are good."""
    if call.body.get("grant_type") != "client_credential":
        raise RefusedError(40002)
    account = by_secret(call, call.body)
    force = call.body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise RefusedError(47001)
    _count(call, account, "/cgi-bin/stable_token", 500_000)
    now, stable = call.world.clock(), account.stable
    if force and now - account.forced_at >= _FORCED_APART_S:
        _count(call, account, "/cgi-bin/stable_token?force_refresh", 20)
        account.forced_at = now
        if stable is not None:
            account.tokens.pop(stable.value, None)
        stable = None
    if stable is None or stable.until - now <= _OVERLAP_S:
        stable = account.stable = issue(call, account)
    return {"access_token": stable.value, "expires_in": int(stable.until - now)}


def _end_soon(call: Call, grant: Grant | None) -> None:
    if grant is not None:
        grant.until = min(grant.until, call.world.clock() + _OVERLAP_S)


def _count(call: Call, account: Account, path: str, most: int) -> None:
    """What is asked for by secret is counted here: before, nobody knows whose it is."""
    spend(
        call.world, account, Endpoint(method="", path=path, answer=lambda _: {}, quota=most)
    )  # fmt: skip


def _ticket(call: Call) -> Json:
    if call.args.get("type") not in {"jsapi", "wx_card"}:
        raise RefusedError(40035)
    account, now = call.account, call.world.clock()
    if account.jsapi is None or account.jsapi.until <= now:
        account.jsapi = Grant(random_text(86), now + LIFE_S)
    left = int(account.jsapi.until - now)
    return {"errcode": 0, "errmsg": "ok", "ticket": account.jsapi.value, "expires_in": left}


def _clear_quota(call: Call) -> Json:
    account = call.account
    if call.body.get("appid") != account.appid:
        raise RefusedError(40013)
    month = call.world.clock.month
    if account.clears[month] >= _CLEARS_A_MONTH:
        raise RefusedError(48006)
    account.clears[month] += 1
    account.calls.clear()
    return {"errcode": 0, "errmsg": "ok"}


def _quota_of(call: Call, gate: Gate) -> Json:
    path = call.body.get("cgi_path")
    endpoint = gate.endpoints.get(path) if isinstance(path, str) else None
    if endpoint is None:
        raise RefusedError(40066)
    account = call.account
    most = account.filed.quotas.get(endpoint.path, endpoint.quota) or 0
    used = account.calls[endpoint.path, call.world.clock.day]
    quota = {"daily_limit": most, "used": used, "remain": max(most - used, 0)}
    return {"errcode": 0, "errmsg": "ok", "quota": quota}
