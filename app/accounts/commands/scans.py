"""扫码登录 — what the phone says to the computer's picture."""

from __future__ import annotations

from app.accounts.queries import hash_of
from app.accounts.queries.logins import bindings_of, own_person
from app.accounts.steps.logins import person_login
from app.accounts.steps.scans import CANCEL, CHOOSE
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret


@command(Permission.ACCOUNTS_SELF)
def confirm_scan(
    work: Work,
    person_no: str,
    token: Secret,
    number: int,
    *,
    card_no: str | None,
    slug: str,
    openid: str,
) -> bool:
    """点数字 — the computer that shows this number is signed in as this person.

    False for a wrong number, which voids the picture. NotFoundError for a picture that leads
    nowhere, or that another follower read first.
    """
    person = own_person(work, person_no)
    if not any(
        (row.slug, row.openid, row.ended_at) == (slug, openid, None)
        for row in bindings_of(work, person.id)
    ):
        raise NotFoundError("accounts.scan.over")
    login = person_login(work, person, card_no)
    if login.frozen_at is not None:
        raise ConflictError("accounts.login.frozen")
    facts = {
        "hash": hash_of(token), "slug": slug, "openid": openid, "number": number,
        "login_id": login.id, "now": work.now,
    }  # fmt: skip
    chosen = work.session.execute(CHOOSE, facts).one_or_none()
    if chosen is None:
        raise NotFoundError("accounts.scan.over")
    right = bool(chosen.matched)
    work.note(
        "login", login.id, Place(login.path), kind="scan", matched=right, address=chosen.address
    )
    return right


@command(Permission.ACCOUNTS_SELF)
def cancel_scan(work: Work, person_no: str, token: Secret, *, slug: str, openid: str) -> None:
    """不是我 — the picture leads nowhere any more; nothing else happens."""
    person = own_person(work, person_no)
    facts = {"hash": hash_of(token), "slug": slug, "openid": openid, "now": work.now}
    work.session.execute(CANCEL, facts)
    work.note("person", person.id, person.place, kind="scan_cancelled")
