"""扫码登录 — on which account the phone reads the computer's picture."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts.queries.asking import alone
from app.accounts.tables import OfficialAccountRow
from app.accounts.terms import AccountKind
from app.base.site import Site


def scanning_account(site: Site) -> tuple[str, str] | None:
    """The slug and the name of the verified service account; None where the site has none.

    Only there does the platform itself say whose phone it is.
    """
    asked = (
        select(OfficialAccountRow.slug, OfficialAccountRow.name)
        .where(OfficialAccountRow.kind == AccountKind.SERVICE, OfficialAccountRow.verified)
        .order_by(OfficialAccountRow.slug)
        .limit(1)
    )
    row = alone(site, asked).one_or_none()
    return None if row is None else (row.slug, row.name)
