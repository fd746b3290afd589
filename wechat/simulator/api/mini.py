"""小程序 — log-in, the phone component, checks of words, codes with a scene."""

from __future__ import annotations

import base64
import secrets

from wechat.simulator.errors import RefusedError
from wechat.simulator.gate import Call, Gate, by_secret
from wechat.simulator.powers import Power
from wechat.simulator.world import CodeKind, Json, random_text

_A_MINUTE = 100
_LONGEST_CONTENT = 2500
_LONGEST_PATH = 1024
_USED = 40163
_VERSION, _SCENES = 2, {1, 2, 3, 4}
RISKY = "SIM_RISKY"


def register(gate: Gate) -> None:
    """The addresses of this module."""
    at, power = gate.at, Power.MINI
    at("GET", "/sns/jscode2session", token=False)(_session)
    at("POST", "/wxa/business/getuserphonenumber", power=Power.PHONE)(_phone)
    at("POST", "/wxa/msg_sec_check", power=power, quota=2_000_000)(_check)
    at("POST", "/wxa/generate_urllink", power=Power.PHONE, quota=500_000)(_link)


def _session(call: Call) -> Json:
    """There is an errcode only where it failed."""
    account = by_secret(call, call.args)
    if call.args.get("grant_type") != "authorization_code":
        raise RefusedError(40002)
    if account.filed.kind != "mini":
        raise RefusedError(40013)
    if not call.args.get("js_code"):
        raise RefusedError(41008)
    world = call.world
    try:
        code = world.redeem(account, call.args["js_code"], CodeKind.LOGIN)
    except RefusedError as refused:
        # An old code is called invalid here, not expired.
        raise RefusedError(40163 if refused.errcode == _USED else 40029) from None
    user = world.users[code.openid]
    minute = (user.openid, int(world.clock()) // 60)
    world.sessions[minute] += 1
    if world.sessions[minute] > _A_MINUTE:
        raise RefusedError(45011)
    if user.filed.risk:
        raise RefusedError(40226)
    answer: Json = {
        "openid": user.openid,
        "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
    }
    return answer | ({"unionid": user.unionid} if account.filed.open_platform else {})


def _phone(call: Call) -> Json:
    """The number behind a code of the phone component; every failure of the code is 40029."""
    account, world = call.account, call.world
    try:
        code = world.redeem(account, call.body.get("code"), CodeKind.PHONE)
    except RefusedError:
        raise RefusedError(40029) from None
    if account.phone_quota is not None:
        if account.phone_quota == 0:
            raise RefusedError(1400001)
        account.phone_quota -= 1
    number = world.users[code.openid].filed.phone
    return {
        "errcode": 0, "errmsg": "ok",
        "phone_info": {
            "phoneNumber": number, "purePhoneNumber": number, "countryCode": "86",
            "watermark": {"timestamp": int(world.clock()), "appid": account.appid},
        },
    }  # fmt: skip


def _check(call: Call) -> Json:
    body = call.body
    content = body.get("content")
    if body.get("version") != _VERSION or body.get("scene") not in _SCENES:
        raise RefusedError(40035)
    if not isinstance(content, str) or not 1 <= len(content) <= _LONGEST_CONTENT:
        raise RefusedError(40035)
    call.world.user_of(call.account, body.get("openid"))
    risky = RISKY in content
    result = {"suggest": "risky", "label": 20001} if risky else {"suggest": "pass", "label": 100}
    return {"errcode": 0, "errmsg": "ok", "result": result, "trace_id": random_text(16)}


def _link(call: Call) -> Json:
    """URL Link — a page of the mini-program, which here the simulator plays."""
    path, query = call.body.get("path") or "", call.body.get("query") or ""
    if not isinstance(path, str) or path.startswith("http") or len(path) > _LONGEST_PATH:
        raise RefusedError(40165)
    if not isinstance(query, str) or len(query) > _LONGEST_PATH:
        raise RefusedError(40212)
    address = f"{call.world.url}/mini/{call.account.appid}/{path.lstrip('/')}"
    link = f"{address}?{query}" if query else address
    return {"errcode": 0, "errmsg": "ok", "url_link": link}
