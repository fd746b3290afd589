"""绑定的证明 — what stands behind a slip, a picture or a ticket, locked while it is judged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

from sqlalchemy import ColumnElement, Text, and_, any_, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.accounts.queries.asking import alone
from app.accounts.queries.invitations import hash_of
from app.accounts.rules.proofs import typed_slip
from app.accounts.tables.binding import (
    BindingRow,
    CardProofRow,
    ClaimRow,
    PhoneProofRow,
    RequestRow,
    SlipRow,
)
from app.accounts.tables.official import OfficialAccountRow
from app.accounts.terms.official import AccountKind
from app.accounts.terms.proofs import Likely, Request, RequestId, Unbound
from app.base.site import Site
from app.base.vault import Vault
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org import queries as org
from app.people import queries as people

_SLIP = "accounts.slip"


def slip_hash(vault: Vault, code: Secret) -> bytes:
    """What is stored of a slip's code, however it is typed."""
    return vault.index(Secret(typed_slip(code.reveal())), _SLIP)


def slip_of(work: Work, code: Secret) -> SlipRow | None:
    """The slip of that code, used or not, locked."""
    asked = select(SlipRow).where(SlipRow.code_hash == slip_hash(work.site.vault, code))
    return work.session.scalar(asked.with_for_update())


def card_proof_of(work: Work, token: Secret) -> CardProofRow | None:
    """The picture of that token, used or not, locked."""
    asked = select(CardProofRow).where(CardProofRow.token_hash == hash_of(token))
    return work.session.scalar(asked.with_for_update())


def phone_proof_of(work: Work, ticket: Secret) -> PhoneProofRow | None:
    """The ticket, used or not, locked."""
    asked = select(PhoneProofRow).where(PhoneProofRow.token_hash == hash_of(ticket))
    return work.session.scalar(asked.with_for_update())


def ticket_holder(site: Site, ticket: Secret) -> tuple[str, str] | None:
    """The account and openid of a ticket that may still be brought back; None for any other."""
    asked = select(PhoneProofRow.slug, PhoneProofRow.openid).where(
        PhoneProofRow.token_hash == hash_of(ticket),
        PhoneProofRow.used_at.is_(None),
        PhoneProofRow.expires_at > site.clock(),
    )
    row = alone(site, asked).one_or_none()
    return None if row is None else (row.slug, row.openid)


def is_account(work: Work, slug: str) -> bool:
    """Whether there is an account of that name."""
    asked = select(OfficialAccountRow.slug).where(OfficialAccountRow.slug == slug)
    return slug.isprintable() and work.session.scalar(asked) is not None


def face(work: Work) -> str | None:
    """门面 — the account on which people are best bound: a verified service account, if any."""
    asked = (
        select(OfficialAccountRow.slug)
        .where(OfficialAccountRow.kind != AccountKind.MINI)
        .order_by(
            (OfficialAccountRow.kind == AccountKind.SERVICE).desc(),
            OfficialAccountRow.verified.desc(),
            OfficialAccountRow.slug,
        )
        .limit(1)
    )
    return work.session.scalar(asked)


def mini_programs(site: Site) -> tuple[str, ...]:
    """小程序 — the names of those we know."""
    asked = select(OfficialAccountRow.slug).where(OfficialAccountRow.kind == AccountKind.MINI)
    return tuple(alone(site, asked.order_by(OfficialAccountRow.slug)).scalars())


# What stands, and what waits.
Held: TypeAlias = tuple[Sequence[BindingRow], Sequence[ClaimRow]]


def standing(work: Work, pairs: Collection[tuple[str, str, int]]) -> Held:
    """What stands and what waits on these (account, openid, person), by openid or person, locked.

    In one order for everybody, so that two who meet here wait and do not block each other.
    """
    bindings = select(BindingRow).where(
        BindingRow.ended_at.is_(None), or_(*(_meets(BindingRow, pair) for pair in pairs))
    )
    claims = select(ClaimRow).where(
        ClaimRow.ended_at.is_(None), or_(*(_meets(ClaimRow, pair) for pair in pairs))
    )
    return (
        work.session.scalars(bindings.order_by(BindingRow.id).with_for_update()).all(),
        work.session.scalars(claims.order_by(ClaimRow.id).with_for_update()).all(),
    )


def _meets(row: type[BindingRow | ClaimRow], pair: tuple[str, str, int]) -> ColumnElement[bool]:
    slug, openid, person_id = pair
    return and_(row.slug == slug, or_(row.openid == openid, row.person_id == person_id))


@query(Permission.ACCOUNTS_BIND)
def requests(work: Work) -> tuple[Request, ...]:
    """确认申请 — those that nobody answered, within the actor's scope, the oldest first."""
    low, high = work.actor.place.bounds
    asked = (
        select(RequestRow, OfficialAccountRow.name)
        .join(OfficialAccountRow, OfficialAccountRow.slug == RequestRow.slug)
        .where(RequestRow.answered_at.is_(None), RequestRow.path >= low, RequestRow.path < high)
        .order_by(RequestRow.asked_at, RequestRow.id)
    )
    found = work.session.execute(asked).all()
    likely = _likely(work, {row.name for row, _ in found})
    return tuple(
        Request(
            id=RequestId(row.id),
            slug=row.slug,
            account_name=account_name,
            name=row.name,
            department=row.department,
            note=row.note,
            asked_at=row.asked_at,
            likely=tuple(likely.get(row.name, ())),
        )
        for row, account_name in found
    )


@query(Permission.ACCOUNTS_BIND)
def unbound(work: Work) -> tuple[Unbound, ...]:
    """未绑定的人 — counted by department within the actor's scope, in the order of the tree."""
    low, high = work.actor.place.bounds
    return tuple(Unbound(*row) for row in work.session.execute(_UNBOUND, {"lo": low, "hi": high}))


_UNBOUND = text("""
select u.code, u.name, count(*), count(*) filter (where b.person_id is null)
from person p join unit u on u.id = coalesce(p.department_id, p.unit_id)
left join (select distinct person_id from binding where ended_at is null) b on b.person_id = p.id
where p.path >= :lo and p.path < :hi and p.status <> 'cancelled'
group by u.id, u.code, u.name, u.sort_order, u.path order by u.sort_order, u.path
""")


def _likely(work: Work, names: Collection[str]) -> dict[str, list[Likely]]:
    """Who within the actor's scope is called so, by name."""
    called = people.named(work, names)
    units = org.units_of(work, {one.department_id or one.unit_id for one in called})
    bound = bound_among(work, [one.no for one in called])
    found: dict[str, list[Likely]] = {}
    for one in called:
        where = units[one.department_id or one.unit_id].name
        found.setdefault(one.name, []).append(
            Likely(one.no, one.name, where, one.title, one.no in bound)
        )
    return found


def request_of(work: Work, request_id: int) -> RequestRow:
    """An unanswered request within the actor's scope, locked. NotFoundError for any other."""
    asked = select(RequestRow).where(RequestRow.id == request_id, RequestRow.answered_at.is_(None))
    row = work.session.scalar(asked.with_for_update())
    if row is None or not work.actor.place.holds(Place(row.path)):
        raise NotFoundError("accounts.request.unknown", request=request_id)
    return row


def bound_among(work: Work, person_nos: Collection[str]) -> frozenset[str]:
    """Which of these people are bound on any account, by number."""
    texts = literal(list(person_nos), ARRAY(Text))
    asked = select(BindingRow.person_no).where(
        BindingRow.ended_at.is_(None), BindingRow.person_no == any_(texts)
    )
    return frozenset(work.session.scalars(asked))
