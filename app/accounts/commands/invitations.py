"""邀请与启用 — a role held at a place, and the first password of who holds it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import select, text

from app.accounts import queries, rules
from app.accounts.steps import flush
from app.accounts.steps.passwords import take_password
from app.accounts.steps.sessions import end_sessions
from app.accounts.tables import (
    GrantRow,
    LinkRow,
    LoginRow,
)
from app.accounts.terms import Link
from app.base.work import Work, command
from app.kernel.actor import Permission, Role
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org import queries as org

_TOKEN_BYTES = 24


@command(Permission.ACCOUNTS_GRANT)
def invite(work: Work, *, role: Role, unit_code: str, name: str) -> Link:
    """邀请 — a log-in of that name holds the role at the unit, and has a link to set its password.

    The log-in is made without any password where there is none of the name; its unused links die.
    Who invites must reach every place and role the log-in holds already: otherwise a
    link would be a way to take over another's account.
    """
    login_name = rules.login_name(name)
    unit = org.unit_by_code(work, unit_code)
    rules.judge_invitation(work.actor.role, role, unit.kind)
    if not work.actor.place.holds(unit.realm):
        raise ForbiddenError("accounts.link.beyond", unit=unit.name)
    named = (
        select(LoginRow)
        .where((LoginRow.name == login_name) | (LoginRow.card_no == login_name))
        .order_by(LoginRow.person_id.is_not(None).desc(), LoginRow.id)
        .with_for_update()
    )
    login = work.session.scalar(named.limit(1))
    if login is not None and login.person_id is not None:
        # A link sets a password; that of a person comes by their own WeChat alone.
        raise ConflictError("accounts.link.name_taken")
    if login is None:
        [key] = work.fresh_ids(LoginRow, 1)
        login = LoginRow(id=key, name=login_name, path="", created_at=work.now)
        work.session.add(login)
        flush(work, "accounts.link.meanwhile")
    held = work.session.scalars(select(GrantRow).where(GrantRow.login_id == login.id)).all()
    _judge_held(work, held)
    grant = next((one for one in held if (one.role, one.unit_id) == (role, unit.id)), None)
    if grant is None:
        rules.judge_separation(role, [Role(one.role) for one in held])
        [key] = work.fresh_ids(GrantRow, 1)
        grant = GrantRow(
            id=key, login_id=login.id, role=role, unit_id=unit.id, path=unit.realm.path
        )
        work.session.add(grant)
        flush(work, "accounts.link.meanwhile")
    _end_links(work, login)
    return _new_link(work, login, grant)


@command(Permission.ACCOUNTS_GRANT)
def end_grant(work: Work, grant_id: int, *, reason: str) -> str:
    """收回授权 — the log-in holds the role no more, and is signed out; the name of whose it was.

    NotFoundError for a grant out of the actor's place; ForbiddenError for a role that the actor may
    not give, or for one's own.
    """
    if not reason.strip():
        raise InvalidError("accounts.reason.missing")
    grant = work.session.get(GrantRow, grant_id, with_for_update=True)
    if grant is None or not work.actor.place.holds(Place(grant.path)):
        raise NotFoundError("accounts.grant.gone")
    login = work.session.get_one(LoginRow, grant.login_id, with_for_update=True)
    own = login.name == work.actor.name
    if own or Role(grant.role) not in rules.MAY_INVITE.get(work.actor.role, frozenset()):
        raise ForbiddenError("accounts.grant.not_yours")
    end_sessions(work, login.id, login.person_id)
    facts = {"kind": "end_grant", "role": grant.role, "reason": reason.strip()}
    work.note("login", login.id, Place(grant.path), **facts)
    work.session.execute(_FORGET_CHOICE, {"grant_id": grant.id})
    for link in work.session.scalars(select(LinkRow).where(LinkRow.grant_id == grant.id)):
        work.session.delete(link)
    work.session.flush()
    work.session.delete(grant)
    return login.name


# Sessions that are over may have been in this capacity.
_FORGET_CHOICE = text("update console_session set grant_id = null where grant_id = :grant_id")


def _judge_held(work: Work, held: Sequence[GrantRow]) -> None:
    mine = rules.MAY_INVITE[work.actor.role]
    for grant in held:
        if grant.role not in mine or not work.actor.place.holds(Place(grant.path)):
            raise ConflictError("accounts.link.name_taken")


def _end_links(work: Work, login: LoginRow) -> None:
    unused = select(LinkRow).where(
        LinkRow.login_id == login.id, LinkRow.used_at.is_(None), LinkRow.expires_at > work.now
    )
    for link in work.session.scalars(unused):
        link.expires_at = work.now


def _new_link(work: Work, login: LoginRow, grant: GrantRow) -> Link:
    token = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
    expires_at = work.now + rules.LINK_LIFE
    [key] = work.fresh_ids(LinkRow, 1)
    work.session.add(
        LinkRow(
            id=key, token_hash=queries.hash_of(token), login_id=login.id, grant_id=grant.id,
            expires_at=expires_at,
        )
    )  # fmt: skip
    return Link(Secret(f"{work.site.config.public_url}/activate/{token.reveal()}"), expires_at)


@command(Permission.ACCOUNTS_ACTIVATE)
def activate(work: Work, token: Secret, password: Secret) -> None:
    """启用账号 — the log-in has this password, and the link is used up.

    The log-in is locked first, as `invite` does, so of two who use a link at once one is first.
    NotFoundError for a link that is used, out of date, unknown, or made for another place than the
    actor's; InvalidError names all that is wrong with the password.
    """
    of_token = LinkRow.token_hash == queries.hash_of(token)
    login = work.session.scalar(
        select(LoginRow)
        .where(LoginRow.id.in_(select(LinkRow.login_id).where(of_token)))
        .with_for_update()
    )
    found = work.session.execute(
        select(LinkRow, GrantRow.path)
        .join(GrantRow, GrantRow.id == LinkRow.grant_id)
        .where(of_token)
    ).one_or_none()
    link, path = found or (None, "")
    if login is None or link is None or link.used_at is not None or link.expires_at <= work.now:
        raise NotFoundError("accounts.link.gone")
    if not work.actor.place.holds(Place(path)):
        raise NotFoundError("accounts.link.gone")
    take_password(work, login, password)
    end_sessions(work, login.id, None)
    link.used_at = work.now
