"""登录账号 — found before anybody is known, by what was typed or by whose it is."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, RowMapping, select, text

from app.accounts.queries.asking import alone
from app.accounts.queries.invitations import hash_of
from app.accounts.rules.codes import CODES_A_DAY
from app.accounts.tables import BindingRow, CodeRow, GrantRow, LoginRow
from app.accounts.terms import (
    AccountCard,
    Badge,
    Capacity,
    Freezing,
    Grant,
    GrantId,
    Login,
    LoginId,
    Visit,
)
from app.base.site import Site
from app.base.work import Work, query
from app.kernel.actor import Permission, Role
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.span import day_start, local_date
from app.org import queries as org
from app.org.terms import UnitId
from app.people import queries as people
from app.people.terms import Person, PersonId

_TOKEN_BYTES = 16

# All that the front desk wants to know of a log-in, with its grants, for `login_in`.
LOGIN_COLUMNS = """
l.id, l.name, l.person_id, l.path, l.card_no, l.password_hash, l.password_at, l.frozen_at,
l.totp_at, (
  select coalesce(jsonb_agg(jsonb_build_array(g.id, g.role, g.unit_id, g.path) order by g.id), '[]')
  from grant_held g where g.login_id = l.id
) as grants
"""
# Names are unique among administrators, numbers among persons; of one of each kind the older
# stands, so that nobody takes a name over by giving it to another.
_BY_NAME = text(f"""
select {LOGIN_COLUMNS} from login l where l.name = :name or l.card_no = :name order by l.id limit 1
""")  # noqa: S608  # our own columns
_BY_ID = text(f"select {LOGIN_COLUMNS} from login l where l.id = :id")  # noqa: S608  # as above
_FREEZING = text("""
select l.name, l.path from freeze_link f join login l on l.id = f.login_id
where f.token_hash = :hash and f.used_at is null and f.expires_at > :now
""")
_LAST_VISIT = text("""
select opened_at, agent, address from console_session
where login_id = :id and stage = 'open' order by opened_at desc limit 1
""")


def login_row(site: Site, name: str) -> Row[*tuple[Any, ...]] | None:
    """What is stored of the log-in that is called so, by its name or its card's number."""
    return alone(site, _BY_NAME, {"name": name}).one_or_none()


def login_of(site: Site, login_id: LoginId) -> Login:
    """The log-in of that id, which is there."""
    return login_in(alone(site, _BY_ID, {"id": login_id}).one()._mapping)


def login_in(found: RowMapping) -> Login:
    """The log-in that a row of `LOGIN_COLUMNS` holds."""
    person_id = found["person_id"]
    grants = tuple(
        Grant(GrantId(key), Role(role), UnitId(unit_id), Place(path))
        for key, role, unit_id, path in found["grants"]
    )
    if person_id is not None:
        grants = (Grant(None, Role.PERSON, None, Place(found["path"])), *grants)
    return Login(
        id=LoginId(found["id"]),
        name=found["name"],
        person_id=None if person_id is None else PersonId(person_id),
        card_no=found["card_no"],
        grants=grants,
        claimed=found["password_hash"] is not None,
        frozen=found["frozen_at"] is not None,
        second=found["totp_at"] is not None,
    )


def freeze_token(site: Site, link_no: str) -> Secret:
    """冻结链接 — the token of the link of that number, which opens nothing without our key."""
    digest = site.vault.index(Secret(link_no), "accounts.freeze")
    return Secret(base64.urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode().rstrip("="))


def freezing(site: Site, token: Secret) -> Freezing | None:
    """冻结链接 — whose log-in the link freezes; None for one unknown, used or out of date."""
    row = alone(site, _FREEZING, {"hash": hash_of(token), "now": site.clock()}).one_or_none()
    return None if row is None else Freezing(row.name, Place(row.path))


@query(Permission.ACCOUNTS_SELF)
def account_card_of(work: Work, person_no: str, card_no: str | None) -> AccountCard:
    """账号卡片 — a person's own user name, log-in and codes left; `card_no` if they have one.

    NotFoundError for anybody but themselves.
    """
    person = own_person(work, person_no)
    login = work.session.scalar(select(LoginRow).where(LoginRow.person_id == person.id))
    if login is None:
        return AccountCard(card_no or person.no, False, False, None, CODES_A_DAY, False)
    last = work.session.execute(_LAST_VISIT, {"id": login.id}).one_or_none()
    codes = codes_today(work, login.id)
    return AccountCard(
        user_name=card_no or person.no,
        claimed=login.password_hash is not None,
        frozen=login.frozen_at is not None,
        last=None if last is None else Visit(last.opened_at, last.agent, last.address),
        codes_left=max(0, CODES_A_DAY - sum(code.reason is None for code in codes)),
        code_waits=any(
            code.agreed_at is None and code.voided_at is None and code.expires_at > work.now
            for code in codes
        ),
    )


@query(Permission.ACCOUNTS_SELF, reaches=True)
def badge_of(work: Work, name: str) -> Badge:
    """胸牌 — one's own name and capacities; where they are held may be out of the present one.

    NotFoundError for anybody else's.
    """
    row = own_login(work, name)
    found = work.session.execute(_BY_ID, {"id": row.id}).one()
    login = login_in(found._mapping)
    with work.reaching():
        persons = people.people_of(work, [] if login.person_id is None else [login.person_id])
        wanted = {one.unit_id for one in login.grants if one.unit_id is not None}
        units = org.units_of(work, wanted | {one.unit_id for one in persons.values()})
    own = persons.get(login.person_id or 0)
    at = None if own is None else own.unit_id
    held = tuple(
        Capacity(one, unit.name)
        for one in login.grants
        if (unit := units.get(UnitId(one.unit_id or at or 0))) is not None
    )
    return Badge(login.name if own is None else own.name, held)


def own_ids(work: Work, name: str) -> tuple[int | None, int | None]:
    """The ids of the log-in and of the person behind a name, asked for by themselves.

    Who works in WeChat may have no log-in yet, an administrator is no person here.
    """
    if work.actor.role is Role.PERSON:
        person = own_person(work, name)
        found = select(LoginRow.id).where(LoginRow.person_id == person.id)
        return work.session.scalar(found), person.id
    login = own_login(work, name)
    return login.id, login.person_id


def own_login(work: Work, name: str, *, lock: bool = False) -> LoginRow:
    """The log-in of that name, asked for by its owner (or at the machine for them).

    NotFoundError for anybody else's: a name alone proves nothing, so the place must be theirs too.
    """
    asked = select(LoginRow).where(LoginRow.name == name).order_by(LoginRow.id)
    for login in work.session.scalars(asked.with_for_update() if lock else asked):
        if _is_own(work, login):
            return login
    raise NotFoundError("accounts.login.unknown", name=name)


def _is_own(work: Work, login: LoginRow) -> bool:
    actor = work.actor
    if actor.role is Role.OPERATOR and actor.place.holds(Place(login.path)):
        return True
    if login.person_id is not None:
        return actor.role is Role.PERSON and actor.place == Place(login.path)
    held = select(GrantRow.path).where(GrantRow.login_id == login.id, GrantRow.role == actor.role)
    return login.name == actor.name and actor.place.path in set(work.session.scalars(held))


def own_person(work: Work, person_no: str) -> Person:
    """The person of that number, asked for by themselves (or at the machine for them)."""
    if work.actor.role not in {Role.PERSON, Role.OPERATOR}:
        raise NotFoundError("people.person.unknown", person_no=person_no)
    return people.within_sight(work, person_no)


def codes_today(work: Work, login_id: int) -> Sequence[CodeRow]:
    """The one-time codes made for a log-in since midnight in Beijing."""
    midnight = day_start(local_date(work.now))
    asked = select(CodeRow).where(CodeRow.login_id == login_id, CodeRow.made_at >= midnight)
    return work.session.scalars(asked.order_by(CodeRow.id)).all()


def bindings_of(work: Work, person_id: int) -> Sequence[BindingRow]:
    """Every binding there ever was of a person."""
    asked = select(BindingRow).where(BindingRow.person_id == person_id)
    return work.session.scalars(asked.order_by(BindingRow.id)).all()
