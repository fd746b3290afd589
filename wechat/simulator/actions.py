"""动作 — what a person does with the phone, and what the platform then tells the product."""

from __future__ import annotations

from typing import Literal

from wechat.simulator import pushing
from wechat.simulator.api.menus import menu_of
from wechat.simulator.api.qrcodes import scene_behind
from wechat.simulator.errors import RefusedError
from wechat.simulator.pushing import Delivery
from wechat.simulator.world import Account, Json, Scene, User, World, random_text

_SAID_S, _SAID_COUNT = 48 * 3600, 5
_TAPPED_S, _TAPPED_COUNT = 60, 3


def say(world: World, user: User, text: str) -> Delivery:
    """说话 — a text message."""
    return _said(world, user, {"MsgType": "text", "Content": text}, {"content": text})


def send_picture(world: World, user: User) -> Delivery:
    """发图片 — a picture of nothing."""
    media_id, url = random_text(64), "http://mmbiz.qpic.cn/simulated"
    with world.lock:
        _account_of(world, user).media[media_id] = b"picture"
    members = {"MsgType": "image", "PicUrl": url, "MediaId": media_id}
    return _said(world, user, members, {"picture": True})


def click(world: World, user: User, key: str) -> Delivery:
    """点菜单 — a button that sends its key."""
    seen = {"click": key, "name": _name(world, user, "key", key)}
    return _tapped(world, user, {"Event": "CLICK", "EventKey": key}, seen)


def view(world: World, user: User, url: str) -> Delivery:
    """点菜单 — a button that opens a page; the product hears of it, the person sees the page."""
    members = {"Event": "VIEW", "EventKey": url}
    seen = {"view": url, "name": _name(world, user, "url", url)}
    return _tapped(world, user, members, seen, window=False)


def scan(world: World, user: User, text: str) -> Delivery:
    """扫码 — a picture of the account's, by scene, address or ticket; who does not follow, does.

    RefusedError 40053 for what is none of this account's.
    """
    with world.lock:
        found = _scene(world, user, text)
    if not user.subscribed:
        return subscribe(world, user, text)
    members = {"Event": "SCAN", "EventKey": found.value, "Ticket": found.ticket}
    return _tapped(world, user, members, {"scan": found.value})


def subscribe(world: World, user: User, text: str | None = None) -> Delivery:
    """关注 — by search, or by a picture with a scene."""
    with world.lock:
        found = _scene(world, user, text) if text else None
        user.subscribed, user.subscribe_at = True, world.clock()
        user.subscribe_scene = "ADD_SCENE_QR_CODE" if found else "ADD_SCENE_SEARCH"
        user.scene = found.value if found else 0
    members: Json = {"Event": "subscribe", "EventKey": ""}
    if found is not None:
        members |= {"EventKey": f"qrscene_{found.value}", "Ticket": found.ticket}
    return _tapped(world, user, members, {"subscribe": True, "scene": found and found.value})


def unsubscribe(world: World, user: User) -> Delivery:
    """取消关注 — tags and windows go with it."""
    with world.lock:
        user.subscribed, user.tags, user.remark = False, [], ""
        user.windows.clear()
    return _event(world, user, {"Event": "unsubscribe", "EventKey": ""}, {"unsubscribe": True})


def answer_popup(
    world: World, user: User, answers: dict[str, Literal["accept", "reject"]]
) -> Delivery:  # fmt: skip
    """同意订阅通知 — one permit for each that is accepted. One answer is an object, not a list."""
    with world.lock:
        for template_id, answer in answers.items():
            permit = user.permits.get(template_id, 0)
            if answer == "accept" and permit != "long":
                user.permits[template_id] = permit + 1
    listed = [
        {"TemplateId": one, "SubscribeStatusString": answer, "PopupScene": "1"}
        for one, answer in answers.items()
    ]
    inner = {"List": listed[0] if len(listed) == 1 else listed}
    members = {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": inner}
    return _event(world, user, members, {"popup": answers})


def send_raw(world: World, user: User, message: str) -> Delivery:
    """原文 — any message at all, rightly signed."""
    with world.lock:
        world.add(user, "did", {"raw": True}, mine=True)
        delivery = pushing.compose_raw(world, _account_of(world, user), user, message.encode())
    return pushing.send(world, delivery)


def _name(world: World, user: User, member: str, value: str) -> str:
    """What the button is called that the person sees; its key or address where there is none."""
    menu = menu_of(_account_of(world, user), user)
    for button in menu.buttons if menu else []:
        for one in (button, *button.get("sub_button", [])):
            if one.get(member) == value:
                return str(one["name"])
    return value


def _scene(world: World, user: User, text: str) -> Scene:
    found = scene_behind(world, text)
    if found is not None and found[0] == user.appid:
        return found[1]
    account = _account_of(world, user)
    for scene in account.scenes.values():
        ended = scene.until is not None and scene.until <= world.clock()
        if str(scene.value) == text and not ended:
            return scene
    raise RefusedError(40053)


def _account_of(world: World, user: User) -> Account:
    return world.accounts[user.appid]


def _said(world: World, user: User, members: Json, seen: Json) -> Delivery:
    if not user.subscribed and _account_of(world, user).filed.kind != "mini":
        raise RefusedError(43004)
    with world.lock:
        world.open_window(user, "said", seconds=_SAID_S, count=_SAID_COUNT)
        world.add(user, "said", seen, mine=True)
        delivery = pushing.compose(world, _account_of(world, user), user, members, spoken=True)
    return pushing.send(world, delivery)


def _tapped(
    world: World, user: User, members: Json, seen: Json, *, window: bool = True
) -> Delivery:  # fmt: skip
    with world.lock:
        if window:
            world.open_window(user, "tapped", seconds=_TAPPED_S, count=_TAPPED_COUNT)
        menu = menu_of(_account_of(world, user), user)
        if menu is not None and members["Event"] in {"CLICK", "VIEW"}:
            members = {**members, "MenuId": menu.menuid}
    return _event(world, user, members, seen)


def _event(world: World, user: User, members: Json, seen: Json) -> Delivery:
    spoken = members["Event"] in {"CLICK", "SCAN", "subscribe"}
    with world.lock:
        world.add(user, "did", seen, mine=True)
        delivery = pushing.compose(world, _account_of(world, user), user, members, spoken=spoken)
        delivery.name = str(seen.get("name", ""))
    return pushing.send(world, delivery)
