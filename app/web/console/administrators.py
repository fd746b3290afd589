"""管理员 — who may do what where, and how somebody becomes one or is one no more."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts import rules
from app.accounts.terms import Stage
from app.base import words
from app.base.work import passes
from app.kernel.actor import Role
from app.kernel.errors import (
    CmeError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from app.org import queries as org
from app.web.console import frame
from app.web.sessions import Guest, entered

blueprint = frame.screens("administrators", "/administrators")

_LONGEST = 200
_DIGITS = 18


@blueprint.get("")
@passes(*frame.DOORS, "accounts.keepers", "org.tree")
@entered(Stage.OPEN)
def page(guest: Guest) -> ResponseReturnValue:
    """Who holds which role at or below one's own place."""
    return _page(guest)


@blueprint.post("")
@passes(*frame.DOORS, "accounts.invite", "accounts.keepers", "org.tree")
@entered(Stage.OPEN)
def invite(guest: Guest) -> ResponseReturnValue:
    """Somebody is invited: the link is shown once, to be given to them."""
    given = request.form
    role = next((one for one in _mine(guest) if one == given.get("role")), None)
    if role is None:
        return _page(guest, InvalidError("accounts.link.role_above", role=""))
    try:
        with frame.working(guest) as work:
            link = accounts.invite(
                work, role=role, unit_code=given.get("unit", "")[:_LONGEST],
                name=given.get("name", "")[:_LONGEST],
            )  # fmt: skip
    except (ConflictError, ForbiddenError, InvalidError, NotFoundError) as refused:
        return _page(guest, refused)
    return frame.page(
        guest, "console/administrator_link.html", link=link, name=given.get("name", ""),
        as_what=words.book("roles")[role],
    )  # fmt: skip


@blueprint.post("/end")
@passes(*frame.DOORS, "accounts.end_grant", "accounts.keepers", "org.tree")
@entered(Stage.OPEN)
def end(guest: Guest) -> ResponseReturnValue:
    """Somebody holds a role no more, and is signed out."""
    number = request.form.get("grant", "")
    key = int(number) if number.isascii() and number.isdecimal() and len(number) < _DIGITS else 0
    try:
        with frame.working(guest) as work:
            name = accounts.end_grant(work, key, reason=request.form.get("reason", "")[:_LONGEST])
    except (ForbiddenError, InvalidError, NotFoundError) as refused:
        return _page(guest, refused)
    frame.tell("administrators.ended", {"name": name})
    return redirect(url_for("administrators.page"), 303)


def _mine(guest: Guest) -> list[Role]:
    """The roles that who is looking may give, the highest first."""
    mine = rules.MAY_INVITE.get(guest.actor.role, frozenset())
    return [role for role in Role if role in mine]


def _page(guest: Guest, refused: CmeError | None = None) -> Response:
    mine = _mine(guest)
    kinds = frozenset().union(*(rules.SEATS[role] for role in mine))
    with frame.working(guest) as work:
        found = desk.keepers(work)
        units = [one for one in org.tree(work) if one.kind in kinds and not one.closed]
    return frame.page(
        guest, "console/administrators.html", 200 if refused is None else refused.http_status,
        found=found, units=units, roles=mine, given=request.form,
        refusal="" if refused is None else words.of_error(refused),
    )  # fmt: skip
