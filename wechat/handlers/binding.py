"""绑定 — in the chat: by the code of a slip, and where the page is with all other ways.

The platform itself says whose message it is, so a code proves as much here as on the page; where an
account cannot say whose browser comes, the chat is the only place (trust.md 2.1).
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from app.accounts import queries as accounts
from app.accounts.queries.binding import binding_state
from app.accounts.rules.proofs import typed_slip
from app.accounts.terms.proofs import Bound, NameNeeded, NotBound, Waits
from app.base import words
from app.base.work import passes
from app.kernel.errors import InvalidError
from app.kernel.secret import Secret
from app.kernel.span import SHANGHAI
from wechat import links, proving
from wechat.capabilities import Capability, may
from wechat.replies import say
from wechat.router import Ask


@passes(*proving.DOORS)
def answer(ask: Ask) -> str:
    """绑定、绑定 <激活码> — bind by the slip; without its code, the page with every way."""
    code = typed_slip(ask.rest)
    return _tried(ask, Secret(code)) if code else where(ask)


def where(ask: Ask) -> str:
    """How to be bound, for whom we know and whom we do not."""
    if accounts.binding_of(ask.site, ask.slug, ask.openid) is None:
        return missing(ask)
    if may(ask.account, Capability.OAUTH):
        return say("binding.where", url=links.page(ask, "bind"))
    return say("binding.where_here", url=links.page(ask, "bindings"))


def missing(ask: Ask) -> str:
    """How to be bound, for whom we do not know; from when on, for whom that is certain."""
    until = binding_state(ask.site, ask.slug, ask.openid).pending_until
    if until is not None:
        return _waits(until)
    code = "missing" if may(ask.account, Capability.OAUTH) else "missing_here"
    return say(f"binding.{code}", url=links.page(ask, "bind"))


def _tried(ask: Ask, code: Secret) -> str:
    """What became of the try; all refusals say the same."""
    working = proving.as_stranger(ask.site, ask.openid)
    outcome = proving.prove_by_slip(working, ask.slug, ask.openid, code)
    match outcome:
        case Bound():
            return say("binding.done")
        case Waits(until=until):
            return _waits(until)
        case NotBound(left=left):
            refused = words.of_error(InvalidError(proving.REFUSED, left=left))
            return f"{refused}\n{say('binding.other_ways', url=links.page(ask, 'bind'))}"
        case NameNeeded():
            raise AssertionError("a name is asked for beside a phone number only")
        case _:
            assert_never(outcome)


def _waits(until: datetime) -> str:
    at = until.astimezone(SHANGHAI)
    return say("binding.waits", month=at.month, day=at.day, clock=f"{at:%H:%M}")
