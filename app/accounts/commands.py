"""Changes at the front desk: official accounts, bindings, invitations, first passwords."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.accounts import queries, rules
from app.accounts.tables import (
    BindingRow,
    CallbackRow,
    GrantRow,
    LinkRow,
    LoginRow,
    OfficialAccountRow,
)
from app.accounts.terms import Link, OfficialAccount, Put
from app.base import passwords, words
from app.base.work import Work, command
from app.kernel.actor import Permission, Role
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, RowError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org import queries as org
from app.people import queries as people

_TOKEN_BYTES = 24
CALLBACKS_KEPT = timedelta(days=2)


@command(Permission.WECHAT_MANAGE)
def put_official_account(work: Work, account: OfficialAccount) -> Put:
    """登记公众平台账号 — the account stands as described.

    ConflictError when its appid is another account's.
    """
    clash = select(OfficialAccountRow.slug).where(
        OfficialAccountRow.appid == account.appid, OfficialAccountRow.slug != account.slug
    )
    if other := work.session.scalar(clash):
        raise ConflictError("accounts.official.appid_taken", appid=account.appid, slug=other)
    row = work.session.get(OfficialAccountRow, account.slug, with_for_update=True)
    if row is not None and account == queries.opened(work.site.vault, row):
        return Put.SAME
    result = Put.CHANGED
    if row is None:
        row, result = OfficialAccountRow(slug=account.slug), Put.ADDED
        work.session.add(row)
    row.kind, row.name = account.kind, account.name
    row.appid, row.mode = account.appid, account.mode
    row.secret = _sealed(work, "secret", account.slug, account.secret)
    row.token = _sealed(work, "token", account.slug, account.token)
    key = account.aes_key
    row.aes_key = None if key is None else _sealed(work, "aes_key", account.slug, key)
    _flush(work, "accounts.official.meanwhile")
    queries.forget(work.site, account.slug)
    return result


def _sealed(work: Work, column: str, slug: str, secret: Secret) -> bytes:
    return work.site.vault.seal(secret, queries.sealing(column, slug))


@command(Permission.ACCOUNTS_BIND)
def bind(work: Work, slug: str, openid: str, person_no: str) -> None:
    """绑定 — the openid is this person's on that account; what it replaces ends, on record.

    1. The person must be within the actor's sight, and so must whoever held the openid before.
    2. Both old bindings are locked, judged and ended before the new one is added.
    3. Two binds at the same moment meet at the unique indexes: one wins, the other is told.
    """
    follower = rules.openid_of(openid)
    if work.session.get(OfficialAccountRow, slug) is None:
        raise NotFoundError("accounts.official.unknown", slug=slug)
    person = people.person_by_no(work, person_no)
    standing = work.session.scalars(
        select(BindingRow)
        .where(
            BindingRow.slug == slug,
            BindingRow.ended_at.is_(None),
            (BindingRow.openid == follower) | (BindingRow.person_id == person.id),
        )
        .with_for_update()
    ).all()
    if any(row.openid == follower and row.person_id == person.id for row in standing):
        return
    for row in standing:
        if not work.actor.place.holds(Place(row.path)):
            raise ConflictError("accounts.bind.taken")
        row.ended_at = work.now
    work.session.flush()  # before the new one, or the unique indexes would see both
    [key] = work.fresh_ids(BindingRow, 1)
    work.session.add(
        BindingRow(
            id=key, path=person.place.path, person_id=person.id, person_no=person.no,
            slug=slug, openid=follower, bound_at=work.now,
        )
    )  # fmt: skip
    _flush(work, "accounts.bind.meanwhile")


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
    login = work.session.scalar(
        select(LoginRow).where(LoginRow.name == login_name).with_for_update()
    )
    if login is None:
        [key] = work.fresh_ids(LoginRow, 1)
        login = LoginRow(id=key, name=login_name, created_at=work.now)
        work.session.add(login)
        _flush(work, "accounts.link.meanwhile")
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
        _flush(work, "accounts.link.meanwhile")
    _end_links(work, login)
    return _new_link(work, login, grant)


@command(Permission.SYSTEM_OPERATE)
def sweep(work: Work) -> int:
    """清理回调 — remove replies that no resend will ask for any more; how many.

    The platform resends within seconds; two days are kept for looking into a complaint.
    """
    old = delete(CallbackRow).where(CallbackRow.at < work.now - CALLBACKS_KEPT)
    return len(work.session.execute(old.returning(CallbackRow.key)).all())


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
    common = words.book("passwords")["common"].split()
    weak = list(rules.weaknesses(password, login.name, common))
    vault = work.site.vault
    if login.password_hash and passwords.matches(vault, login.password_hash, password):
        weak.append("accounts.password.used")
    if weak:
        rows = [RowError(1, "password", "", code) for code in weak]
        raise InvalidError("accounts.password.refused", rows=rows)
    login.password_hash = passwords.hashed(vault, password)
    link.used_at = work.now


def _flush(work: Work, code: str) -> None:
    try:
        work.session.flush()
    except IntegrityError as race:
        raise ConflictError(code) from race
