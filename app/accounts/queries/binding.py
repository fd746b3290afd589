"""绑定 — whose openid this is, how it stands, and how it came about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select, text

from app.accounts.queries.asking import alone
from app.accounts.rules.proofs import TRIES
from app.accounts.tables import BindingRow, OfficialAccountRow
from app.accounts.terms.binding import Binding, BindingEnd, BindingState, How, PastBinding
from app.base.site import Site
from app.base.work import Work, query
from app.kernel.actor import Permission, Role
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.span import local_date
from app.people import queries as people
from app.people.terms import PersonId, PersonNo

_STATE = text("""
select b.person_id, b.person_no, b.path,
  (select effective_at from binding_claim c
   where c.slug = :slug and c.openid = :openid and c.ended_at is null) as pending_until,
  (select effective_at from binding_claim c
   where c.slug = :slug and c.person_id = b.person_id and c.openid <> :openid
     and c.ended_at is null) as contested_until,
  exists (select from binding_request r
   where r.slug = :slug and r.openid = :openid and r.answered_at is null) as asked,
  (select count from binding_try where scope = 'openid' and key = :key and day = :day) as tried
from (select) always
left join binding b on b.slug = :slug and b.openid = :openid and b.ended_at is null
""")


def binding_of(site: Site, slug: str, openid: str) -> Binding | None:
    """绑定 — whose openid this is on that account, with the person's path of this moment."""
    asked = select(BindingRow.person_id, BindingRow.person_no, BindingRow.path).where(
        BindingRow.slug == slug, BindingRow.openid == openid, BindingRow.ended_at.is_(None)
    )
    row = alone(site, asked).one_or_none()
    if row is None:
        return None
    return Binding(PersonId(row.person_id), PersonNo(row.person_no), Place(row.path))


def binding_state(site: Site, slug: str, openid: str) -> BindingState:
    """绑定状态 — all that the page of an openid needs to know before it is tried again."""
    facts = {
        "slug": slug, "openid": openid, "key": openid_key(slug, openid),
        "day": local_date(site.clock()),
    }  # fmt: skip
    row = alone(site, _STATE, facts).one()
    binding = None
    if row.person_id is not None:
        binding = Binding(PersonId(row.person_id), PersonNo(row.person_no), Place(row.path))
    return BindingState(
        binding=binding,
        pending_until=row.pending_until,
        contested_until=row.contested_until,
        asked=row.asked,
        tries_left=max(0, TRIES - (row.tried or 0)),
    )


@query(Permission.ACCOUNTS_SELF)
def binding_history(work: Work, person_no: str) -> tuple[PastBinding, ...]:
    """绑定记录 — every binding there ever was of one's own person, the newest first.

    NotFoundError for anybody else's.
    """
    if work.actor.role not in {Role.PERSON, Role.OPERATOR}:
        raise NotFoundError("people.person.unknown", person_no=person_no)
    return _history(work, people.within_sight(work, person_no).id)


@query(Permission.PEOPLE_READ)
def bound_people(work: Work, person_ids: Collection[int]) -> frozenset[int]:
    """已绑定的人 — which of these people within sight have WeChat bound, on any account."""
    asked = select(BindingRow.person_id).where(
        BindingRow.person_id.in_(people.people_of(work, person_ids)), BindingRow.ended_at.is_(None)
    )
    return frozenset(work.session.scalars(asked))


@query(Permission.PEOPLE_READ)
def bindings_of(work: Work, person_no: str) -> tuple[PastBinding, ...]:
    """绑定 — all there ever were of a person within sight, newest first, without openids."""
    person = people.within_sight(work, person_no)
    return tuple(replace(one, openid="") for one in _history(work, person.id))


def openid_key(slug: str, openid: str) -> str:
    """What the tries of an openid are counted under."""
    return f"{slug}/{openid}"


def _history(work: Work, person_id: int) -> tuple[PastBinding, ...]:
    asked = (
        select(BindingRow, OfficialAccountRow.name)
        .join(OfficialAccountRow, OfficialAccountRow.slug == BindingRow.slug)
        .where(BindingRow.person_id == person_id)
        .order_by(BindingRow.bound_at.desc(), BindingRow.id.desc())
    )
    return tuple(
        PastBinding(
            slug=row.slug,
            account_name=name,
            openid=row.openid,
            how=How(row.how),
            bound_at=row.bound_at,
            ended_at=row.ended_at,
            ended_as=None if row.ended_as is None else BindingEnd(row.ended_as),
        )
        for row, name in work.session.execute(asked)
    )
