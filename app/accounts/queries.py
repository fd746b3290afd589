"""Questions to the front desk, which is asked before any scope exists.

Those that take a site are for doors that do not know yet who is asking; each is one statement in a
transaction of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import CursorResult, Executable, Row, select

from app.accounts.tables import (
    BindingRow,
    GrantRow,
    LinkRow,
    LoginRow,
    OfficialAccountRow,
)
from app.accounts.terms import (
    AccountKind,
    Binding,
    Invitation,
    LoginId,
    Mode,
    OfficialAccount,
)
from app.base.site import Site
from app.base.vault import Vault
from app.base.work import Work, query
from app.kernel.actor import Permission, Role
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org import queries as org
from app.org.terms import UnitId
from app.people.terms import PersonId, PersonNo

# A change by another process is seen after this long; one by this process at once.
REMEMBERED = timedelta(seconds=30)

# By vault, because what is remembered are opened secrets; it goes when the site goes.
_Remembered = dict[str, tuple[datetime, OfficialAccount]]
_remembered: WeakKeyDictionary[Vault, _Remembered] = WeakKeyDictionary()


def official_account(site: Site, slug: str) -> OfficialAccount | None:
    """公众平台账号 — the account of that name, its secrets open; None for an unknown one."""
    known = _remembered.setdefault(site.vault, {})
    now = site.clock()
    if slug in known and timedelta(0) <= now - known[slug][0] < REMEMBERED:
        return known[slug][1]
    asked = select(OfficialAccountRow.__table__).where(OfficialAccountRow.slug == slug)
    row = alone(site, asked).one_or_none() if slug.isprintable() else None
    if row is None:
        known.pop(slug, None)
        return None
    account = opened(site.vault, row)
    known[slug] = (now, account)
    return account


def opened(vault: Vault, row: OfficialAccountRow | Row[*tuple[Any, ...]]) -> OfficialAccount:
    """A stored account with its secrets open."""
    return OfficialAccount(
        slug=row.slug,
        kind=AccountKind(row.kind),
        name=row.name,
        appid=row.appid,
        secret=vault.open(row.secret, sealing("secret", row.slug)),
        token=vault.open(row.token, sealing("token", row.slug)),
        aes_key=None
        if row.aes_key is None
        else vault.open(row.aes_key, sealing("aes_key", row.slug)),
        mode=Mode(row.mode),
    )


def forget(site: Site, slug: str) -> None:
    """Ask the database anew for an account, because this process changes it."""
    _remembered.get(site.vault, {}).pop(slug, None)


def sealing(column: str, slug: str) -> str:
    """The purpose under which a secret of an account is sealed: it opens for this account only."""
    return f"official_account.{column}:{slug}"


def binding_of(site: Site, slug: str, openid: str) -> Binding | None:
    """绑定 — whose openid this is on that account, with the person's path of this moment."""
    asked = select(BindingRow.person_id, BindingRow.person_no, BindingRow.path).where(
        BindingRow.slug == slug, BindingRow.openid == openid, BindingRow.ended_at.is_(None)
    )
    row = alone(site, asked).one_or_none()
    if row is None:
        return None
    return Binding(PersonId(row.person_id), PersonNo(row.person_no), Place(row.path))


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


def alone(
    site: Site, statement: Executable, facts: Mapping[str, object] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """One statement of the front desk that is a transaction by itself: a single round trip."""
    with site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        return connection.execute(statement, facts)


@query(Permission.SYSTEM_OPERATE)
def speaking_plainly(work: Work) -> tuple[str, ...]:
    """明文账号 — the accounts whose messages come unencrypted, by name."""
    asked = select(OfficialAccountRow.slug).where(OfficialAccountRow.mode == Mode.PLAIN)
    return tuple(work.session.scalars(asked.order_by(OfficialAccountRow.slug)))


@query(Permission.SYSTEM_OPERATE)
def sealed(work: Work) -> tuple[int, tuple[str, ...]]:
    """密封 — how many accounts there are, and those whose secrets no key of ours opens any more."""
    rows = work.session.scalars(select(OfficialAccountRow).order_by(OfficialAccountRow.slug)).all()
    return len(rows), tuple(row.slug for row in rows if not _opens(work.site.vault, row))


def _opens(vault: Vault, row: OfficialAccountRow) -> bool:
    try:
        opened(vault, row)
    except InvalidError:
        return False
    return True
