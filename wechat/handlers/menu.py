"""菜单与欢迎 — what anybody may be told, known to us or not."""

from __future__ import annotations

import re

from app.accounts import queries as accounts
from wechat import links
from wechat.messages import Event
from wechat.replies import say
from wechat.router import Ask

# What stands before the scene of a code by which somebody came to follow.
_BY_CODE = "qrscene_"
# The kinds of our codes, `kind.token`, and the page of each.
_PAGES = {"card": "bind/card/", "scan": "scan/"}
_TOKEN = re.compile("[A-Za-z0-9_-]{1,60}", re.ASCII)


def unclear(ask: Ask) -> str:  # noqa: ARG001  the same for everybody
    """没看懂 — what can be asked here."""
    return say("menu.unclear")


def greeting(ask: Ask) -> str:
    """欢迎 — for a new follower: how to be bound and what to ask, or what the code was for."""
    if said := _of_code(ask):
        return said
    if accounts.binding_of(ask.site, ask.slug, ask.openid) is not None:
        return say("welcome.back")
    return say("welcome.greeting", url=links.page(ask, "bind"))


def scanned(ask: Ask) -> str:
    """扫码 — for a follower who scanned a code of ours: the page that it is for."""
    return _of_code(ask)


def _of_code(ask: Ask) -> str:
    """The page that the scanned code stands for; nothing for a code that is none of ours."""
    if not isinstance(ask.message, Event):
        return ""
    kind, _, token = ask.message.event_key.removeprefix(_BY_CODE).partition(".")
    path = _PAGES.get(kind)
    if path is None or not _TOKEN.fullmatch(token):
        return ""
    return say(f"scanned.{kind}", url=links.page(ask, path + token))
