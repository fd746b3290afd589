"""问与答 — everything that can be asked in an official account, and who answers."""

from __future__ import annotations

from app.base.words import book
from wechat.handlers import credits, menu, why
from wechat.messages import EventKind
from wechat.router import Route, Router, Takes

ROUTER = Router(
    (
        Route(key="credits", answer=credits.answer, takes=Takes.YEAR),
        Route(key="why", answer=why.answer, takes=Takes.WORDS),
        Route(key="greeting", answer=menu.greeting, event=EventKind.SUBSCRIBE),
    ),
    fallback=Route(key="menu", answer=menu.unclear, constant=True),
    keywords=book("keywords"),
)
