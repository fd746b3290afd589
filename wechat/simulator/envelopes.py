"""信封 — a message as it is sent to the product, and what may come back as its reply."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import xmltodict

from wechat.simulator import seal
from wechat.simulator.filed import Mode
from wechat.simulator.world import Account, Json

_TEXT_BYTES = 2048
_MOST_ARTICLES = 1
_QUIET = (b"", b"success")
_MEDIA = {"image": "Image", "voice": "Voice", "video": "Video"}


class FaultyReplyError(Exception):
    """A reply for which the platform shows 该公众号暂时无法提供服务."""


@dataclass(frozen=True, slots=True)
class Letter:
    """一次投递 — query and body; `plain` is what lies inside, for reading."""

    query: dict[str, str]
    body: bytes
    content_type: str


def plain(account: Account, members: Json) -> bytes:
    """The message as the account's format has it."""
    if account.filed.format == "json":
        return json.dumps(members, ensure_ascii=False).encode()
    return f"<xml>{_xml(members)}</xml>".encode()


def sealed(account: Account, openid: str, message: bytes, at: float) -> Letter:
    """One delivery: a time stamp, nonce and cipher of its own each time."""
    filed = account.filed
    query = signed(account, at) | {"openid": openid}
    as_json = filed.format == "json"
    content_type = "application/json" if as_json else "text/xml"
    if filed.mode is Mode.PLAIN or filed.aes_key is None:
        return Letter(query, message, content_type)
    cipher = seal.seal(filed.aes_key, account.appid, message)
    query |= {
        "encrypt_type": "aes",
        "msg_signature": seal.signature(
            filed.token, query["timestamp"], query["nonce"], cipher
        ),
    }  # fmt: skip
    if as_json:
        outer = (
            json.loads(message) if filed.mode is Mode.COMPAT else {"ToUserName": account.username}
        )
        body = json.dumps({**outer, "Encrypt": cipher}, ensure_ascii=False).encode()
    else:
        shown = _xml({"ToUserName": account.username}).encode()
        if filed.mode is Mode.COMPAT:
            shown = message.removeprefix(b"<xml>").removesuffix(b"</xml>")
        body = b"<xml>%s%s</xml>" % (shown, _xml({"Encrypt": cipher}).encode())
    return Letter(query, body, content_type)


def signed(account: Account, at: float) -> dict[str, str]:
    """The address's signature over token, time and a fresh nonce."""
    timestamp, nonce = str(int(at)), str(secrets.randbelow(10**10))
    return {
        "signature": seal.signature(account.filed.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
    }


def opened(account: Account, openid: str, reply: bytes) -> Json | None:
    """What the person sees of a reply; None for nothing. FaultyReplyError for what is none."""
    if reply in _QUIET:
        return None
    members = _members(reply)
    if account.filed.mode is Mode.SAFE or "Encrypt" in members:
        members = _members(_unsealed(account, members))
    if (members.get("ToUserName"), members.get("FromUserName")) != (openid, account.username):
        raise FaultyReplyError("ToUserName and FromUserName are not swapped")
    if not str(members.get("CreateTime") or "").isdecimal():
        raise FaultyReplyError("CreateTime is no number")
    return _shown(members)


def _shown(members: Json) -> Json:
    kind = members.get("MsgType")
    if kind == "text":
        content = members.get("Content")
        if not isinstance(content, str) or not content.strip():
            raise FaultyReplyError("Content is empty")
        if len(content.encode()) > _TEXT_BYTES:
            raise FaultyReplyError("Content is longer than 2048 bytes")
        return {"msgtype": "text", "content": content}
    if kind in _MEDIA:
        inner = members.get(_MEDIA[kind])
        if not isinstance(inner, dict) or not inner.get("MediaId"):
            raise FaultyReplyError("MediaId is missing")
        return {"msgtype": kind, "media_id": inner["MediaId"]}
    if kind == "music" and isinstance(members.get("Music"), dict):
        return {"msgtype": "music", **members["Music"]}
    if kind == "news":
        return {"msgtype": "news", "articles": _articles(members)}
    if kind == "transfer_customer_service":
        return {"msgtype": "transfer"}
    raise FaultyReplyError(f"MsgType {kind} is none of a reply")


def _articles(members: Json) -> list[Json]:
    listed = (members.get("Articles") or {}).get("item")
    items = listed if isinstance(listed, list) else [listed]
    if str(members.get("ArticleCount")) != str(len(items)) or len(items) > _MOST_ARTICLES:
        raise FaultyReplyError("ArticleCount is not 1, or not how many there are")
    told = []
    for one in items:
        if not isinstance(one, dict) or not one.get("Title"):
            raise FaultyReplyError("an article has no Title")
        told.append(
            {"title": one["Title"], "description": one.get("Description") or "",
             "url": one.get("Url") or "", "picurl": one.get("PicUrl") or ""}
        )  # fmt: skip
    return told


def _unsealed(account: Account, members: Json) -> bytes:
    parts = [members.get(name) for name in ("TimeStamp", "Nonce", "Encrypt", "MsgSignature")]
    given = [part for part in parts if isinstance(part, str) and part]
    if len(given) < len(parts):
        raise FaultyReplyError("a sealed reply has Encrypt, MsgSignature, TimeStamp and Nonce")
    *signed_parts, signature = given
    if signature != seal.signature(account.filed.token, *signed_parts):
        raise FaultyReplyError("MsgSignature is wrong")
    if account.filed.aes_key is None:
        raise FaultyReplyError("sealed, and the account has no key")
    try:
        return seal.unseal(account.filed.aes_key, account.appid, signed_parts[-1])
    except seal.UnsealedError as error:
        raise FaultyReplyError(f"Encrypt does not open: {error}") from None


def _members(reply: bytes) -> Json:
    try:
        parsed: Any = xmltodict.parse(reply.decode(), strip_whitespace=False)
    except (ValueError, xmltodict.expat.ExpatError):
        raise FaultyReplyError("no XML") from None
    members = parsed.get("xml")
    if not isinstance(members, dict):
        raise FaultyReplyError("no members under <xml>")
    return members


def _xml(members: Json) -> str:
    """Members as elements; of a list, each is an element of that name."""
    return "".join(
        f"<{name}>{_value(one)}</{name}>"
        for name, value in members.items()
        for one in (value if isinstance(value, list) else [value])
    )


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _xml(value)
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{text}]]>"
