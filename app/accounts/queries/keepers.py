"""管理员 — who holds which role within one's own place."""

from __future__ import annotations

from sqlalchemy import func, select

from app.accounts.rules import MAY_INVITE
from app.accounts.tables import ConsoleSessionRow, GrantRow, LoginRow
from app.accounts.terms import Grant, GrantId, Keeper
from app.base.work import Work, query
from app.kernel.actor import Permission, Role
from app.kernel.place import Place
from app.org import queries as org


@query(Permission.ACCOUNTS_GRANT)
def keepers(work: Work) -> tuple[Keeper, ...]:
    """管理员 — everybody with a grant at or below the actor's place, the highest units first."""
    low, high = work.actor.place.bounds
    seen = (
        select(ConsoleSessionRow.login_id, func.max(ConsoleSessionRow.seen_at).label("at"))
        .group_by(ConsoleSessionRow.login_id)
        .subquery()
    )
    asked = (
        select(GrantRow, LoginRow, seen.c.at)
        .join(LoginRow, LoginRow.id == GrantRow.login_id)
        .outerjoin(seen, seen.c.login_id == LoginRow.id)
        .where(GrantRow.path >= low, GrantRow.path < high, LoginRow.person_id.is_(None))
        .order_by(GrantRow.path, LoginRow.name, GrantRow.id)
    )
    found = work.session.execute(asked).all()
    units = org.units_of(work, {grant.unit_id for grant, _, _ in found})
    mine = MAY_INVITE.get(work.actor.role, frozenset())
    return tuple(
        Keeper(
            grant=Grant(GrantId(grant.id), Role(grant.role), unit.id, Place(grant.path)),
            name=login.name,
            where=unit.name,
            claimed=login.password_hash is not None,
            frozen=login.frozen_at is not None,
            second=login.totp_at is not None,
            seen_at=seen_at,
            mine=Role(grant.role) in mine and login.name != work.actor.name,
        )
        for grant, login, seen_at in found
        if (unit := units.get(grant.unit_id)) is not None
    )
