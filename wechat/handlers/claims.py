"""不是我 — in the chat: somebody else's WeChat shall not have this person's place."""

from __future__ import annotations

from app.accounts.commands import binding as accounts
from app.base.work import Work, passes
from app.kernel.errors import NotFoundError
from app.people.terms import PersonNo
from wechat.handlers.bound import as_person
from wechat.replies import say
from wechat.router import Ask


@passes("accounts.refuse_claim")
@as_person
def refuse(work: Work, ask: Ask, person_no: PersonNo) -> str:  # noqa: ARG001  found by the openid
    """不是我 — what waits to take this openid's place never will; said by the platform itself."""
    try:
        accounts.refuse_claim(work, ask.slug, ask.openid)
    except NotFoundError:
        return say("binding.nobody_waits")
    return say("binding.held_off")
