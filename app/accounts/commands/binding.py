"""绑定 — by the operator, by the person themselves, and by the time that passes."""

from __future__ import annotations

from sqlalchemy import delete, select

from app.accounts import rules
from app.accounts.queries.proofs import is_account, standing
from app.accounts.rules.proofs import SPENT_KEPT, TRIES_KEPT
from app.accounts.steps.binding import end_binding, end_claim, give, recheck, take_effect
from app.accounts.steps.clashes import flush
from app.accounts.steps.telling import moment_facts, tell_bound, tell_openid, tell_people
from app.accounts.tables.binding import (
    BindingRow,
    CardProofRow,
    ClaimRow,
    PhoneProofRow,
    SlipRow,
    TryRow,
)
from app.accounts.terms.binding import BindingEnd, ClaimEnd, How
from app.base.work import Work, command
from app.kernel.actor import Permission, Role
from app.kernel.errors import ConflictError, NotFoundError
from app.kernel.place import Place
from app.kernel.span import local_date
from app.people import queries as people
from app.people.terms import Status


@command(Permission.ACCOUNTS_BIND)
def bind(work: Work, slug: str, openid: str, person_no: str) -> None:
    """绑定 — the openid is this person's on that account; what it replaces ends, on record.

    1. The person must be within the actor's sight, and so must whoever held the openid before.
    2. Both old bindings are locked, judged and ended before the new one is added; who loses one
       is told.
    3. Two binds at the same moment meet at the unique indexes: one wins, the other is told.
    """
    follower = rules.openid_of(openid)
    if not is_account(work, slug):
        raise NotFoundError("accounts.official.unknown", slug=slug)
    person = people.within_sight(work, person_no)
    bindings, claims = standing(work, [(slug, follower, person.id)])
    if any(row.openid == follower and row.person_id == person.id for row in bindings):
        return
    paths = [row.path for row in bindings] + [claim.path for claim in claims]
    if not all(work.actor.place.holds(Place(path)) for path in paths):
        raise ConflictError("accounts.bind.taken")
    for row in bindings:
        if row.openid == follower:
            end_binding(work, row, BindingEnd.MOVED)
    work.session.flush()
    give(work, slug, follower, person, How.OPERATOR, at_once=True)


@command(Permission.ACCOUNTS_SELF)
def unbind(work: Work, slug: str, openid: str) -> None:
    """解除绑定 — the openid is nobody's any more; whoever else is bound to the person is told.

    NotFoundError where it is not the actor's own.
    """
    row = _own(work, slug, openid)
    end_binding(work, row, BindingEnd.UNBOUND)
    flush(work, "accounts.bind.meanwhile")
    tell_people(work, [row.person_id], "binding_ended", moment_facts(work.now))


@command(Permission.ACCOUNTS_SELF)
def confirm_claim(work: Work, slug: str, openid: str) -> None:
    """确认换绑 — what waits to take this openid's place does so now. NotFoundError for nothing."""
    take_effect(work, [_contesting(work, _own(work, slug, openid))])


@command(Permission.ACCOUNTS_SELF)
def refuse_claim(work: Work, slug: str, openid: str) -> None:
    """不是我 — what waits to take this openid's place never will. NotFoundError for nothing."""
    row = _own(work, slug, openid)
    claim = _contesting(work, row)
    end_claim(work, claim, ClaimEnd.REFUSED)
    tell_openid(work, claim.slug, claim.openid, "claim_refused")
    tell_bound(work, row, "claim_refused_by_you")


@command(Permission.SYSTEM_OPERATE)
def settle_claims(work: Work) -> int:
    """换绑生效 — every openid that has waited its day is now its person's; how many."""
    low, high = work.actor.place.bounds
    due = select(ClaimRow).where(
        ClaimRow.ended_at.is_(None), ClaimRow.effective_at <= work.now,
        ClaimRow.path >= low, ClaimRow.path < high,
    )  # fmt: skip
    return take_effect(work, work.session.scalars(due).all())


@command(Permission.SYSTEM_OPERATE)
def recheck_bindings(work: Work) -> int:
    """复核绑定 — nobody who is cancelled today is bound; how many people that ended.

    Also removes what no proof needs any more: spent tickets and pictures, old slips and counts.
    """
    today = local_date(work.now)
    spent = work.now - SPENT_KEPT
    work.session.execute(delete(TryRow).where(TryRow.day < today - TRIES_KEPT))
    work.session.execute(delete(CardProofRow).where(CardProofRow.expires_at < spent))
    work.session.execute(delete(PhoneProofRow).where(PhoneProofRow.expires_at < spent))
    for slip in work.session.scalars(select(SlipRow).where(SlipRow.expires_at < spent)):
        work.session.delete(slip)
    return recheck(work, people.with_status(work, Status.CANCELLED, today))


def _own(work: Work, slug: str, openid: str) -> BindingRow:
    """The actor's own binding on that account, locked."""
    asked = select(BindingRow).where(
        BindingRow.slug == slug, BindingRow.openid == openid, BindingRow.ended_at.is_(None)
    )
    row = work.session.scalar(asked.with_for_update())
    own = work.actor.role in {Role.PERSON, Role.OPERATOR}
    if row is None or not own or not work.actor.place.holds(Place(row.path)):
        raise NotFoundError("accounts.bind.none")
    return row


def _contesting(work: Work, row: BindingRow) -> ClaimRow:
    asked = select(ClaimRow).where(
        ClaimRow.slug == row.slug, ClaimRow.person_id == row.person_id, ClaimRow.ended_at.is_(None)
    )
    claim = work.session.scalar(asked.with_for_update())
    if claim is None:
        raise NotFoundError("accounts.claim.none")
    return claim
