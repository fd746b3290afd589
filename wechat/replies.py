"""回复 — words, and how the platform takes them to the follower."""

from __future__ import annotations

import re

from app.base import words
from wechat.messages import Message

# "Nothing to say": the platform shows the follower nothing and does not send again.
SUCCESS = b"success"
# Measured by others (wechat.md 1.2): longer text is refused, and the follower sees a fault.
LONGEST = 2048

_ELLIPSIS = "\u2026"
# What XML 1.0 cannot carry, even escaped.
_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(message: Message, content: str, now_s: int) -> bytes:
    """被动回复文本 — the words as a reply to the sender; `success` where there are none."""
    shown = cut(_UNSPEAKABLE.sub("", content).strip())
    if not shown:
        return SUCCESS
    return (
        f"<xml><ToUserName>{cdata(message.openid)}</ToUserName>"
        f"<FromUserName>{cdata(message.account)}</FromUserName>"
        f"<CreateTime>{now_s}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{cdata(shown)}</Content></xml>"
    ).encode()


def say(code: str, **facts: object) -> str:
    """The sentence of that code in words/replies.toml. KeyError for an unknown code."""
    return words.sentence("replies", code, facts)


def cut(content: str) -> str:
    """The words within 2048 bytes of UTF-8, cut between characters; an ellipsis shows the cut."""
    if len(content.encode()) <= LONGEST:
        return content
    room = LONGEST - len(_ELLIPSIS.encode())
    return content.encode()[:room].decode(errors="ignore") + _ELLIPSIS


def cdata(content: str) -> str:
    """The words as XML character data. A "]]>" in a name or title must not become live XML."""
    return f"<![CDATA[{content.replace(']]>', ']]]]><![CDATA[>')}]]>"
