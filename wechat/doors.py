"""回调 — the one door of the official accounts: prove, answer each message once, speak.

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
from flask import Blueprint, Response, current_app, request

from app.accounts import queries as accounts
from app.accounts import steps as desk
from app.accounts.terms import OfficialAccount, Turn
from app.base.site import Site
from app.base.work import passes
from wechat import answering, replies, security
from wechat.messages import Message, RefusedError, message_of
from wechat.router import Found
from wechat.routes import ROUTER
from wechat.security import LARGEST_BODY, Keys, Query

Seal: TypeAlias = Callable[[bytes], bytes]

# A resend waits this long for the first delivery; the platform itself hangs up after five seconds.
PATIENCE_S = 4.0

_LOOK_AGAIN_S = 0.1

log = structlog.get_logger(__name__)
blueprint = Blueprint("wechat", __name__)


@blueprint.route("/wechat/<slug>", methods=["GET", "POST"])
@passes(*ROUTER.doors)
def callback(slug: str) -> Response:
    """What the platform asks of us: to prove who we are (GET), or to answer a message (POST)."""
    site: Site = current_app.extensions["site"]
    account = accounts.official_account(site, slug)
    if account is None:
        return Response(status=404)
    try:
        if request.method == "POST":
            return _answer(site, account)
        echo = security.echo(
            _keys(account), _query(), request.args.get("echostr", ""), _now_s(site)
        )
        return _speak(echo.encode())
    except RefusedError as refused:
        return Response(status=refused.status)


def _answer(site: Site, account: OfficialAccount) -> Response:
    keys, now_s = _keys(account), _now_s(site)
    # One byte past the limit tells a body that is too large; the rest is never read.
    request.max_content_length = None
    body = request.stream.read(LARGEST_BODY + 1)
    proven = security.opened(keys, _query(), body, now_s)
    message = message_of(proven.members)

    def seal(reply: bytes, now_s: int = now_s, of: bytes | None = None) -> bytes:
        sealed = proven.sealed and reply != replies.SUCCESS
        return security.sealed_reply(keys, reply, now_s, of) if sealed else reply

    try:
        found = answering.found_for(account, message)
        if found is None:
            return _speak(replies.SUCCESS)
        if found.route.constant:
            # Each delivery is answered by itself: the same message gets the same bytes.
            said = answering.answer_to(site, account, message, found)
            reply = replies.text(message, said, message.sent_s)
            return _speak(seal(reply, message.sent_s, message.key))
        return _speak(_once(site, account, message, found, seal))
    except Exception:
        # Nothing was stored, so a resend may try again; meanwhile the follower is told.
        reference = secrets.token_hex(3).upper()
        log.exception("wechat.callback.failed", slug=account.slug, reference=reference)
        said = replies.say("fault.ours", reference=reference)
        return _speak(seal(replies.text(message, said, now_s)))


def _once(
    site: Site, account: OfficialAccount, message: Message, found: Found, seal: Seal
) -> bytes:
    """The reply that stands for the message, made by whoever is first to answer it."""
    until = time.monotonic() + PATIENCE_S
    while True:
        claimed = desk.claim_callback(site, account.slug, message.key)
        if claimed.turn is Turn.FIRST:
            said = answering.in_time(site, account, message, found)
            if said is None:
                said = replies.say("late.ask_again")
            reply = seal(replies.text(message, said, _now_s(site)))
            return desk.store_reply(site, account.slug, message.key, reply)
        if claimed.reply is not None:
            return claimed.reply
        if time.monotonic() >= until:
            return replies.SUCCESS
        time.sleep(_LOOK_AGAIN_S)


def _speak(said: bytes) -> Response:
    kind = "text/xml" if said.startswith(b"<xml>") else "text/plain"
    response = Response(said, content_type=f"{kind}; charset=utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _query() -> Query:
    given = request.args
    return Query(
        signature=given.get("signature", ""),
        timestamp=given.get("timestamp", ""),
        nonce=given.get("nonce", ""),
        msg_signature=given.get("msg_signature", ""),
    )


@functools.lru_cache(maxsize=64)
def _keys(account: OfficialAccount) -> Keys:
    return Keys.of(
        appid=account.appid, mode=account.mode, token=account.token, aes_key=account.aes_key
    )


def _now_s(site: Site) -> int:
    return int(site.clock().timestamp())
