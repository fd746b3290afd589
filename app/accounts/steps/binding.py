"""绑定 — an openid becomes a person's, at once or after a day, and what ends it."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.accounts.queries.invitations import hash_of
from app.accounts.queries.proofs import Held, standing
from app.accounts.rules.proofs import CARD_PROOF_LIFE, REBIND_WAIT
from app.accounts.steps.clashes import flush
from app.accounts.steps.followers import retag
from app.accounts.steps.freezing import stop
from app.accounts.steps.telling import moment_facts, tell_bound, tell_people
from app.accounts.tables.binding import BindingRow, CardProofRow, ClaimRow, SlipRow
from app.accounts.tables.logins import LoginRow
from app.accounts.terms.binding import BindingEnd, ClaimEnd, How
from app.accounts.terms.proofs import Bound, Waits
from app.base.work import Work
from app.kernel.secret import Secret
from app.kernel.span import local_date
from app.people import queries as people
from app.people.terms import Person, Status

_TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Match:
    """Which openid of which account becomes whose, and by what."""

    slug: str
    openid: str
    person_id: int
    person_no: str
    path: str
    how: How


def give(
    work: Work,
    slug: str,
    openid: str,
    person: Person,
    how: How,
    *,
    at_once: bool = False,
    held: Held | None = None,
) -> Bound | Waits | None:
    """The openid is the person's on that account, or will be in a day; None where it cannot be.

    1. What stands and waits for either (`held`, where the caller asked already) is locked and
       judged. An openid that is somebody else's,
       or a person for whom yet another openid waits, is refused: there a human must look.
    2. Where the person has another openid on the account, that one is told and has a day to say
       no; `at_once` is for those who may decide in its place.
    3. Two at the same moment meet at the unique indexes: ConflictError for who was second.
    """
    match = _Match(slug, openid, person.id, person.no, person.place.path, how)
    bindings, claims = held or standing(work, [(slug, openid, person.id)])
    for row in bindings:
        if row.openid == openid and row.person_id == person.id:
            if how is How.PHONE:
                row.phone_proven_at = work.now
            return Bound()
        if row.openid == openid:
            return None
    own = [claim for claim in claims if (claim.openid, claim.person_id) == (openid, person.id)]
    if not at_once and len(own) < len(claims):
        return None
    if bindings and not at_once:
        return Waits(own[0].effective_at if own else _claim(work, match))
    for claim in claims:
        end_claim(work, claim, ClaimEnd.EFFECTIVE if claim in own else ClaimEnd.VOID)
    _replace(work, bindings)
    _add(work, [match])
    return Bound()


def take_effect(work: Work, due: Collection[ClaimRow]) -> int:
    """The openids that waited are now their persons'; what they replace ends, and hears of it.

    One whose openid became somebody else's meanwhile, or whose person was cancelled, is void, and
    one that another work ended is left alone. How many took effect.
    """
    if not due:
        return 0
    ids = {claim.id for claim in due}
    pairs = [(claim.slug, claim.openid, claim.person_id) for claim in due]
    bindings, waiting = standing(work, pairs)
    claims = [claim for claim in waiting if claim.id in ids]
    gone = _cancelled(work, [claim.person_id for claim in claims])
    taken = {(row.slug, row.openid) for row in bindings}
    good = [
        claim
        for claim in claims
        if claim.person_id not in gone and (claim.slug, claim.openid) not in taken
    ]
    for claim in claims:
        end_claim(work, claim, ClaimEnd.EFFECTIVE if claim in good else ClaimEnd.VOID)
    theirs = {(claim.slug, claim.person_id) for claim in good}
    _replace(work, [row for row in bindings if (row.slug, row.person_id) in theirs])
    matches = [
        _Match(one.slug, one.openid, one.person_id, one.person_no, one.path, How(one.how))
        for one in good
    ]
    for row in _add(work, matches):
        tell_bound(work, row, "claim_effective")
    return len(good)


def recheck(work: Work, person_ids: Collection[int]) -> int:
    """复核绑定 — people who are cancelled by now have no binding, claim or slip; how many had one.

    For whoever changes people, and for the day on which a change that was filed before holds.
    """
    gone = _cancelled(work, person_ids)
    if not gone:
        return 0
    ids = literal(list(gone), ARRAY(BigInteger))
    bindings = select(BindingRow).where(
        BindingRow.person_id == any_(ids), BindingRow.ended_at.is_(None)
    )
    ended = work.session.scalars(bindings.order_by(BindingRow.id).with_for_update()).all()
    for row in ended:
        end_binding(work, row, BindingEnd.CANCELLED)
        tell_bound(work, row, "binding_cancelled")
    claims = select(ClaimRow).where(ClaimRow.person_id == any_(ids), ClaimRow.ended_at.is_(None))
    for claim in work.session.scalars(claims.order_by(ClaimRow.id).with_for_update()):
        end_claim(work, claim, ClaimEnd.VOID)
    void_slips(work, gone)
    return len({row.person_id for row in ended})


def hand_over(work: Work, closed_id: int, kept: Person) -> None:
    """The bindings of a record that is closed are the kept one's, whose own on an account stays.

    What waits for the closed one is void, and its log-in lets nobody in. For a command that
    reaches.
    """
    rows = work.session.scalars(
        select(BindingRow)
        .where(BindingRow.person_id.in_([closed_id, kept.id]))
        .order_by(BindingRow.id)
        .with_for_update()
    ).all()
    held = {row.slug for row in rows if row.person_id == kept.id and row.ended_at is None}
    theirs = [row for row in rows if row.person_id == closed_id]
    _replace(work, [row for row in theirs if row.ended_at is None and row.slug in held])
    for row in theirs:
        row.person_id, row.person_no, row.path = kept.id, kept.no, kept.place.path
    claims = select(ClaimRow).where(ClaimRow.person_id == closed_id, ClaimRow.ended_at.is_(None))
    for claim in work.session.scalars(claims.order_by(ClaimRow.id).with_for_update()):
        end_claim(work, claim, ClaimEnd.VOID)
    void_slips(work, [closed_id])
    login = work.session.scalar(
        select(LoginRow).where(LoginRow.person_id == closed_id).with_for_update()
    )
    if login is not None:
        login.card_no = None
        stop(work, login)


def end_binding(work: Work, row: BindingRow, ended_as: BindingEnd) -> None:
    """The binding is over, on record, and the openid has the menu of those who are not bound."""
    row.ended_at, row.ended_as = work.now, ended_as
    retag(work, row.slug, row.openid)


def end_claim(work: Work, claim: ClaimRow, ended_as: ClaimEnd) -> None:
    """The openid waits no more, on record."""
    claim.ended_at, claim.ended_as = work.now, ended_as


def void_slips(work: Work, person_ids: Collection[int]) -> None:
    """The unused slips of these people are worth nothing from now on."""
    ids = literal(list(person_ids), ARRAY(BigInteger))
    unused = select(SlipRow).where(
        SlipRow.person_id == any_(ids), SlipRow.used_at.is_(None), SlipRow.expires_at > work.now
    )
    for slip in work.session.scalars(unused.order_by(SlipRow.id).with_for_update()):
        slip.expires_at = work.now


def offer_card_proof(work: Work, person: Person) -> tuple[Secret, datetime]:
    """刷卡凭证 — the token for a picture that proves, for a minute, that this card was there."""
    token, expires_at = Secret(secrets.token_urlsafe(_TOKEN_BYTES)), work.now + CARD_PROOF_LIFE
    work.session.add(
        CardProofRow(
            token_hash=hash_of(token), person_id=person.id, person_no=person.no,
            path=person.place.path, expires_at=expires_at,
        )
    )  # fmt: skip
    return token, expires_at


def _claim(work: Work, match: _Match) -> datetime:
    until = work.now + REBIND_WAIT
    [key] = work.fresh_ids(ClaimRow, 1)
    work.session.add(
        ClaimRow(
            id=key, path=match.path, person_id=match.person_id, person_no=match.person_no,
            slug=match.slug, openid=match.openid, how=match.how, claimed_at=work.now,
            effective_at=until,
        )
    )  # fmt: skip
    flush(work, "accounts.bind.meanwhile")
    tell_people(work, [match.person_id], "binding_contested", moment_facts(until))
    return until


def _replace(work: Work, bindings: Sequence[BindingRow]) -> None:
    for row in bindings:
        end_binding(work, row, BindingEnd.REPLACED)
        tell_bound(work, row, "binding_replaced", **moment_facts(work.now))
    # Before the new ones, or the unique indexes would see both.
    work.session.flush()


def _add(work: Work, matches: Sequence[_Match]) -> list[BindingRow]:
    """Bindings from now on; whoever else is bound to these people is told."""
    others = [match.person_id for match in matches]
    tell_people(work, others, "binding_added", moment_facts(work.now))
    rows = [
        BindingRow(
            id=key, path=match.path, person_id=match.person_id, person_no=match.person_no,
            slug=match.slug, openid=match.openid, how=match.how, bound_at=work.now,
            phone_proven_at=work.now if match.how is How.PHONE else None,
        )
        for key, match in zip(work.fresh_ids(BindingRow, len(matches)), matches, strict=True)
    ]  # fmt: skip
    work.session.add_all(rows)
    flush(work, "accounts.bind.meanwhile")
    for row in rows:
        retag(work, row.slug, row.openid)
    return rows


def _cancelled(work: Work, person_ids: Collection[int]) -> set[int]:
    if not person_ids:
        return set()
    today = people.status_on(work, person_ids, local_date(work.now))
    return {one for one, status in today.items() if status is Status.CANCELLED}
