"""路由 — from a message to who answers it; a table that is only data, read by two rules.

A text is compared by its first words, longest first within a priority: as it is written, then
without what people say out of courtesy, then as it sounds. A menu key names a route. What no route
takes gets the fallback, an event that nobody waits for gets silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.accounts.terms import OfficialAccount
from app.base.site import Site
from wechat.hearing import Heard, heard, rest_after
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
        spoken = [
            (-route.priority, -len(word), word, route)
            for route in self.routes
            if route.takes is not None
            for word in keywords[route.key].split()
        ]
        self._spoken = tuple(
            (word, heard(word), route)
            for *_, word, route in sorted(spoken, key=lambda entry: entry[:3])
        )
        self._courtesies = tuple(sorted(keywords["courtesies"].split(), key=len, reverse=True))
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
        bare = self._without_courtesies(text)
        return (
            self._first(kind, text, lambda word, _: _after(word, text))
            or self._first(kind, bare, lambda word, _: _after(word, bare))
            or self._by_sound(kind, bare)
            or Found(self._fallback, text)
        )

    def _by_sound(self, kind: str, text: str) -> Found | None:
        said = heard(text)
        return self._first(kind, text, lambda _, sound: rest_after(said, sound, text))

    def _first(
        self, kind: str, text: str, match: Callable[[str, Heard], str | None]
    ) -> Found | None:
        """The first open route whose words match, and that takes what follows them."""
        if not text:
            return None
        for word, sound, route in self._spoken:
            if not _open(route, kind) or (following := match(word, sound)) is None:
                continue
            rest = self._taken(route, plain(following))
            if rest is not None:
                return Found(route, rest)
        return None

    def _without_courtesies(self, text: str) -> str:
        """What is asked, without "I would like to know" in front of it."""
        shorter = text
        while shorter:
            before = shorter
            for words in self._courtesies:
                shorter = plain(shorter.removeprefix(words))
            if shorter == before:
                return shorter
        return text

    def _by_key(self, kind: str, key: str) -> Found:
        for route in self.routes:
            if route.key == key and _open(route, kind):
                return Found(route, "")
        return Found(self._fallback, "")

    def _taken(self, route: Route, rest: str) -> str | None:
        """What the route makes of the rest; None when this rest is not for it."""
        if not rest or route.takes is Takes.WORDS:
            return rest
        if route.takes is Takes.YEAR and (year := self._year.fullmatch(rest)):
            return year[1]
        return None


def _after(word: str, text: str) -> str | None:
    return text.removeprefix(word) if text.startswith(word) else None


def _open(route: Route, kind: str) -> bool:
    return not route.kinds or kind in route.kinds
