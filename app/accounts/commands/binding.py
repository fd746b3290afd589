"""绑定 — whose openid this is."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts import rules
from app.accounts.steps import flush
from app.accounts.tables import (
    BindingRow,
    OfficialAccountRow,
)
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, NotFoundError
from app.kernel.place import Place
from app.people import queries as people


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
    flush(work, "accounts.bind.meanwhile")
