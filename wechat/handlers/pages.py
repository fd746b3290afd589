"""指路 — answers that say in one line where the page is."""

from __future__ import annotations

from app.base.work import Work
from app.people.terms import PersonNo
from wechat import links
from wechat.capabilities import Capability, may
from wechat.handlers.bound import as_person
from wechat.replies import say
from wechat.router import Answer, Ask


def pointing(code: str, path: str) -> Answer:
    """Where the page is, for anybody."""

    def answer(ask: Ask) -> str:
        return say(code, url=links.page(ask, path))

    return answer


def pointing_the_bound(code: str, path: str) -> Answer:
    """Where the page is, for whom we know; how to be known, for others.

    Where the page can only be read, `<code>_here` says who does the rest.
    """

    @as_person
    def answer(work: Work, ask: Ask, person_no: PersonNo) -> str:  # noqa: ARG001  the same for all
        said = code if may(ask.account, Capability.OAUTH) else f"{code}_here"
        return say(said, url=links.page(ask, path, work))

    return answer
