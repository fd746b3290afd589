"""绑定 — what every door does with a proof: count it in a work of its own, then let it be judged.

`working` opens a work of whoever is at the door, anew each time; account and openid come from the
door's own session, never from what was sent.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias

from app.accounts.commands import proving as accounts
from app.accounts.terms.proofs import (
    Attempt,
    CardEvidence,
    NotBound,
    Outcome,
    PhoneEvidence,
    SlipEvidence,
)
from app.base.site import Site
from app.base.work import Work, begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import ConflictError
from app.kernel.place import Place
from app.kernel.secret import Secret

Working: TypeAlias = Callable[[], AbstractContextManager[Work]]

# What the doors pass through here.
DOORS = ("accounts.attempt", "accounts.prove")
PHONE_DOORS = ("accounts.attempt_by_phone", "accounts.prove")

# The one sentence for every cause, in `errors`; its fact is `left`, the tries left today.
REFUSED = "accounts.bind.refused"


def as_stranger(site: Site, openid: str) -> Working:
    """Works of a follower whom nobody knows yet."""
    return functools.partial(begin, site, Actor(openid, Via.WECHAT, Place.nowhere(), Role.PERSON))


def prove_by_card(working: Working, slug: str, openid: str, token: Secret) -> Outcome:
    """Bind by the picture that a reader showed."""
    with working() as work:
        tried = accounts.attempt(work, slug, openid, CardEvidence(token))
    return _judged(working, tried)


def prove_by_slip(
    working: Working, slug: str, openid: str, code: Secret, person_no: str = ""
) -> Outcome:
    """Bind by a slip's code as typed; a person number beside it must be the slip's own."""
    with working() as work:
        tried = accounts.attempt(work, slug, openid, SlipEvidence(code, person_no))
    return _judged(working, tried)


def prove_by_phone(working: Working, evidence: PhoneEvidence) -> Outcome:
    """Bind by what the mini-program brought. NotFoundError for a ticket that is no good."""
    with working() as work:
        tried = accounts.attempt_by_phone(work, evidence)
    return _judged(working, tried)


def _judged(working: Working, tried: Attempt) -> Outcome:
    try:
        with working() as work:
            return accounts.prove(work, tried)
    except ConflictError:  # another was first: no more is said than of any other cause
        return NotBound(tried.left)
