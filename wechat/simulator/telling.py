"""讲述 — the world in words, as the phone page shows it to a person."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from wechat.simulator import mishaps
from wechat.simulator.api.menus import menu_of
from wechat.simulator.book import say, section
from wechat.simulator.filed import Kind
from wechat.simulator.pushing import MOST_ATTEMPTS, Attempt, Delivery, Verdict
from wechat.simulator.world import Account, Asked, Entry, Json, User, World

_BEIJING_S = 8 * 3600
_ENTRIES, _ROWS = 80, 40
_QUIET_S = 300
_OK = 200
_LINE = re.compile(r"^(?P<label>.*?)\s*[\uff1a:]?\s*\{\{\s*(?P<name>\w+)\.DATA\s*\}\}\s*$")
_GOOD = {Verdict.SHOWN, Verdict.QUIET, Verdict.SAME}
_AGAIN = {Verdict.TIMEOUT, Verdict.UNREACHED, Verdict.CUT, Verdict.BROKEN}


def state(world: World, user: User | None, appid: str) -> Json:
    """Everything the page shows. Hold the world's lock."""
    account = world.accounts.get(user.appid if user else appid)
    told: Json = {
        "version": version(world),
        "now": _stamp(world.clock(), "%Y-%m-%d %H:%M"),
        "ahead": round(world.clock.ahead),
        "accounts": [_account(one) for one in world.accounts.values()],
        "account": account and _account(account),
        "users": [_user(world, one) for one in world.of_account(account.appid)] if account else [],
        "user": user and _user(world, user),
        "faults": mishaps.told(world, user),
        "web": world.web,
    }
    if account is None or user is None:
        return told | {"chat": [], "menu": [], "rows": [], "templates": [], "scenes": []}
    menu = menu_of(account, user)
    return told | {
        "chat": list(_chat(world, user)),
        "menu": menu.buttons if menu and (user.subscribed or account.filed.kind == Kind.MINI)
        else [],
        "rows": _rows(world, account, user),
        "templates": [
            {"template_id": one.template_id, "title": one.title, "permits":
             user.permits.get(one.template_id, 0)}
            for one in account.templates.values()
        ],
        "scenes": [
            {"url": one.url, "scene": str(one.value)} for one in account.scenes.values()
            if one.until is None or one.until > world.clock()
        ][-20:],
        "phone_url": account.filed.phone_url,
    }  # fmt: skip


def version(world: World) -> str:
    """What tells one state from the next: something happened, or another minute began."""
    return f"{world.version}-{int(world.clock()) // 60}"


def _account(account: Account) -> Json:
    filed = account.filed
    kind = say("account", f"{filed.kind}-{'verified' if filed.verified else 'unverified'}")
    if filed.kind is not Kind.MINI:
        kind = say("account", "both", kind=kind, mode=say("account", filed.mode))
    return {"appid": account.appid, "name": account.name, "kind": filed.kind, "about": kind}


def _user(world: World, user: User) -> Json:
    filed, account = user.filed, world.accounts[user.appid]
    about = [filed.about] if filed.about else []
    if not user.subscribed and account.filed.kind is not Kind.MINI:
        about.append(say("user", "stranger"))
    about += [say("user", name) for name in ("blocked", "refuses") if getattr(filed, name)]
    if user.tags:
        names = [account.tags.get(one, str(one)) for one in user.tags]
        about.append(say("user", "tagged", tags=say("user", "comma").join(names)))
    return {
        "openid": user.openid, "name": filed.name or user.openid, "phone": filed.phone,
        "about": say("user", "comma").join(about), "subscribed": user.subscribed,
    }  # fmt: skip


# ------------------------------------------------------------------ chat


def _chat(world: World, user: User) -> Iterator[Json]:
    before = -1e12
    for entry in list(user.chat)[-_ENTRIES:]:
        told = _entry(world, user, entry)
        if told is None:
            continue
        if entry.at - before > _QUIET_S:
            told["time"] = _moment(world, entry.at)
        before = entry.at
        yield {"number": entry.number, **told}


def _entry(world: World, user: User, entry: Entry) -> Json | None:
    body, account = entry.body, world.accounts[user.appid]
    if entry.kind == "did":
        note = _did(account, body)
        return None if note is None else {"kind": "note", "text": note}
    if entry.kind == "said":
        text = say("chat", "media", kind=say("chat", "image")) if "picture" in body else None
        return {"kind": "mine", "text": text or body["content"]}
    if entry.kind == "fault":
        return {"kind": "fault", "text": say("chat", "unavailable")}
    if entry.kind in {"template", "notice"}:
        mini = body.get("miniprogram") or {}
        return {
            "kind": "card", "title": body["title"], "label": say("chat", entry.kind),
            "lines": _lines(body["content"], body["members"]), "url": body["url"] or "",
            "mini": _mini_url(mini) if mini else "",
        }  # fmt: skip
    return {"kind": "theirs", "label": say("chat", entry.kind), **_spoken(body)}


def _did(account: Account, body: Json) -> str | None:
    [(code, value), *_] = body.items()
    if code == "popup":
        titles = {one.template_id: one.title for one in account.templates.values()}
        answers = [say("did", answer, title=titles.get(one, one)) for one, answer in value.items()]
        return say("did", "popup", answers=say("did", "comma").join(answers))
    if code == "subscribe" and body.get("scene") is not None:
        return say("did", "subscribe-scene", account=account.name, scene=body["scene"])
    name = body.get("name") or value
    return say("did", code, name=name, scene=value, account=account.name)


def _spoken(body: Json) -> Json:
    kind = body["msgtype"]
    if kind == "text":
        return {"text": body["content"]}
    if kind in {"news", "mpnews"} and body.get("articles"):
        return {"articles": body["articles"]}
    if kind == "msgmenu":
        return {"text": body["head_content"], "choices": body["list"], "tail": body["tail_content"]}
    if kind == "miniprogrampage":
        return {"articles": [
            {"title": body.get("title", ""), "description": say("chat", "miniprogrampage"),
             "url": _mini_url(body)}
        ]}  # fmt: skip
    if kind == "transfer":
        return {"text": say("chat", "transfer")}
    return {"text": say("chat", "media", kind=say("chat", kind))}


def _mini_url(mini: Json) -> str:
    path = str(mini.get("pagepath") or mini.get("path") or "").lstrip("/")
    return f"/mini/{mini.get('appid')}/{path}"


def _lines(content: str, members: list[Json]) -> list[Json]:
    """The members under the words that stand before them in the template."""
    values, lines = {one["name"]: one["value"] for one in members}, []
    for line in content.splitlines():
        found = _LINE.match(line)
        if found and found["name"] in values:
            lines.append({"label": found["label"], "value": values.pop(found["name"])})
    return lines + [{"label": name, "value": value} for name, value in values.items()]


def _moment(world: World, at: float) -> str:
    same = (int(at + _BEIJING_S) // 86_400) == world.clock.day
    return _stamp(at, "%H:%M" if same else "%m-%d %H:%M")


def _stamp(at: float, shape: str) -> str:
    return time.strftime(shape, time.gmtime(at + _BEIJING_S))


def _clock(at: float) -> str:
    return f"{_stamp(at, '%H:%M:%S')}.{int(at * 1000) % 1000:03}"


# ------------------------------------------------------------------ 消息往来


def _rows(world: World, account: Account, user: User) -> list[Json]:
    """Latest first: what was sent to the product, and what the product asked."""
    rows = [
        _sent_row(delivery, attempt)
        for delivery in list(world.deliveries)[-_ROWS:] if delivery.openid == user.openid
        for attempt in delivery.attempts
    ] + [
        _held_row(delivery) for delivery in world.held if delivery.openid == user.openid
    ] + [
        _asked_row(asked) for asked in list(world.asked)[-_ROWS:]
        if asked.appid in {account.appid, ""}
    ]  # fmt: skip
    return sorted(rows, key=lambda row: int(row["order"]), reverse=True)[:_ROWS]


def _sent_row(delivery: Delivery, attempt: Attempt) -> Json:
    last = attempt.number >= MOST_ATTEMPTS
    code = attempt.verdict.value
    if attempt.verdict in _AGAIN and last:
        code += "-last"
    result = say("verdict", code, cause=attempt.cause, status=attempt.status)
    tone = "ok" if attempt.verdict in _GOOD else "bad"
    if attempt.verdict is Verdict.RUNNING:
        tone = "wait"
    return {
        "order": attempt.order, "time": _clock(attempt.at), "what": _sent(delivery),
        "attempt": attempt.number, "ms": "" if tone == "wait" else f"{attempt.ms:,.0f}",
        "tone": tone, "result": result,
        "raw": f"delivery/{delivery.number}/{attempt.number}",
    }  # fmt: skip


def _held_row(delivery: Delivery) -> Json:
    return {
        "order": delivery.number, "time": _clock(delivery.at), "what": _sent(delivery),
        "attempt": "", "ms": "", "tone": "wait", "result": say("verdict", "held"), "raw": "",
    }  # fmt: skip


def _sent(delivery: Delivery) -> str:
    members, code = delivery.members, delivery.what
    if code == "subscribe" and members.get("EventKey"):
        code = "subscribe-scene"
    if code not in section("sent"):
        code = "other"
    key = members.get("EventKey", "")
    return say(
        "sent", code, content=members.get("Content", ""), key=key, status=members.get("Status"),
        name=delivery.name or key, what=delivery.what,
    )  # fmt: skip


def _asked_row(asked: Asked) -> Json:
    answer = asked.answer if isinstance(asked.answer, dict) else {}
    code = answer.get("errcode", 0)
    if asked.status != _OK:
        result, tone = say("called", "status", status=asked.status), "bad"
    elif code:
        result, tone = f"{code} {answer.get('errmsg', '').partition(' rid:')[0]}", "bad"
    else:
        sends = asked.path.endswith("/send") or asked.path.endswith("bizsend")
        result, tone = say("called", "delivered" if sends else "ok"), "ok"
    return {
        "order": asked.number, "time": _clock(asked.at), "attempt": "",
        "what": section("called").get(asked.path, asked.path), "ms": f"{asked.ms:,.0f}",
        "tone": tone, "result": result, "raw": f"request/{asked.number}", "api": True,
    }  # fmt: skip
