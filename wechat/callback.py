"""回调 — what a delivery of the platform gets: proven, answered once, in time.

The platform sends a message up to four times (wechat.md 1.2). The first delivery answers; a resend
gets the stored reply, or waits for it, and has no effect of its own.
"""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Callable
from typing import TypeAlias

import structlog

from app.accounts import steps as desk
from app.accounts.terms import OfficialAccount, Turn
from app.base.site import Site
from wechat import answering, events, replies, security
from wechat.capabilities import Capability, may
from wechat.messages import Message, message_of
from wechat.router import Found
from wechat.security import Keys, Query

Seal: TypeAlias = Callable[[bytes], bytes]

# A resend waits this long for the first delivery; the platform itself hangs up after five seconds.
PATIENCE_S = 4.0

_LOOK_AGAIN_S = 0.1

log = structlog.get_logger(__name__)


def echo(site: Site, account: OfficialAccount, query: Query, echostr: str) -> bytes:
    """接入验证 — what proves to the platform who we are. RefusedError where it does not ask."""
    return security.echo(_keys(account), query, echostr, _now_s(site)).encode()


def reply_to(site: Site, account: OfficialAccount, query: Query, body: bytes) -> bytes:
    """被动回复 — what is said to a delivery. RefusedError for one that proves nothing."""
    keys, now_s = _keys(account), _now_s(site)
    proven = security.opened(keys, query, body, now_s)
    message = message_of(proven.members)

    def seal(reply: bytes, now_s: int = now_s) -> bytes:
        sealed = proven.sealed and reply != replies.SUCCESS
        return security.sealed_reply(keys, reply, now_s, message.key) if sealed else reply

    try:
        found = answering.found_for(account, message)
        if found is None:
            events.note(site, account.slug, message)
            return replies.SUCCESS
        if found.route.constant:
            # Each delivery is answered by itself: the same message gets the same bytes.
            said = answering.answer_to(site, account, message, found)
            return seal(replies.text(message, said, message.sent_s), message.sent_s)
        return _once(site, account, message, found, seal)
    except Exception:
        # Nothing was stored, so a resend may try again; meanwhile the follower is told.
        reference = secrets.token_hex(3).upper()
        log.exception("wechat.callback.failed", slug=account.slug, reference=reference)
        said = replies.say("fault.ours", reference=reference)
        return seal(replies.text(message, said, now_s))


def _once(
    site: Site, account: OfficialAccount, message: Message, found: Found, seal: Seal
) -> bytes:
    """The reply that stands for the message, made by whoever is first to answer it."""
    until = time.monotonic() + PATIENCE_S
    while True:
        claimed = desk.claim_callback(site, account.slug, message.key)
        if claimed.turn is Turn.FIRST:
            events.note(site, account.slug, message)
            said = answering.in_time(site, account, message, found)
            if said is None and may(account, Capability.CUSTOM_MESSAGE):
                asked = answering.asked_in(message)
                return desk.answer_later(site, account.slug, message.key, replies.SUCCESS, asked)
            if said is None:
                said = replies.say("late.ask_again")
            reply = seal(replies.text(message, said, _now_s(site)))
            return desk.store_reply(site, account.slug, message.key, reply)
        if claimed.reply is not None:
            return claimed.reply
        if time.monotonic() >= until:
            return replies.SUCCESS
        time.sleep(_LOOK_AGAIN_S)


@functools.lru_cache(maxsize=64)
def _keys(account: OfficialAccount) -> Keys:
    return Keys.of(
        appid=account.appid, mode=account.mode, token=account.token, aes_key=account.aes_key
    )


def _now_s(site: Site) -> int:
    return int(site.clock().timestamp())
