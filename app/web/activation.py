"""启用账号 — the page on which an invited administrator sets the first password."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts.rules.passwords import PROFILES
from app.accounts.terms import Invitation
from app.base import words
from app.base.site import Site
from app.base.work import begin, passes
from app.kernel.actor import Actor, Via
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.secret import Secret
from app.web import forms

blueprint = Blueprint("activation", __name__)

_DOORS = ("accounts.invited_to", "accounts.activate")


@blueprint.get("/activate/<token>")
@passes(*_DOORS)
def page(token: str) -> ResponseReturnValue:
    """The form, for a link that can still be used."""
    invitation = desk.invitation(_site(), Secret(token))
    return _gone() if invitation is None else _form(invitation)


@blueprint.post("/activate/<token>")
@passes(*_DOORS)
def activate(token: str) -> ResponseReturnValue:
    """Set the password, or show the form again with what to mend."""
    site = _site()
    invitation = desk.invitation(site, Secret(token))
    if invitation is None:
        return _gone()
    password = request.form.get("password", "")
    if not forms.ours(site):
        return _form(invitation, refusal=words.sentence("errors", "web.form.foreign", {}))
    if password != request.form.get("again", ""):
        return _form(invitation, refusal=words.sentence("errors", "web.form.differ", {}))
    try:
        with begin(site, _invited(invitation)) as work:
            accounts.activate(work, Secret(token), Secret(password))
    except InvalidError as refused:
        faults = [words.of_row(row) for row in refused.rows]
        return _form(invitation, refusal=words.of_error(refused), faults=faults)
    except NotFoundError:
        return _gone()
    return render_template("activated.html", name=invitation.name)


def _invited(invitation: Invitation) -> Actor:
    """Whoever holds the link acts as the one it was made for, in that capacity, at that place."""
    return Actor(invitation.name, Via.CONSOLE, invitation.place, invitation.role)


def _form(invitation: Invitation, *, refusal: str = "", faults: Sequence[str] = ()) -> Response:
    site = _site()
    with begin(site, _invited(invitation)) as work:
        unit = desk.invited_to(work, invitation)
    cookie, token = forms.issued(site)
    answer = make_response(
        render_template(
            "activate.html",
            name=invitation.name,
            role=words.sentence("roles", invitation.role, {}),
            unit=unit,
            refusal=refusal,
            faults=faults,
            form_token=token,
            profile=PROFILES[site.config.password_profile],
        )
    )
    answer.status_code = 422 if refusal else 200
    return forms.keep(site, answer, cookie)


def _gone() -> Response:
    error = NotFoundError("accounts.link.gone")
    answer = make_response(
        render_template("error.html", message=words.of_error(error), status=error.http_status)
    )
    answer.status_code = error.http_status
    return answer


def _site() -> Site:
    site: Site = current_app.extensions["site"]
    return site
