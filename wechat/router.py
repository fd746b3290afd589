"""路由 — from a message to who answers it; a table that is only data, read by two rules.

A text is compared by its first words, longest first within a priority; a menu key names a route.
What no route takes gets the fallback, an event that nobody waits for gets silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.base.site import Site
from wechat.messages import Event, EventKind, Message, Text, Unknown, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """来问 — who asks on which account, what they sent, and what followed the route's words."""

    site: Site
    slug: str
    openid: str
    message: Message
    rest: str


Answer: TypeAlias = Callable[[Ask], str]


class Takes(StrEnum):
    """What may follow the words of a route."""

    NOTHING = "nothing"
    YEAR = "year"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to ask. `key` names the menu key, and the words in `words/keywords.toml`.

    `kinds` empty means every kind of account.
    """

    key: str
    answer: Answer
    takes: Takes | None = None
    event: EventKind | None = None
    kinds: frozenset[str] = frozenset()
    priority: int = 0


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
            (word, route) for *_, word, route in sorted(spoken, key=lambda entry: entry[:3])
        )
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
        for word, route in self._spoken:
            if not (text.startswith(word) and _open(route, kind)):
                continue
            rest = self._taken(route, plain(text.removeprefix(word)))
            if rest is not None:
                return Found(route, rest)
        return Found(self._fallback, text)

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


def _open(route: Route, kind: str) -> bool:
    return not route.kinds or kind in route.kinds
