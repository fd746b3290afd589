"""消息 — what the platform sends us, read strictly into typed values.

The reader is expat with everything a message never needs shut off: no DOCTYPE, hence no entities;
one encoding; few levels and members. Whatever is not a message ends in UnreadableError.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NoReturn, TypeAlias
from xml.parsers import expat

Value: TypeAlias = "str | Members | tuple[Value, ...]"
Members: TypeAlias = Mapping[str, Value]

_DEPTH = 8
_REPEATS = 256
_LISTS = frozenset({"List", "item"})
_OPENID = re.compile(r"[!-~]{1,64}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
# Cannot stand in XML, so parts joined with it are never mistaken for one another.
_BETWEEN = "\x1f"

_LOOKED_AT = 200
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
# Round brackets stay: project numbers end in one, "2013-03-01-007(国)".
_MARKS = re.escape(" .,!?;:~'\"`[]<>{}*_|\u00b7\u2018\u2019\u201c\u201d\u3001\u3002") + (
    "\u3008-\u3011\u3014-\u301b"
)
_AROUND = re.compile(f"^[{_MARKS}]+|[{_MARKS}]+$")


class RefusedError(Exception):
    """拒收 — a callback that is answered with a bare status and has no effect."""

    status: ClassVar[int]


class UnreadableError(RefusedError):
    """Rightly signed, and no message: 400."""

    status = 400


class EventKind(StrEnum):
    """事件 — what a follower did, other than speak."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SCAN = "scan"
    CLICK = "click"
    VIEW = "view"
    VIEW_MINIPROGRAM = "view_miniprogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """文本消息 — words of a follower.

    `key` is the same for every resend of the one message; `sent_s` is the platform's time of it.
    """

    account: str
    openid: str
    key: bytes
    sent_s: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """事件 — an act of a follower; `event_key` is the menu key, the address or the scene."""

    account: str
    openid: str
    key: bytes
    sent_s: int
    kind: EventKind
    event_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """其他消息 — a kind we have no word for: picture, voice, a new event; with all its members."""

    account: str
    openid: str
    key: bytes
    sent_s: int
    kind: str
    is_event: bool
    members: Members


Message: TypeAlias = Text | Event | Unknown


def members_of(xml: bytes) -> Members:
    """The members of an `<xml>` document: text, members or tuples of them by name.

    A name stands once under the root; deeper, a repeated name is a tuple, and `List` and `item`
    always are, also with one element (wechat.md 1.3). UnreadableError for anything else.
    """
    # The encoding given to expat overrides what the document claims, but not a mark of UTF-16, in
    # which no element can be written without a zero byte.
    if b"\0" in xml:
        raise UnreadableError("not UTF-8")
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    reader.listen(parser)
    try:
        parser.Parse(xml, True)
    except expat.ExpatError:
        raise UnreadableError("not well-formed") from None
    return reader.root


def message_of(members: Members) -> Message:
    """The message that these members make. UnreadableError when one that it needs is missing."""
    kind = _text(members, "MsgType")
    account, openid = _openid(members, "ToUserName"), _openid(members, "FromUserName")
    if kind == "event":
        return _event(members, account, openid)
    # The sender is part of the key: a stored reply must never reach another person.
    key = _digest(_number(members, "MsgId"), openid)
    sent_s = _seconds(members)
    if kind == "text":
        content = _text(members, "Content", empty=True)
        return Text(account=account, openid=openid, key=key, sent_s=sent_s, content=content)
    return Unknown(
        account=account, openid=openid, key=key, sent_s=sent_s, kind=kind, is_event=False,
        members=members,
    )  # fmt: skip


def plain(content: str) -> str:
    """What was meant by what was typed: half-width, single spaces, no punctuation around it.

    Only the first 200 characters are looked at; no question we know is longer.
    """
    text = "".join(
        character
        for character in unicodedata.normalize("NFKC", content[:_LOOKED_AT])
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return _AROUND.sub("", " ".join(text.split()))


def _event(members: Members, account: str, openid: str) -> Message:
    name = _text(members, "Event")
    event_key = _optional(members, "EventKey")
    parts = (_number(members, "CreateTime"), name, event_key, _optional(members, "MsgID"))
    key, sent_s = _digest(openid, *parts), _seconds(members)
    try:
        kind = EventKind(name.lower())
    except ValueError:
        return Unknown(
            account=account, openid=openid, key=key, sent_s=sent_s, kind=name, is_event=True,
            members=members,
        )  # fmt: skip
    return Event(
        account=account, openid=openid, key=key, sent_s=sent_s, kind=kind, event_key=event_key
    )


def _seconds(members: Members) -> int:
    given = _optional(members, "CreateTime")
    return int(given) if _NUMBER.fullmatch(given) else 0


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b(_BETWEEN.join(parts).encode(), digest_size=16).digest()


def _text(members: Members, name: str, *, empty: bool = False) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise UnreadableError(f"no {name}")
    return value


def _optional(members: Members, name: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise UnreadableError(f"{name} is no text")
    return value


def _openid(members: Members, name: str) -> str:
    value = _text(members, name)
    if not _OPENID.fullmatch(value):
        raise UnreadableError(f"{name} is no id")
    return value


def _number(members: Members, name: str) -> str:
    value = _text(members, name)
    if not _NUMBER.fullmatch(value):
        raise UnreadableError(f"{name} is no number")
    return value


class _Reader:
    """One pass of expat over one document; every handler may end it with UnreadableError.

    It does not hold the parser: the two would keep each other alive until the collector comes.
    """

    __slots__ = ("_open", "_words", "root")

    def __init__(self) -> None:
        self.root: dict[str, Value] = {}
        # The elements open now; None until an element shows to hold others.
        self._open: list[dict[str, Value] | None] = []
        self._words: list[str] = []

    def listen(self, parser: expat.XMLParserType) -> None:
        """Take what the parser finds."""
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words.append
        parser.StartDoctypeDeclHandler = _refuse
        parser.ProcessingInstructionHandler = _refuse

    def _start(self, name: str, _attributes: object) -> None:
        path = self._open
        if self._words:
            self._drop_blank()
        if not path:
            if name != "xml":
                raise UnreadableError("the root is not xml")
            path.append(self.root)
            return
        if path[-1] is None:
            path[-1] = {}
            if len(path) >= _DEPTH:
                raise UnreadableError("too deep")
        path.append(None)

    def _end(self, name: str) -> None:
        path, words = self._open, self._words
        value: Value | None = path.pop()
        if value is None:
            value = words[0] if len(words) == 1 else "".join(words)
            words.clear()
        elif words:
            self._drop_blank()
        if not path:
            return
        outer = path[-1]
        if outer is None:  # it became one when this element began
            raise AssertionError(name)
        if len(path) > 1:
            _gather(outer, name, value)
        elif name in outer:
            raise UnreadableError(f"{name} twice")
        else:
            outer[name] = value

    def _drop_blank(self) -> None:
        if not "".join(self._words).isspace():
            raise UnreadableError("text beside members")
        self._words.clear()


def _gather(outer: dict[str, Value], name: str, value: Value) -> None:
    earlier = outer.get(name)
    if earlier is None:
        outer[name] = (value,) if name in _LISTS else value
    elif isinstance(earlier, tuple):
        if len(earlier) >= _REPEATS:
            raise UnreadableError("too many")
        outer[name] = (*earlier, value)
    else:
        outer[name] = (earlier, value)


def _refuse(*_: object) -> NoReturn:
    raise UnreadableError("a declaration")
