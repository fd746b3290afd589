"""公众号接口 — menus, tags, codes with a scene, and messages, with typed answers.

Codes of log-ins stand in `oauth` and `mini`. Everything here raises PlatformError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from wechat.platform.apis import (
    CUSTOM_SEND,
    IDEMPOTENCY_KEY,
    MENU_ADD,
    MENU_CREATE,
    MENU_DELETE,
    MENU_GET,
    MENU_REMOVE,
    QR_CREATE,
    TAGS_CREATE,
    TAGS_GET,
    TAGS_PUT_ON,
    TAGS_TAKE_OFF,
    TEMPLATE_SEND,
    USER_INFO,
)
from wechat.platform.client import Platform
from wechat.platform.errors import PlatformError, TransportError

Buttons: TypeAlias = "list[dict[str, Any]]"

# 菜单不存在, 个性化菜单不存在, 标签名已存在
_NO_MENU, _NO_SUCH_MENU, _TAG_THERE = 46003, 65301, 45157
LONGEST_QR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Tag:
    """用户标签 — its number; nobody carries one that is new."""

    number: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class QrCode:
    """带参数二维码 — the address to draw, and when it ends."""

    url: str
    ticket: str
    life_s: int


@dataclass(frozen=True, slots=True)
class UserInfo:
    """用户信息 — what the platform still tells of a follower."""

    subscribed: bool
    tags: tuple[int, ...]
    unionid: str | None


def menus(platform: Platform) -> Mapping[str, Any]:
    """What stands on the platform, in its own words; empty where nothing does."""
    try:
        return platform.get(MENU_GET.path)
    except PlatformError as none:
        if none.errcode == _NO_MENU:
            return {}
        raise


def create_menu(platform: Platform, buttons: Buttons) -> None:
    """The default menu is this one."""
    platform.post(MENU_CREATE.path, {"button": buttons})


def delete_menus(platform: Platform) -> None:
    """No menu stands any more, nor any conditional one."""
    platform.get(MENU_DELETE.path)


def add_conditional_menu(platform: Platform, buttons: Buttons, tag: int) -> str:
    """Who carries the tag sees this menu; its number."""
    body = {"button": buttons, "matchrule": {"tag_id": str(tag)}}
    return _text(platform.post(MENU_ADD.path, body), "menuid", MENU_ADD.path)


def remove_conditional_menu(platform: Platform, menuid: str) -> None:
    """That conditional menu stands no more."""
    try:
        platform.post(MENU_REMOVE.path, {"menuid": menuid})
    except PlatformError as gone:
        if gone.errcode != _NO_SUCH_MENU:
            raise


def tag_named(platform: Platform, name: str) -> Tag:
    """The tag of that name, which is made where there is none."""
    found = _tags(platform).get(name)
    if found is not None:
        return Tag(found, is_new=False)
    try:
        reply = platform.post(TAGS_CREATE.path, {"tag": {"name": name}})
    except PlatformError as there:
        found = _tags(platform).get(name) if there.errcode == _TAG_THERE else None
        if found is None:
            raise
        return Tag(found, is_new=False)
    tag = reply.get("tag")
    if not isinstance(tag, dict) or not isinstance(tag.get("id"), int):
        raise TransportError(TAGS_CREATE.path, said="no tag in the answer")
    return Tag(int(tag["id"]), is_new=True)


def existing_tag(platform: Platform, name: str) -> int | None:
    """The number of the tag of that name; None where there is none."""
    return _tags(platform).get(name)


def _tags(platform: Platform) -> dict[str, int]:
    listed = platform.get(TAGS_GET.path).get("tags")
    if not isinstance(listed, list):
        return {}
    return {str(tag["name"]): int(tag["id"]) for tag in listed if isinstance(tag, dict)}


def put_on_tag(platform: Platform, tag: int, openids: Sequence[str]) -> None:
    """The followers, 50 at most, carry the tag."""
    platform.post(TAGS_PUT_ON.path, {"openid_list": list(openids), "tagid": tag})


def take_off_tag(platform: Platform, tag: int, openid: str) -> None:
    """The follower carries the tag no more."""
    platform.post(TAGS_TAKE_OFF.path, {"openid_list": [openid], "tagid": tag})


def create_qr(platform: Platform, scene: str, life: timedelta | None) -> QrCode:
    """A code that tells us its scene when somebody scans it; for ever where it has no life."""
    body: dict[str, Any] = {
        "action_name": "QR_LIMIT_STR_SCENE" if life is None else "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": scene}},
    }
    if life is not None:
        body["expire_seconds"] = int(min(life, LONGEST_QR).total_seconds())
    reply = platform.post(QR_CREATE.path, body)
    life_s = reply.get("expire_seconds")
    return QrCode(
        url=_text(reply, "url", QR_CREATE.path),
        ticket=_text(reply, "ticket", QR_CREATE.path),
        life_s=life_s if isinstance(life_s, int) else 0,
    )


def user_info(platform: Platform, openid: str) -> UserInfo:
    """What the platform tells of one openid."""
    reply = platform.get(USER_INFO.path, openid=openid, lang="zh_CN")
    tags, unionid = reply.get("tagid_list"), reply.get("unionid")
    return UserInfo(
        subscribed=reply.get("subscribe") == 1,
        tags=tuple(int(tag) for tag in tags) if isinstance(tags, list) else (),
        unionid=unionid if isinstance(unionid, str) else None,
    )


def send_text(platform: Platform, openid: str, content: str) -> None:
    """The follower is shown these words as a message of the account's customer service."""
    body = {"touser": openid, "msgtype": "text", "text": {"content": content}}
    platform.post(CUSTOM_SEND.path, body)


def send_template(
    platform: Platform,
    openid: str,
    template: str,
    data: Mapping[str, str],
    *,
    url: str,
    client_id: str,
) -> str | None:
    """The follower is shown the template's fields, once for each `client_id` in ten minutes.

    The platform's number of the message, by which it later says whether it arrived.
    """
    reply = platform.post(
        TEMPLATE_SEND.path,
        {
            "touser": openid,
            "template_id": template,
            "url": url,
            "data": {name: {"value": value} for name, value in data.items()},
            IDEMPOTENCY_KEY: client_id,
        },
    )
    number = reply.get("msgid")
    return None if number is None else str(number)


def _text(reply: Mapping[str, Any], name: str, path: str) -> str:
    value = reply.get(name)
    if not isinstance(value, str | int) or not str(value):
        raise TransportError(path, said=f"no {name} in the answer")
    return str(value)
