"""公众平台账号 — who they are, their secrets open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Row, select

from app.accounts.queries.asking import alone
from app.accounts.tables import (
    OfficialAccountRow,
)
from app.accounts.terms import (
    AccountKind,
    Mode,
    NoticeTemplate,
    OfficialAccount,
)
from app.base.site import Site
from app.base.vault import Vault
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError

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
        verified=row.verified,
        notice=None if row.notice is None else NoticeTemplate(**row.notice),
    )


def forget(site: Site, slug: str) -> None:
    """Ask the database anew for an account, because this process changes it."""
    _remembered.get(site.vault, {}).pop(slug, None)


def sealing(column: str, slug: str) -> str:
    """The purpose under which a secret of an account is sealed: it opens for this account only."""
    return f"official_account.{column}:{slug}"


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
