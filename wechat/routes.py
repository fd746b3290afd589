"""问与答 — everything that can be asked in an official account, and who answers."""

from __future__ import annotations

from app.base.words import book
from wechat.handlers import binding, claims, credits, menu, why
from wechat.handlers.pages import pointing, pointing_the_bound
from wechat.messages import EventKind
from wechat.router import Route, Router, Takes

ROUTER = Router(
    (
        Route(key="credits", answer=credits.answer, takes=Takes.YEAR),
        Route(key="why", answer=why.answer, takes=Takes.WORDS),
        Route(
            key="account",
            answer=pointing_the_bound("account.where", "account"),
            takes=Takes.WORDS,
        ),
        Route(key="bind", answer=binding.answer, takes=Takes.WORDS),
        Route(key="refuse", answer=claims.refuse, takes=Takes.NOTHING),
        Route(key="lost", answer=pointing_the_bound("lost.where", "lost"), takes=Takes.WORDS),
        Route(key="standards", answer=pointing("standards.where", "standards"), takes=Takes.WORDS),
        Route(key="notices", answer=pointing("notices.where", "notices"), takes=Takes.WORDS),
        Route(key="faq", answer=pointing("faq.where", "faq"), takes=Takes.WORDS),
        Route(key="help", answer=pointing("help.where", "help"), takes=Takes.WORDS),
        Route(key="greeting", answer=menu.greeting, event=EventKind.SUBSCRIBE),
        Route(key="scanned", answer=menu.scanned, event=EventKind.SCAN),
    ),
    fallback=Route(key="menu", answer=menu.unclear, constant=True),
    keywords=book("keywords"),
)
