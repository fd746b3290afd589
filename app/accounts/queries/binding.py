"""绑定 — whose openid this is."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts.queries.asking import alone
from app.accounts.tables import (
    BindingRow,
)
from app.accounts.terms import (
    Binding,
)
from app.base.site import Site
from app.kernel.place import Place
from app.people.terms import PersonId, PersonNo


def binding_of(site: Site, slug: str, openid: str) -> Binding | None:
    """绑定 — whose openid this is on that account, with the person's path of this moment."""
    asked = select(BindingRow.person_id, BindingRow.person_no, BindingRow.path).where(
        BindingRow.slug == slug, BindingRow.openid == openid, BindingRow.ended_at.is_(None)
    )
    row = alone(site, asked).one_or_none()
    if row is None:
        return None
    return Binding(PersonId(row.person_id), PersonNo(row.person_no), Place(row.path))
