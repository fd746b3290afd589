"""消息 — customer-service, template and subscription messages, and the events that follow them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from wechat.simulator.api import values
from wechat.simulator.errors import RefusedError
from wechat.simulator.filed import TemplateFiled
from wechat.simulator.gate import Call, Gate
from wechat.simulator.powers import Power
from wechat.simulator.pushing import later
from wechat.simulator.world import Json, User, random_text

_TEXT_BYTES = 2048
_REMEMBERED_S = 600
_MOST_TEMPLATES = 25
_JOB_S = 0.2


def register(gate: Gate) -> None:
    """The addresses of this module."""
    at, template = gate.at, Power.TEMPLATE
    custom, notice = Power.CUSTOM_MESSAGE, Power.SUBSCRIBE_NOTICE
    at("POST", "/cgi-bin/message/custom/send", power=custom, quota=500_000)(_custom)
    at("POST", "/cgi-bin/message/custom/typing", power=custom, quota=500_000)(_typing)
    at("POST", "/cgi-bin/message/template/send", power=template, quota=100_000)(_template)
    at("POST", "/cgi-bin/template/api_add_template", power=template, quota=1_000)(_add)
    at("GET", "/cgi-bin/template/get_all_private_template", power=template, quota=100_000)(_all)
    at("POST", "/cgi-bin/template/del_private_template", power=template, quota=1_000)(_remove)
    at("POST", "/cgi-bin/message/subscribe/bizsend", power=notice, quota=100_000)(_notice)
    at("POST", "/cgi-bin/message/subscribe/send", power=Power.MINI, quota=10_000_000)(_notice)
    at("GET", "/wxaapi/newtmpl/gettemplate", power=notice, quota=10_000)(_notices)


def _reachable(call: Call) -> User:
    """Whom it is for. RefusedError 40003, 43004, 43019, 48002."""
    user = call.world.user_of(call.account, call.body.get("touser"))
    if not user.subscribed and call.account.filed.kind != "mini":
        raise RefusedError(43004)
    if user.filed.blocked:
        raise RefusedError(43019)
    if user.filed.refuses:
        raise RefusedError(48002)
    return user


# ------------------------------------------------------------------ customer service


def _custom(call: Call) -> Json:
    kind = call.body.get("msgtype")
    if not isinstance(kind, str) or kind not in _CUSTOM:
        raise RefusedError(40008)
    user = _reachable(call)
    given = call.body.get(kind)
    if not isinstance(given, dict):
        raise RefusedError(44004)
    shown = _CUSTOM[kind](call, given)
    call.world.spend_window(user)
    number = call.world.next_number()
    call.world.add(user, "custom", {"msgtype": kind, **shown, "number": number})
    return {"errcode": 0, "errmsg": "ok"}


def _text(_: Call, given: Json) -> Json:
    content = given.get("content")
    if not isinstance(content, str) or not content:
        raise RefusedError(44004)
    if len(content.encode()) > _TEXT_BYTES:
        raise RefusedError(45002)
    return {"content": content}


def _media(call: Call, given: Json) -> Json:
    if given.get("media_id") not in call.account.media:
        raise RefusedError(40007)
    return {"media_id": given["media_id"]}


def _news(_: Call, given: Json) -> Json:
    articles = given.get("articles")
    if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
        raise RefusedError(45008)
    [article] = articles
    if not article.get("title") or not _is_address(article.get("url")):
        raise RefusedError(40035)
    return {"articles": articles}


def _choices(_: Call, given: Json) -> Json:
    listed = given.get("list")
    if not isinstance(listed, list) or not listed:
        raise RefusedError(40035)
    for one in listed:
        if not isinstance(one, dict) or not one.get("id") or not one.get("content"):
            raise RefusedError(40035)
    return {
        "head_content": str(given.get("head_content") or ""),
        "list": [{"id": str(one["id"]), "content": str(one["content"])} for one in listed],
        "tail_content": str(given.get("tail_content") or ""),
    }


def _mini(_: Call, given: Json) -> Json:
    if not all(given.get(name) for name in ("title", "appid", "pagepath", "thumb_media_id")):
        raise RefusedError(40035)
    return given


_CUSTOM: dict[str, Any] = {
    "text": _text, "image": _media, "voice": _media, "video": _media, "mpnews": _media,
    "news": _news, "msgmenu": _choices, "miniprogrampage": _mini,
}  # fmt: skip


def _typing(call: Call) -> Json:
    if call.body.get("command") not in {"Typing", "CancelTyping"}:
        raise RefusedError(40035)
    _reachable(call)
    return {"errcode": 0, "errmsg": "ok"}


# ------------------------------------------------------------------ template messages


def _template(call: Call) -> Json:
    """Sent once for each `client_msg_id` within ten minutes; its outcome comes as an event."""
    account, world = call.account, call.world
    user = world.user_of(account, call.body.get("touser"))
    if not user.subscribed:
        raise RefusedError(43004)
    template = _known(call)
    members = values.fitted(template, call.body.get("data"))
    url, mini = _target(call)
    client_id = call.body.get("client_msg_id")
    if client_id is not None and (not isinstance(client_id, str) or not client_id):
        raise RefusedError(40035, "client_msg_id")
    now = world.clock()
    if client_id is not None:
        sent_at, number = account.client_ids.get((user.openid, client_id), (-1e12, 0))
        if now - sent_at < _REMEMBERED_S:
            return {"errcode": 0, "errmsg": "ok", "msgid": number}
    number = world.next_number() + 3_000_000_000
    if client_id is not None:
        account.client_ids[user.openid, client_id] = (now, number)
    if user.filed.blocked or user.filed.refuses:
        status = "failed:user block"
    else:
        status = "success"
        world.add(
            user, "template",
            {"template_id": template.template_id, "title": template.title, "content":
             template.content, "members": members, "url": url, "miniprogram": mini,
             "msgid": number, "client_msg_id": client_id},
        )  # fmt: skip
    told = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": number, "Status": status}
    later(world, account, user, told, seconds=_JOB_S)
    return {"errcode": 0, "errmsg": "ok", "msgid": number}


def _known(call: Call) -> TemplateFiled:
    template = call.account.templates.get(str(call.body.get("template_id")))
    if template is None:
        raise RefusedError(40037)
    return template


def _target(call: Call) -> tuple[str, Json | None]:
    url, mini = call.body.get("url") or "", call.body.get("miniprogram") or None
    if url and not _is_address(url):
        raise RefusedError(40035, "url")
    if mini is not None and not (isinstance(mini, dict) and mini.get("appid")):
        raise RefusedError(40013)
    return url, mini


def _is_address(url: object) -> bool:
    if not isinstance(url, str):
        return False
    return urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).hostname)


def _add(call: Call) -> Json:
    """From the library, which has no words of its own here: the members that are asked for."""
    account, names = call.account, call.body.get("keyword_name_list")
    short = call.body.get("template_id_short")
    if not isinstance(short, str) or not short or not isinstance(names, list) or not names:
        raise RefusedError(40037)
    if len(account.templates) >= _MOST_TEMPLATES:
        raise RefusedError(45026)
    content = "\n".join(
        f"{name}\uff1a{{{{thing{place}.DATA}}}}" for place, name in enumerate(names, 1)
    )
    made = TemplateFiled(template_id=random_text(43), title=short, content=content)
    account.templates[made.template_id] = made
    return {"errcode": 0, "errmsg": "ok", "template_id": made.template_id}


def _all(call: Call) -> Json:
    return {
        "template_list": [
            {"template_id": one.template_id, "title": one.title, "primary_industry": "",
             "deputy_industry": "", "content": one.content, "example": ""}
            for one in call.account.templates.values()
        ]
    }  # fmt: skip


def _remove(call: Call) -> Json:
    template = _known(call)
    del call.account.templates[template.template_id]
    return {"errcode": 0, "errmsg": "ok"}


# ------------------------------------------------------------------ subscription notices


def _notice(call: Call) -> Json:
    """One permit is used up; no msgid is given, the outcome comes as an event."""
    account, world = call.account, call.world
    user = world.user_of(account, call.body.get("touser"))
    template = _known(call)
    members = values.fitted(template, call.body.get("data"))
    permit = user.permits.get(template.template_id, 0)
    if user.filed.refuses or permit == 0:
        raise RefusedError(43101)
    page = call.body.get("page") or ""
    if account.filed.kind != "mini" and page and not _is_address(page):
        raise RefusedError(41030)
    if permit != "long":
        user.permits[template.template_id] = permit - 1
    number = world.next_number() + 4_000_000_000
    world.add(
        user, "notice",
        {"template_id": template.template_id, "title": template.title,
         "content": template.content, "members": members, "url": page, "miniprogram":
         call.body.get("miniprogram"), "msgid": number},
    )  # fmt: skip
    sent = {"TemplateId": template.template_id, "MsgID": str(number), "ErrorCode": "0",
            "ErrorStatus": "success"}  # fmt: skip
    told = {"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": sent}}
    later(world, account, user, told, seconds=_JOB_S)
    return {"errcode": 0, "errmsg": "ok"}


def _notices(call: Call) -> Json:
    return {
        "data": [
            {"priTmplId": one.template_id, "title": one.title, "content": one.content, "type": 2}
            for one in call.account.templates.values()
        ],
        "errcode": 0, "errmsg": "ok",
    }  # fmt: skip
