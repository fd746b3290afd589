"""答复 — the words for a message: in time for the platform, or later by a message of our own.

The platform hangs up after five seconds and shows the follower a fault (wechat.md 1.2). What takes
longer than three is answered with silence at once; a job asks again and sends the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.accounts.terms import OfficialAccount
from app.base import words
from app.base.site import Site
from app.kernel.errors import CmeError
from wechat.messages import Event, EventKind, Message, Text, Unknown
from wechat.router import Ask, Found
from wechat.routes import ROUTER

IN_TIME_S = 3.0

# More hands than a process has requests: those of answers that came too late are busy still.
_HANDS = ThreadPoolExecutor(16, thread_name_prefix="answer")


def found_for(account: OfficialAccount, message: Message) -> Found | None:
    """Who answers the message; None where silence is the answer."""
    return ROUTER.find(account.kind, message)


def asked_in(message: Message) -> dict[str, str]:
    """What a job needs to answer the message later; `message_in` reads it."""
    kept = {"account": message.account, "openid": message.openid}
    match message:
        case Text(content=content):
            return kept | {"content": content}
        case Event(kind=kind, event_key=event_key):
            return kept | {"event": kind, "event_key": event_key}
        case Unknown():  # the fallback answers it, and that is a constant
            raise AssertionError(message.kind)


def message_in(asked: Mapping[str, str]) -> Message:
    """The message of which a job was told."""
    said: dict[str, Any] = {
        "account": asked["account"],
        "openid": asked["openid"],
        "key": b"",
        "sent_s": 0,
    }
    if "content" in asked:
        return Text(**said, content=asked["content"])
    return Event(**said, kind=EventKind(asked["event"]), event_key=asked["event_key"])


def answer_to(site: Site, account: OfficialAccount, message: Message, found: Found) -> str:
    """The words for the message."""
    ask = Ask(site=site, account=account, openid=message.openid, message=message, rest=found.rest)
    try:
        return found.route.answer(ask)
    except CmeError as error:
        return words.of_error(error)


def in_time(site: Site, account: OfficialAccount, message: Message, found: Found) -> str | None:
    """The words for the message; None when they are not ready within three seconds."""
    answer = _HANDS.submit(answer_to, site, account, message, found)
    try:
        return answer.result(IN_TIME_S)
    except TimeoutError:
        answer.cancel()
        return None
