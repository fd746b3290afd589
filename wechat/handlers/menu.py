"""菜单与欢迎 — what anybody may be told, known to us or not."""

from __future__ import annotations

from wechat.replies import say
from wechat.router import Ask


def unclear(ask: Ask) -> str:  # noqa: ARG001  the same for everybody
    """没看懂 — what can be asked here."""
    return say("menu.unclear")


def greeting(ask: Ask) -> str:
    """欢迎 — for a new follower: what can be asked, and how to be bound."""
    return say("welcome.greeting", openid=ask.openid)
