"""邀请 — what a link stands for."""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from app.accounts.queries.asking import alone
from app.accounts.tables import (
    GrantRow,
    LinkRow,
    LoginRow,
)
from app.accounts.terms import (
    Invitation,
    LoginId,
)
from app.base.site import Site
from app.base.work import Work, query
from app.kernel.actor import Permission, Role
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org import queries as org
from app.org.terms import UnitId


def invitation(site: Site, token: Secret) -> Invitation | None:
    """邀请 — what a link stands for; None for one that is unknown, used, or out of date."""
    asked = (
        select(
            LoginRow.id, LoginRow.name, GrantRow.role, GrantRow.unit_id, GrantRow.path,
            LinkRow.expires_at,
        )
        .join(LoginRow, LoginRow.id == LinkRow.login_id)
        .join(GrantRow, GrantRow.id == LinkRow.grant_id)
        .where(
            LinkRow.token_hash == hash_of(token),
            LinkRow.used_at.is_(None),
            LinkRow.expires_at > site.clock(),
        )
    )  # fmt: skip
    row = alone(site, asked).one_or_none()
    if row is None:
        return None
    return Invitation(
        login_id=LoginId(row.id),
        name=row.name,
        role=Role(row.role),
        unit_id=UnitId(row.unit_id),
        place=Place(row.path),
        expires_at=row.expires_at,
    )


@query(Permission.ACCOUNTS_ACTIVATE)
def invited_to(work: Work, invitation: Invitation) -> str:
    """The name of the unit at which the invited will hold the role. NotFoundError out of sight."""
    unit = org.units_of(work, [invitation.unit_id]).get(invitation.unit_id)
    if unit is None:
        raise NotFoundError("accounts.link.gone")
    return unit.name


def hash_of(token: Secret) -> bytes:
    """What is stored of a one-time token: it has too many bits for its hash to be guessed."""
    return hashlib.sha256(token.reveal().encode(errors="replace")).digest()
