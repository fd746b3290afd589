"""One line of a record batch, read as strictly as the page demands (逐行解析)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from device.mbox.terms import (
    EARLIEST_MS,
    INT64_MAX,
    LATEST_MS,
    MAX_EPOCH,
    MAX_LINE,
    MAX_TEXT,
    RECORDS_FORMAT,
    ULID,
    VERSION,
    Anchor,
    Cause,
    Direction,
    Header,
    Result,
    Row,
    Source,
)

EPOCH = datetime.fromtimestamp(0, UTC)
MILLISECOND = timedelta(milliseconds=1)

# The end of every record line: `,"h":"`, 64 hex digits, `"}`.
TAIL = 72
_HASH_MEMBER = b',"h":"'

_HEX_HASH = re.compile("[0-9a-f]{64}")
_HEX_UID = re.compile("[0-9a-f]{32}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")  # PostgreSQL's text takes no NUL, people take none
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
# In a line that is JSON: a string (a key where a colon follows), or a brace.
_TOKEN = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*")([ \t\r]*:)?|[{}]')

_INNER_LINES = frozenset({"R", "T"})
_DIRECTIONS = frozenset(Direction)
_SOURCES = frozenset(Source)
_RESULTS = frozenset(Result)


class FaultyLineError(Exception):
    """A line that makes its file bad; caught by the reader, never seen outside this package."""

    def __init__(self, cause: Cause, member: str | None = None) -> None:
        super().__init__(cause, member)
        self.cause = cause
        self.member = member


class Members:
    """The members of one line's object, each given out once its type and bounds are right."""

    __slots__ = ("_found",)

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    def _any(self, name: str) -> Any:
        try:
            return self._found[name]
        except KeyError:
            raise FaultyLineError(Cause.MEMBER, name) from None

    def exactly(self, name: str, wanted: str | int) -> None:
        """The member is this very value, of this very type."""
        value = self._any(name)
        if type(value) is not type(wanted) or value != wanted:
            raise FaultyLineError(Cause.MEMBER, name)

    def integer(self, name: str, low: int, high: int = INT64_MAX) -> int:
        """A whole number within its bounds, both included; true and 1.0 are none."""
        value = self._any(name)
        if type(value) is not int or not low <= value <= high:
            raise FaultyLineError(Cause.MEMBER, name)
        return value

    def text(self, name: str, longest: int = MAX_TEXT) -> str:
        """One character to `longest` of them, none of them a control character."""
        value = self._any(name)
        if type(value) is not str or not 0 < len(value) <= longest or _CONTROL.search(value):
            raise FaultyLineError(Cause.MEMBER, name)
        return value

    def number(self, name: str, longest: int = MAX_TEXT) -> str | None:
        """The number of a person or card, None where it is null or empty."""
        return None if self._any(name) in (None, "") else self.text(name, longest)

    def one_of(self, name: str, words: frozenset[str]) -> str:
        """One of the words."""
        value = self._any(name)
        if type(value) is not str or value not in words:
            raise FaultyLineError(Cause.MEMBER, name)
        return value

    def shaped(self, name: str, shape: re.Pattern[str]) -> str:
        """Text of that shape, the whole of it."""
        value = self._any(name)
        if type(value) is not str or not shape.fullmatch(value):
            raise FaultyLineError(Cause.MEMBER, name)
        return value

    def is_null(self, name: str) -> bool:
        """Whether the member is there and null."""
        return self._any(name) is None

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._any(name)
        if type(value) is not bool:
            raise FaultyLineError(Cause.MEMBER, name)
        return value

    def hash(self, name: str) -> bytes:
        """32 bytes, written as 64 lower-case hex digits."""
        return bytes.fromhex(self.shaped(name, _HEX_HASH))

    def uid_hash(self, name: str) -> bytes | None:
        """16 bytes, written as 32 lower-case hex digits; None where null."""
        return None if self.is_null(name) else bytes.fromhex(self.shaped(name, _HEX_UID))

    def moment(self, name: str) -> int:
        """An ISO time with its zone, as epoch milliseconds."""
        value = self._any(name)
        try:
            if type(value) is str:
                return moment_ms(value)
        except ValueError:
            pass
        raise FaultyLineError(Cause.MEMBER, name)

    def objects(self, name: str) -> list[Members]:
        """A list of objects."""
        value = self._any(name)
        if type(value) is not list or any(type(item) is not dict for item in value):
            raise FaultyLineError(Cause.MEMBER, name)
        return [Members(item) for item in value]


def moment_ms(text: str) -> int:
    """An ISO time with its zone as epoch milliseconds, rounded down; ValueError for all else."""
    if not _MOMENT.fullmatch(text):
        raise ValueError("no ISO time with a zone")
    found = (datetime.fromisoformat(text) - EPOCH) // MILLISECOND
    if not EARLIEST_MS <= found < LATEST_MS:
        raise ValueError("outside the calendar")
    return found


def members_of(line: bytes) -> Members:
    """The members of a line (without its LF) that is exactly one object. Raises FaultyLineError."""
    if len(line) > MAX_LINE:
        raise FaultyLineError(Cause.TOO_LONG)
    if line[:1] != b"{" or line[-1:] != b"}":
        raise FaultyLineError(Cause.UNREADABLE)
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise FaultyLineError(Cause.UNREADABLE) from None
    if _names_twice(line, found):
        raise FaultyLineError(Cause.TWICE)
    return Members(found)


def _names_twice(line: bytes, found: dict[str, Any]) -> bool:
    """Whether any object of the line, nested ones too, names a member twice.

    A parser keeps the last of two members and tells nobody. In a flat object without escapes every
    string is a key or a value, so the quotes alone tell; other lines are walked through.
    """
    kinds = set(map(type, found.values()))
    if b"\\" not in line and dict not in kinds and list not in kinds:
        strings = len(found) + sum(type(value) is str for value in found.values())
        return line.count(b'"') != 2 * strings
    open_objects: list[set[str]] = []
    for token in _TOKEN.finditer(line):
        if token[0] == b"{":
            open_objects.append(set())
        elif token[0] == b"}":
            open_objects.pop()
        elif token[2]:
            key = orjson.loads(token[1])
            if key in open_objects[-1]:
                return True
            open_objects[-1].add(key)
    return False


def header_of(members: Members) -> Header:
    """The header of a batch. Raises FaultyLineError."""
    members.exactly("t", "H")
    members.exactly("format", RECORDS_FORMAT)
    members.exactly("version", VERSION)
    first_seq = members.integer("first_seq", 1)
    return Header(
        device_sn=members.text("device_sn"),
        fw=members.text("fw"),
        key_id=members.text("key_id"),
        batch_id=members.shaped("batch_id", ULID),
        package_id=None if members.is_null("package_id") else members.shaped("package_id", ULID),
        epoch=members.integer("epoch", 0, MAX_EPOCH),
        first_seq=first_seq,
        last_seq=members.integer("last_seq", first_seq - 1),
        exported_at_ms=members.moment("exported_at_dev"),
        anchors=tuple(_anchor_of(item) for item in members.objects("anchors")),
        prev_hash=members.hash("prev_hash"),
    )


def _anchor_of(members: Members) -> Anchor:
    return Anchor(
        boot=members.text("boot"),
        mono_ms=members.integer("mono_ms", 0),
        server_ms=members.integer("server_ms", EARLIEST_MS, LATEST_MS),
        rtt_ms=members.integer("rtt_ms", 0),
    )


def record_of(line: bytes, members: Members) -> Row:
    """The record of a line whose `t` is R, as a row of a chunk. Raises FaultyLineError."""
    claimed = members.hash("h")
    if line[-TAIL:] != b'%b%b"}' % (_HASH_MEMBER, claimed.hex().encode()):
        raise FaultyLineError(Cause.HASH_PLACE)
    return (
        members.integer("seq", 1),
        members.text("activity_id"),
        members.number("person_no"),
        members.number("card_no"),
        members.uid_hash("uid_h"),
        members.moment("at_dev"),
        members.text("boot"),
        members.integer("mono_ms", 0),
        members.one_of("dir", _DIRECTIONS),
        members.one_of("src", _SOURCES),
        members.one_of("res", _RESULTS),
        claimed,
    )


def trailer_of(members: Members) -> tuple[int, bytes, bytes]:
    """The count, the last hash and the signature that a trailer gives. Raises FaultyLineError."""
    members.exactly("t", "T")
    return members.integer("count", 0), members.hash("last_hash"), members.hash("hmac")


def is_trailer(members: Members) -> bool:
    """Whether the line calls itself a trailer."""
    return members.one_of("t", _INNER_LINES) == "T"
