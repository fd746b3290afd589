"""带参数的二维码 — for a while, or for ever."""

from __future__ import annotations

from typing import Any

from wechat.simulator.errors import RefusedError
from wechat.simulator.gate import Call, Gate
from wechat.simulator.powers import Power
from wechat.simulator.world import Json, Scene, World, random_text

_LONGEST_S, _USUAL_S = 2_592_000, 60
_MOST_LASTING = 100_000
_LONGEST_TEXT = 64
_TEXT = {"QR_STR_SCENE", "QR_LIMIT_STR_SCENE"}
_LASTING = {"QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}
_KNOWN = _TEXT | _LASTING | {"QR_SCENE"}


def register(gate: Gate) -> None:
    """The addresses of this module."""
    gate.at("POST", "/cgi-bin/qrcode/create", power=Power.QR, quota=100_000)(_create)


def scene_behind(world: World, text: str) -> tuple[str, Scene] | None:
    """The account and the scene of what a picture or a ticket says; None for no such, or ended."""
    for account in world.accounts.values():
        for scene in account.scenes.values():
            known = text in {scene.url, scene.ticket}
            if known and (scene.until is None or scene.until > world.clock()):
                return account.appid, scene
    return None


def _create(call: Call) -> Json:
    action = call.body.get("action_name")
    if action not in _KNOWN:
        raise RefusedError(40052)
    account, lasting = call.account, action in _LASTING
    value = _value(call.body, text=action in _TEXT, lasting=lasting)
    until, answer = None, {}
    if lasting:
        if account.lasting >= _MOST_LASTING:
            raise RefusedError(45009)
        account.lasting += 1
    else:
        seconds = call.body.get("expire_seconds", _USUAL_S)
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not seconds > 0:
            raise RefusedError(40053)
        seconds = min(seconds, _LONGEST_S)
        until, answer = call.world.clock() + seconds, {"expire_seconds": seconds}
    scene = Scene(
        f"gQ{random_text(94)}", f"http://weixin.qq.com/q/02{random_text(22)}", value, until
    )
    account.scenes[scene.ticket] = scene
    call.world.touch()
    return {"ticket": scene.ticket, **answer, "url": scene.url}


def _value(body: Json, *, text: bool, lasting: bool) -> int | str:
    info = body.get("action_info")
    scene: Any = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise RefusedError(40053)
    if text:
        words = scene.get("scene_str")
        if not isinstance(words, str) or not 1 <= len(words) <= _LONGEST_TEXT:
            raise RefusedError(40053)
        return words
    number = scene.get("scene_id")
    most = 100_000 if lasting else 2**32 - 1
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
        raise RefusedError(40053)
    return number
