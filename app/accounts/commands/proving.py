"""绑定的证明 — whoever holds the proof is who it proves: first counted, then judged.

Two commands, in two works: what `attempt` counted stays counted, whatever becomes of `prove`. And
there is no way to `prove` without an `Attempt`. Nothing that people know of each other is a proof:
names and numbers only narrow down what a proof has shown.
"""

from __future__ import annotations

import secrets
from typing import assert_never

from sqlalchemy.exc import IntegrityError

from app.accounts import rules
from app.accounts.queries.invitations import hash_of
from app.accounts.queries.proofs import (
    card_proof_of,
    is_account,
    phone_proof_of,
    slip_of,
    standing,
)
from app.accounts.rules.proofs import PHONE_TICKET_LIFE, TRIES
from app.accounts.steps.binding import give
from app.accounts.steps.trying import charge, refund
from app.accounts.tables.binding import CardProofRow, PhoneProofRow, SlipRow
from app.accounts.terms.binding import How
from app.accounts.terms.proofs import (
    Attempt,
    CardEvidence,
    Evidence,
    NameNeeded,
    NotBound,
    Outcome,
    PhoneEvidence,
    SlipEvidence,
)
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.secret import Secret
from app.kernel.span import local_date
from app.people import queries as people
from app.people.terms import Person, PersonId, Status

_TOKEN_BYTES = 16
_NOBODY = 0

_HOW: dict[type[Evidence], How] = {
    PhoneEvidence: How.PHONE, CardEvidence: How.CARD, SlipEvidence: How.SLIP,
}  # fmt: skip


@command(Permission.ACCOUNTS_PROVE)
def offer_phone_proof(work: Work, slug: str, openid: str) -> Secret:
    """手机号验证票 — what this openid hands to the mini-program, to come back with a phone.

    Good once, for ten minutes. The door has the openid from a session of that account.
    """
    follower = _follower(work, slug, openid)
    ticket = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
    work.session.add(
        PhoneProofRow(
            token_hash=hash_of(ticket), slug=slug, openid=follower,
            expires_at=work.now + PHONE_TICKET_LIFE,
        )
    )  # fmt: skip
    return ticket


@command(Permission.ACCOUNTS_PROVE, reaches=True)
def attempt(work: Work, slug: str, openid: str, evidence: Evidence) -> Attempt:
    """绑定尝试 — counts a try of this openid and at everybody it aims at, before it is judged.

    The door has the openid from a session of that account, never from what was sent.
    """
    return _counted(work, slug, _follower(work, slug, openid), evidence)


@command(Permission.ACCOUNTS_PROVE, reaches=True)
def attempt_by_phone(work: Work, evidence: PhoneEvidence) -> Attempt:
    """手机号绑定尝试 — as `attempt`, by the openid to which the ticket was given; it is used up.

    NotFoundError for a ticket that is unknown, used or too old. The platform's code counts with
    one ticket only, whatever the platform itself says of it.
    """
    row = phone_proof_of(work, evidence.ticket)
    if row is None or row.used_at is not None or row.expires_at <= work.now:
        raise NotFoundError("accounts.bind.ticket")
    row.used_at = work.now
    try:
        with work.session.begin_nested():
            row.code_hash = hash_of(evidence.code)
            work.session.flush()
    except IntegrityError:
        evidence = PhoneEvidence(evidence.ticket, None, evidence.code, evidence.name)
    return _counted(work, row.slug, row.openid, evidence)


@command(Permission.ACCOUNTS_PROVE, reaches=True)
def prove(work: Work, tried: Attempt) -> Outcome:
    """证明绑定 — the openid is bound to whom the evidence proves, or will be, or is not.

    A refusal says nothing of its cause: no such person, a wrong proof, an openid that is bound
    already, too many tries. ConflictError where another was first, which means no more than that.
    """
    with work.reaching():
        found = _judge(work, tried)
        person = found if isinstance(found, Person) else None
        # Asked whether it is needed or not: a refusal takes as long for every cause.
        held = standing(work, [(tried.slug, tried.openid, person.id if person else _NOBODY)])
        outcome: Outcome | None = None
        if tried.open and person is not None:
            how = _HOW[type(tried.evidence)]
            outcome = give(work, tried.slug, tried.openid, person, how, held=held)
            if outcome is not None:
                _use_up(work, tried)
        elif tried.open and isinstance(found, NameNeeded):
            outcome = found
            _give_back(work, tried)
    if outcome is None:
        facts = {"kind": "refused", "how": _HOW[type(tried.evidence)], "open": tried.open}
        work.note("binding", f"{tried.slug}/{tried.openid}", work.actor.place, **facts)
        return NotBound(tried.left)
    refund(work, tried.slug, tried.openid, tried.aims)
    return outcome


def _follower(work: Work, slug: str, openid: str) -> str:
    follower = rules.openid_of(openid)
    if not is_account(work, slug):
        raise NotFoundError("accounts.official.unknown", slug=slug)
    return follower


def _counted(work: Work, slug: str, openid: str, evidence: Evidence) -> Attempt:
    with work.reaching():
        aims = _aims(work, evidence)
    by_openid, at_person = charge(work, slug, openid, aims)
    within = max(by_openid, at_person) <= TRIES
    return Attempt(slug, openid, evidence, aims, within, max(0, TRIES - by_openid))


def _aims(work: Work, evidence: Evidence) -> tuple[PersonId, ...]:
    """At whom the evidence aims, right or wrong: who has the number, the slip, the card."""
    match evidence:
        case PhoneEvidence(phone=phone):
            return tuple(one.id for one in _holders(work, phone))
        case CardEvidence(token=token):
            proof = card_proof_of(work, token)
            return () if proof is None else (PersonId(proof.person_id),)
        case SlipEvidence(code=code, person_no=person_no):
            slip = slip_of(work, code)
            found = {PersonId(slip.person_id)} if slip else set[PersonId]()
            named = people.people_by_no(work, [person_no] if person_no else [])
            return tuple(sorted(found | {one.id for one in named.values()}))
        case _:
            assert_never(evidence)


def _judge(work: Work, tried: Attempt) -> Person | NameNeeded | None:
    """Whom the evidence proves, among those who are not cancelled."""
    row: SlipRow | CardProofRow | None
    match tried.evidence:
        case PhoneEvidence(phone=phone, name=name):
            return _by_phone(work, phone, name)
        case CardEvidence(token=token):
            row, wanted = card_proof_of(work, token), ""
        case SlipEvidence(code=code, person_no=wanted):
            row = slip_of(work, code)
        case _:
            assert_never(tried.evidence)
    ids = [] if row is None else [PersonId(row.person_id)]
    people_meant = _counting(work, ids)
    if row is None or row.used_at is not None or row.expires_at <= work.now:
        return None
    return next((one for one in people_meant if wanted in {"", one.no}), None)


def _by_phone(work: Work, phone: Secret | None, name: str) -> Person | NameNeeded | None:
    bare = "".join(name.split())
    holders = _counting(work, [one.id for one in _holders(work, phone)])
    if len(holders) > 1 and not bare:
        return NameNeeded()
    called = [one for one in holders if not bare or "".join(one.name.split()) == bare]
    return called[0] if len(called) == 1 else None


def _holders(work: Work, phone: Secret | None) -> tuple[Person, ...]:
    return people.holders_of_phone(work, phone or Secret(""))


def _counting(work: Work, ids: list[PersonId]) -> list[Person]:
    """Of these people, those who are not cancelled today."""
    found = people.people_of(work, ids)
    today = people.status_on(work, ids, local_date(work.now))
    return [found[one] for one in ids if one in found and today[one] is not Status.CANCELLED]


def _use_up(work: Work, tried: Attempt) -> None:
    """The proof is worth nothing from now on."""
    match tried.evidence:
        case CardEvidence(token=token):
            row: SlipRow | CardProofRow | None = card_proof_of(work, token)
        case SlipEvidence(code=code):
            row = slip_of(work, code)
        case PhoneEvidence():
            row = None
        case _:
            assert_never(tried.evidence)
    if row is not None:
        row.used_at = work.now


def _give_back(work: Work, tried: Attempt) -> None:
    """The ticket may come once more, with a name and a new code of the platform."""
    if isinstance(tried.evidence, PhoneEvidence):
        row = phone_proof_of(work, tried.evidence.ticket)
        if row is not None:
            row.used_at = None
