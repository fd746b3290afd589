"""自定义菜单 — the default one, and those by tag."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from wechat.simulator.errors import RefusedError
from wechat.simulator.gate import Call, Gate
from wechat.simulator.powers import Power
from wechat.simulator.world import Account, Json, Menu, User

_MOST, _MOST_BELOW = 3, 5
_NAME_BYTES, _NAME_BYTES_BELOW = 16, 60
_KEY_BYTES, _URL_BYTES = 128, 1024
_MOST_DOMAINS = 3
_BY_KEY = frozenset({
    "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album",
    "pic_weixin", "location_select",
})  # fmt: skip
_BY_MEDIA = {"media_id": "media_id", "view_limited": "media_id", "article_id": "article_id",
             "article_view_limited": "article_id"}  # fmt: skip
_WITHDRAWN = {"sex", "country", "province", "city", "language", "group_id"}
_RULES = {"tag_id", "client_platform_type"}


def register(gate: Gate) -> None:
    """The addresses of this module."""
    at, menu, rule = gate.at, Power.MENU, Power.CONDITIONAL_MENU
    at("POST", "/cgi-bin/menu/create", power=menu, quota=1_000, raw_utf8=True)(_create)
    at("GET", "/cgi-bin/menu/get", power=menu, quota=10_000)(_get)
    at("GET", "/cgi-bin/menu/delete", power=menu, quota=1_000)(_delete)
    at("POST", "/cgi-bin/menu/addconditional", power=rule, quota=2_000, raw_utf8=True)(_add)
    at("POST", "/cgi-bin/menu/delconditional", power=rule, quota=2_000)(_remove)
    at("POST", "/cgi-bin/menu/trymatch", power=rule, quota=20_000)(_try)
    at("GET", "/cgi-bin/get_current_selfmenu_info", power=menu, quota=10_000)(_current)


def menu_of(account: Account, user: User) -> Menu | None:
    """What the person sees: the latest conditional menu that fits, else the default one."""
    for menu in reversed(account.conditional):
        rule = menu.rule or {}
        tagged = "tag_id" not in rule or int(rule["tag_id"]) in user.tags
        if tagged and "client_platform_type" not in rule:
            return menu
    return account.menu


def _create(call: Call) -> Json:
    call.account.menu = Menu(call.world.next_number() + 200_000_000, _buttons(call.body))
    return {"errcode": 0, "errmsg": "ok"}


def _get(call: Call) -> Json:
    account = call.account
    if account.menu is None:
        raise RefusedError(46003)
    answer: Json = {"menu": {"button": account.menu.buttons, "menuid": account.menu.menuid}}
    if account.conditional:
        answer["conditionalmenu"] = [
            {"button": one.buttons, "matchrule": one.rule, "menuid": one.menuid}
            for one in account.conditional
        ]
    return answer


def _current(call: Call) -> Json:
    menu = call.account.menu
    if menu is None:
        return {"is_menu_open": 0}
    return {"is_menu_open": 1, "selfmenu_info": {"button": menu.buttons}}


def _delete(call: Call) -> Json:
    """The default menu goes, and with it all conditional ones."""
    call.account.menu, call.account.conditional = None, []
    call.world.touch()
    return {"errcode": 0, "errmsg": "ok"}


def _add(call: Call) -> Json:
    account, rule = call.account, call.body.get("matchrule")
    if account.menu is None:
        raise RefusedError(65303)
    if not isinstance(rule, dict) or not any(rule.values()):
        raise RefusedError(65304)
    given = {name: value for name, value in rule.items() if value not in ("", None)}
    if given.keys() & _WITHDRAWN or given.keys() - _RULES:
        raise RefusedError(65320)
    tag = str(given.get("tag_id", ""))
    if "tag_id" in given and not (tag.isdecimal() and int(tag) in account.tags):
        raise RefusedError(45159)
    menu = Menu(call.world.next_number() + 400_000_000, _buttons(call.body), given)
    account.conditional.append(menu)
    return {"menuid": str(menu.menuid)}


def _remove(call: Call) -> Json:
    account, menuid = call.account, str(call.body.get("menuid", ""))
    kept = [one for one in account.conditional if str(one.menuid) != menuid]
    if len(kept) == len(account.conditional):
        raise RefusedError(65301)
    account.conditional = kept
    call.world.touch()
    return {"errcode": 0, "errmsg": "ok"}


def _try(call: Call) -> Json:
    user = call.world.user_of(call.account, call.body.get("user_id"))
    menu = menu_of(call.account, user)
    if menu is None:
        raise RefusedError(46003)
    return {"button": menu.buttons}


# ------------------------------------------------------------------ buttons


def _buttons(body: Json) -> list[Json]:
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= _MOST:
        raise RefusedError(40016)
    kept = []
    for button in buttons:
        if not isinstance(button, dict):
            raise RefusedError(40016)
        _text(button.get("name"), _NAME_BYTES, 40018)
        below = button.get("sub_button")
        if below:
            kept.append({"name": button["name"], "sub_button": _below(below)})
        else:
            kept.append(_leaf(button, (40017, 40019, 40020)) | {"sub_button": []})
    domains = {host for button in kept for host in _domains(button)}
    if len(domains) > _MOST_DOMAINS:
        raise RefusedError(65316)
    return kept


def _below(buttons: Any) -> list[Json]:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= _MOST_BELOW:
        raise RefusedError(40023)
    kept = []
    for button in buttons:
        if not isinstance(button, dict) or button.get("sub_button"):
            raise RefusedError(40023)
        _text(button.get("name"), _NAME_BYTES_BELOW, 40025)
        kept.append(_leaf(button, (40024, 40026, 40027)))
    return kept


def _leaf(button: Json, codes: tuple[int, int, int]) -> Json:
    """The button as it is kept. `codes` refuse its type, its key and its address."""
    bad_type, bad_key, bad_url = codes
    kind, kept = button.get("type"), {"type": button.get("type"), "name": button["name"]}
    if kind in _BY_KEY:
        kept["key"] = _text(button.get("key"), _KEY_BYTES, bad_key)
    elif kind in _BY_MEDIA:
        name = _BY_MEDIA[kind]
        kept[name] = _text(button.get(name), _KEY_BYTES, 40007)
    elif kind in {"view", "miniprogram"}:
        url = _text(button.get("url"), _URL_BYTES, bad_url)
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise RefusedError(40055)
        kept["url"] = url
        if kind == "miniprogram":
            kept["appid"] = _text(button.get("appid"), _KEY_BYTES, 40013)
            kept["pagepath"] = _text(button.get("pagepath"), _URL_BYTES, bad_url)
    else:
        raise RefusedError(bad_type)
    return kept


def _text(value: Any, most: int, code: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= most:
        raise RefusedError(code)
    return value


def _domains(button: Json) -> list[str]:
    leaves = [button, *button.get("sub_button", [])]
    return [host for one in leaves if (host := urlsplit(one.get("url", "")).hostname)]
