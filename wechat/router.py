"""路由 — from a message to who answers it; a table that is only data, read by two rules.

A text is compared by its first words, longest first within a priority: as it is written, then
without what people say out of courtesy, then as it sounds; what they add after it counts nothing. A
menu key names a route. What no route takes gets the fallback, an event that nobody waits for gets
silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from wechat.hearing import Heard, heard, typed
from wechat.messages import Event, EventKind, Message, Text, Unknown, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """来问 — who asks on which account, what they sent, and what followed the route's words."""

    site: Site
    account: OfficialAccount
    openid: str
    message: Message
    rest: str

    @property
    def slug(self) -> str:
        """The account's own name with us."""
        return self.account.slug


Answer: TypeAlias = Callable[[Ask], str]


class Takes(StrEnum):
    """What may follow the words of a route."""

    NOTHING = "nothing"
    YEAR = "year"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to ask. `key` names the menu key, and the words in `words/keywords.toml`.

    `kinds` empty means every kind of account. `constant`: it says the same to everybody and does
    nothing, so each delivery of a message may be answered by itself.
    """

    key: str
    answer: Answer
    takes: Takes | None = None
    event: EventKind | None = None
    kinds: frozenset[str] = frozenset()
    priority: int = 0
    constant: bool = False


_Ways: TypeAlias = "Mapping[str, Sequence[tuple[Heard, Route]]]"


@dataclass(frozen=True, slots=True)
class Found:
    """The route that a message takes, and the rest of its text."""

    route: Route
    rest: str


class Router:
    """路由表 — the routes in the order in which they are tried."""

    def __init__(
        self, routes: Iterable[Route], *, fallback: Route, keywords: Mapping[str, str]
    ) -> None:
        self.routes = (*routes, fallback)
        self._fallback = fallback
        spoken = sorted(
            (-route.priority, -len(word), word, number)
            for number, route in enumerate(self.routes)
            if route.takes is not None
            for word in keywords[route.key].split()
        )
        ways = [(word, self.routes[number]) for *_, word, number in spoken]
        self._written = _by_first([(Heard.as_written(word), route) for word, route in ways])
        self._sounding = _by_first(
            [(heard(said), route) for word, route in ways for said in (word, typed(word))]
        )
        courtesies = sorted(keywords["courtesies"].split(), key=len, reverse=True)
        said = "|".join(map(re.escape, courtesies))
        self._courtesies = re.compile(rf"(?:(?:{said})[^\w]*)+")
        endings = sorted(keywords["endings"].split(), key=len, reverse=True)
        self._endings = re.compile(rf"(?:(?:{'|'.join(map(re.escape, endings))})[^\w]*)+")
        suffixes = "|".join(map(re.escape, keywords["year"].split()))
        self._year = re.compile(rf"([0-9]{{1,9}}) ?(?:{suffixes})?", re.ASCII)

    @property
    def doors(self) -> tuple[str, ...]:
        """The commands and queries that the answers pass through."""
        named = (getattr(route.answer, "__doors__", ()) for route in self.routes)
        return tuple(dict.fromkeys(door for doors in named for door in doors))

    def find(self, kind: str, message: Message) -> Found | None:
        """The route of a message to an account of that kind; None where silence is the answer."""
        match message:
            case Text(content=content):
                return self._by_words(kind, plain(content))
            case Event(kind=EventKind.CLICK, event_key=key):
                return self._by_key(kind, key)
            case Event(kind=event):
                return next(
                    (Found(r, "") for r in self.routes if r.event is event and _open(r, kind)), None
                )
            case Unknown(is_event=is_event):
                return None if is_event else Found(self._fallback, "")

    def _by_words(self, kind: str, text: str) -> Found:
        bare = text
        if found := self._first(kind, text, self._written, Heard.as_written(text)):
            return found
        if courtesy := self._courtesies.match(text):
            bare = text[courtesy.end() :]
            if found := self._first(kind, bare, self._written, Heard.as_written(bare)):
                return found
        found = self._first(kind, bare, self._sounding, heard(bare))
        return found or Found(self._fallback, text)

    def _first(self, kind: str, text: str, ways: _Ways, said: Heard) -> Found | None:
        """The first open route whose words begin the text, and that takes what follows them."""
        for wanted, route in ways.get(said.sound[:1], ()):
            if not _open(route, kind) or (end := said.end_of(wanted)) is None:
                continue
            rest = self._taken(route, plain(text[end:]))
            if rest is not None:
                return Found(route, rest)
        return None

    def _by_key(self, kind: str, key: str) -> Found:
        for route in self.routes:
            if route.key == key and _open(route, kind):
                return Found(route, "")
        return Found(self._fallback, "")

    def _taken(self, route: Route, rest: str) -> str | None:
        """What the route makes of the rest; None when this rest is not for it."""
        if self._endings.fullmatch(rest):
            return ""
        if not rest or route.takes is Takes.WORDS:
            return rest
        if route.takes is Takes.YEAR and (year := self._year.fullmatch(rest)):
            return year[1]
        return None


def _by_first(ways: Iterable[tuple[Heard, Route]]) -> _Ways:
    """The ways to ask by the first letter of each, in their order."""
    found: dict[str, list[tuple[Heard, Route]]] = {}
    for wanted, route in ways:
        found.setdefault(wanted.sound[:1], []).append((wanted, route))
    return found


def _open(route: Route, kind: str) -> bool:
    return not route.kinds or kind in route.kinds
