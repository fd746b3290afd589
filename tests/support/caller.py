"""扮演微信 — the platform's side of one account's callback, within this process.

It signs, encrypts and sends as the platform does (wechat.md 1.1, 1.2), and takes a reply only in a
form in which the platform would show it. The simulator does the same over HTTP; this one lets a
test hold each delivery in its hands, forge it, and send it again.
"""

from __future__ import annotations

import http.client
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from app.accounts.terms import Mode
from wechat import security
from wechat.messages import EventKind, Members, RefusedError, members_of
from wechat.replies import LONGEST, SUCCESS, cdata
from wechat.security import Keys

Http: TypeAlias = Callable[[str, Mapping[str, str], bytes | None], tuple[int, bytes]]


class FaultyReplyError(Exception):
    """A reply for which the platform shows 该公众号暂时无法提供服务."""


@dataclass(frozen=True, slots=True)
class Sent:
    """一条消息 — as the platform keeps it for its resends: the text is the same each time."""

    openid: str
    xml: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """What came back: status, body, and what the follower sees; None where we were refused."""

    status: int
    body: bytes
    words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One account as the platform knows it; `http` carries method, query and body to us."""

    keys: Keys
    http: Http
    account: str = "gh_kejiaotong"
    clock: Callable[[], float] = field(default=time.time)

    def verify(self) -> bool:
        """接入验证 — whether the address gives our random text back."""
        echostr = str(secrets.randbelow(10**19))
        status, body = self.http("GET", {**self._signed(), "echostr": echostr}, None)
        return status == http.client.OK and body == echostr.encode()

    def text(self, openid: str, content: str) -> Sent:
        """文本消息 — a new message with a MsgId of its own, not yet sent."""
        number = secrets.randbelow(10**18) + 10**18
        return self._message(
            openid,
            f"<MsgType>text</MsgType><Content>{cdata(content)}</Content><MsgId>{number}</MsgId>",
        )

    def event(self, openid: str, kind: EventKind, event_key: str = "") -> Sent:
        """事件 — a new event of this second, not yet sent."""
        name = kind.upper() if kind in (EventKind.SCAN, EventKind.CLICK, EventKind.VIEW) else kind
        return self._message(
            openid,
            f"<MsgType>event</MsgType><Event>{cdata(name)}</Event>"
            f"<EventKey>{cdata(event_key)}</EventKey>",
        )

    def say(self, openid: str, content: str) -> Shown:
        """Say something once."""
        return self.send(self.text(openid, content))

    def send(self, sent: Sent) -> Shown:
        """Send, or send again: the same message under a new time, nonce and signature.

        FaultyReplyError when the reply is none that the platform would show.
        """
        query, body = self.sealed(sent)
        status, reply = self.http("POST", query, body)
        if status != http.client.OK:
            return Shown(status, reply, None)
        return Shown(status, reply, self._shown(sent.openid, reply))

    def sealed(self, sent: Sent) -> tuple[dict[str, str], bytes]:
        """Query and body of one delivery, in the account's mode."""
        query = self._signed() | {"openid": sent.openid}
        if self.keys.mode is Mode.PLAIN:
            return query, sent.xml
        cipher = security.encrypted(self.keys, sent.xml)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = security.signature_of(
            self.keys.token, query["timestamp"], query["nonce"], cipher
        )
        shown = f"<ToUserName>{cdata(self.account)}</ToUserName>".encode()
        if self.keys.mode is Mode.COMPAT:
            shown = sent.xml.removeprefix(b"<xml>").removesuffix(b"</xml>")
        return query, b"<xml>%s<Encrypt>%s</Encrypt></xml>" % (shown, cdata(cipher).encode())

    def _signed(self) -> dict[str, str]:
        timestamp, nonce = str(int(self.clock())), str(secrets.randbelow(10**10))
        signature = security.signature_of(self.keys.token, timestamp, nonce)
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    def _message(self, openid: str, inner: str) -> Sent:
        xml = (
            f"<xml><ToUserName>{cdata(self.account)}</ToUserName>"
            f"<FromUserName>{cdata(openid)}</FromUserName>"
            f"<CreateTime>{int(self.clock())}</CreateTime>{inner}</xml>"
        )
        return Sent(openid, xml.encode())

    def _shown(self, openid: str, reply: bytes) -> str:
        if reply in (b"", SUCCESS):
            return ""
        try:
            members = members_of(reply)
            if self.keys.mode is Mode.SAFE or "Encrypt" in members:
                members = members_of(self._unsealed(members))
        except RefusedError as refused:
            raise FaultyReplyError(str(refused)) from refused
        words = members.get("Content")
        if (members.get("ToUserName"), members.get("FromUserName")) != (openid, self.account):
            raise FaultyReplyError("to another, or from another")
        if members.get("MsgType") != "text" or not str(members.get("CreateTime")).isdecimal():
            raise FaultyReplyError("no text reply")
        if not isinstance(words, str) or not 0 < len(words.encode()) <= LONGEST:
            raise FaultyReplyError("no words, or too many")
        return words

    def _unsealed(self, members: Members) -> bytes:
        parts = [members.get(name) for name in ("TimeStamp", "Nonce", "Encrypt")]
        given = [part for part in parts if isinstance(part, str)]
        if len(given) < len(parts):
            raise FaultyReplyError("a sealed reply has TimeStamp, Nonce and Encrypt")
        if members.get("MsgSignature") != security.signature_of(self.keys.token, *given):
            raise FaultyReplyError("MsgSignature")
        return security.decrypted(self.keys, given[-1])
