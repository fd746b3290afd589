"""Strict reading of a pack's JSON: every value knows where it stands in its file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import log10
from typing import NoReturn, TypeVar

from app.kernel.credit import Credit
from app.kernel.errors import InvalidError

E = TypeVar("E", bound=StrEnum)

LARGEST_FILE = 1 << 20  # bytes; the widest regional standard known fills a twentieth
_SHOWN = 80  # characters of a wrong value that an error repeats
_AMOUNT = re.compile(r"[0-9]{1,5}(\.[0-9]{1,2})?")
_FACTOR = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
# NUL and lone surrogates are legal in JSON and can be neither stored nor hashed.
_LINE = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,300}")
_PACK_ID = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_ITEM_CODE = re.compile(r"(?=.{1,32}\Z)[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
_NAME = re.compile(r"[a-z0-9_]{1,32}")


def parsed(text: str | bytes) -> dict[str, object]:
    """The object a pack file holds. InvalidError for what is no JSON object, for fractions written
    as bare numbers (they would pass through a float), and for a key that stands twice."""
    if len(text) > LARGEST_FILE:
        raise InvalidError("standards.pack.too_long", limit=LARGEST_FILE)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_float=_refuse_bare,
            parse_constant=_refuse_bare,
        )
    except (ValueError, RecursionError) as fault:
        raise InvalidError("standards.pack.unreadable", detail=str(fault)[:120]) from fault
    if not isinstance(value, dict):
        raise InvalidError("standards.pack.not_object", path="$", value=shown(value))
    return value


def shown(value: object) -> str:
    """A value as an error may repeat it: JSON, short, and safe to print."""
    if isinstance(value, int) and value.bit_length() > _SHOWN:
        return f"{'-' if value < 0 else ''}1e{int(value.bit_length() * log10(2))}"
    plain = str(value) if isinstance(value, str | Decimal) else None
    text = json.dumps(value, ensure_ascii=False, default=str) if plain is None else plain
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file with the path that leads to it, such as `items[3].per`."""

    path: str
    value: object

    def refuse(self, code: str, **facts: object) -> NoReturn:
        """Raise the code with the path and the value that broke the rule."""
        raise InvalidError(code, rows=(), path=self.path or "$", value=shown(self.value), **facts)

    def members(self) -> dict[str, Node]:
        """The members of an object by key."""
        if not isinstance(self.value, dict):
            self.refuse("standards.pack.not_object")
        prefix = f"{self.path}." if self.path else ""
        return {key: Node(f"{prefix}{key}", value) for key, value in self.value.items()}

    def fields(self, required: frozenset[str], optional: frozenset[str]) -> dict[str, Node]:
        """The members of an object that has every required key, and no key beyond both sets."""
        members = self.members()
        for key in members:
            if key not in required | optional:
                known = ", ".join(sorted(required | optional))
                self.refuse("standards.pack.unknown_key", key=shown(key), known=known)
        for key in sorted(required - members.keys()):
            self.refuse("standards.pack.missing", key=key)
        return members

    def entries(self) -> tuple[Node, ...]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            self.refuse("standards.pack.not_list")
        return tuple(Node(f"{self.path}[{n}]", entry) for n, entry in enumerate(self.value))

    def text(self) -> str:
        """A line of text, 1 to 300 characters."""
        return self._fitting(_LINE, "standards.pack.not_text")

    def pack_id(self) -> str:
        """The id of a pack or regime: small letters, digits and hyphens, at most 64."""
        return self._fitting(_PACK_ID, "standards.pack.not_id")

    def item_code(self) -> str:
        """The code of an item: capitals, digits and hyphens, at most 32."""
        return self._fitting(_ITEM_CODE, "standards.pack.not_code")

    def name(self) -> str:
        """The name of a table or tier: small letters, digits and underscores, at most 32."""
        return self._fitting(_NAME, "standards.pack.not_name")

    def month_day(self) -> str:
        """A day of the calendar without its year, MM-DD."""
        return self._fitting(_MONTH_DAY, "standards.pack.not_month_day")

    def choice(self, kind: type[E]) -> E:
        """One of the words of a vocabulary."""
        return kind(self.word(tuple(kind)))

    def word(self, words: tuple[str, ...]) -> str:
        """One of the words given."""
        if not isinstance(self.value, str) or self.value not in words:
            self.refuse("standards.pack.not_allowed", known=", ".join(words))
        return self.value

    def words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """One word or a list of some, each of those given."""
        if not isinstance(self.value, list):
            return (self.word(words),)
        if not self.value:
            self.refuse("standards.pack.empty")
        return tuple(entry.word(words) for entry in self.entries())

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse("standards.pack.not_flag")
        return self.value

    def whole(self, low: int, high: int) -> int:
        """A whole number within the bounds, both allowed."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.refuse("standards.pack.not_whole", low=low, high=high)
        if not low <= self.value <= high:
            self.refuse("standards.pack.not_whole", low=low, high=high)
        return self.value

    def credit(self) -> Credit:
        """An amount of credit, nothing or more, of at most two places."""
        return Credit.of(self._number(_AMOUNT, "standards.pack.not_amount"))

    def factor(self) -> Decimal:
        """A number above nothing, e.g. the hours of one credit."""
        number = Decimal(self._number(_FACTOR, "standards.pack.not_factor"))
        if not number:
            self.refuse("standards.pack.not_factor")
        return number

    def bound(self) -> Decimal:
        """A number, nothing or more, e.g. the hours where a step begins."""
        return Decimal(self._number(_FACTOR, "standards.pack.not_amount"))

    def day(self) -> date:
        """A day, YYYY-MM-DD."""
        if not isinstance(self.value, str) or not _DAY.fullmatch(self.value):
            self.refuse("standards.pack.not_day")
        try:
            return date.fromisoformat(self.value)
        except ValueError:
            self.refuse("standards.pack.not_day")

    def _fitting(self, pattern: re.Pattern[str], code: str) -> str:
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value):
            self.refuse(code)
        return self.value

    def _number(self, pattern: re.Pattern[str], code: str) -> str:
        text = self.value
        if isinstance(text, int) and not isinstance(text, bool) and text.bit_length() <= _SHOWN:
            text = str(text)
        if not isinstance(text, str) or not pattern.fullmatch(text):
            self.refuse(code)
        return text


def no_repeats(nodes: Mapping[str, Node] | Iterator[tuple[str, Node]]) -> dict[str, Node]:
    """The nodes by name. InvalidError for the second node of a name."""
    found: dict[str, Node] = {}
    for name, node in nodes.items() if isinstance(nodes, Mapping) else nodes:
        if name in found:
            node.refuse("standards.pack.twice", name=name, first=found[name].path)
        found[name] = node
    return found


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidError("standards.pack.key_twice", key=shown(twice))
    return members


def _refuse_bare(text: str) -> NoReturn:
    raise InvalidError("standards.pack.bare_number", value=shown(text))
