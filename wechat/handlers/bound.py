"""已绑定的人 — for answers that only a person we know may have."""

from __future__ import annotations

import functools
from collections.abc import Callable

from app.accounts import queries as accounts
from app.base.work import Work, begin
from app.kernel.actor import Actor, Role, Via
from app.people.terms import PersonNo
from wechat.handlers.binding import missing
from wechat.router import Answer, Ask


def as_person(answer: Callable[[Work, Ask, PersonNo], str]) -> Answer:
    """Answer within the sight of whom the openid belongs to; tell all others how to be bound."""

    @functools.wraps(answer)
    def ask_as_person(ask: Ask) -> str:
        binding = accounts.binding_of(ask.site, ask.slug, ask.openid)
        if binding is None:
            return missing(ask)
        person_no = binding.person_no
        actor = Actor(name=person_no, via=Via.WECHAT, place=binding.place, role=Role.PERSON)
        with begin(ask.site, actor) as work:
            return answer(work, ask, person_no)

    return ask_as_person
