"""登录的后几步 — a new password, the second factor, and its setting up."""

from __future__ import annotations

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import commands as accounts
from app.accounts import steps
from app.accounts.rules.passwords import PROFILES
from app.accounts.terms import Stage
from app.base import words
from app.base.work import begin, passes
from app.kernel.errors import InvalidError
from app.kernel.secret import Secret
from app.kernel.span import whole_minutes
from app.web import pictures
from app.web.gate import LONGEST, blueprint, refused_with
from app.web.sessions import PAGES, Guest, entered, go_on, keep, visitor


@blueprint.get("/password")
@passes("accounts.set_password")
@entered(Stage.RENEW)
def password(guest: Guest) -> ResponseReturnValue:
    """Where a new password is set."""
    return _password_form(guest)


@blueprint.post("/password")
@passes("accounts.set_password")
@entered(Stage.RENEW)
def set_password(guest: Guest) -> ResponseReturnValue:
    """Set it, or say all that is wrong with it."""
    given = request.form.get("password", "")
    if given != request.form.get("again", ""):
        return _password_form(guest, words.sentence("errors", "web.form.differ", {}))
    try:
        with begin(guest.site, guest.actor) as work:
            signed = accounts.set_password(
                work, guest.session.name, guest.session.id, Secret(given), visitor(guest.site)
            )
    except InvalidError as refused:
        faults = [words.of_row(row) for row in refused.rows]
        return _password_form(guest, words.of_error(refused), *faults)
    answer = make_response(render_template("login_done.html", login=guest.session.login))
    return keep(guest.site, answer, signed)


@blueprint.get("/second")
@passes("accounts.prove_second")
@entered(Stage.SECOND)
def second(guest: Guest) -> ResponseReturnValue:
    """Where the authenticator's number is typed."""
    return _second_form(guest)


@blueprint.post("/second")
@passes("accounts.prove_second")
@entered(Stage.SECOND)
def prove_second(guest: Guest) -> ResponseReturnValue:
    """The number is right, and the session strong; or it is wrong, and that is counted."""
    typed = request.form.get("number", "")[:LONGEST]
    wait = steps.try_second(guest.site, guest.session.login)
    if wait:
        said = words.sentence("login", "second_wait", {"minutes": whole_minutes(wait)})
        return _second_form(guest, said, status=429)
    with begin(guest.site, guest.actor) as work:
        signed = accounts.prove_second(
            work, guest.session.name, guest.session.id, typed, visitor(guest.site)
        )
    if signed is None:
        return _second_form(guest, words.sentence("errors", "accounts.second.wrong", {}))
    steps.second_was_right(guest.site, guest.session.login)
    return go_on(guest.site, signed)


@blueprint.get("/enrol")
@passes("accounts.begin_totp")
@entered(Stage.ENROL, Stage.OPEN)
def enrol(guest: Guest) -> ResponseReturnValue:
    """Where an authenticator is set up."""
    return _enrol_form(guest)


@blueprint.post("/enrol")
@passes("accounts.begin_totp", "accounts.confirm_totp")
@entered(Stage.ENROL, Stage.OPEN)
def confirm(guest: Guest) -> ResponseReturnValue:
    """It is set up, and its ten codes are shown this once."""
    typed = request.form.get("number", "")[:LONGEST]
    wait = steps.try_second(guest.site, guest.session.login)
    if wait:
        said = words.sentence("login", "second_wait", {"minutes": whole_minutes(wait)})
        return _enrol_form(guest, said, status=429)
    try:
        with begin(guest.site, guest.actor) as work:
            signed, codes = accounts.confirm_totp(
                work, guest.session.name, guest.session.id, typed, visitor(guest.site)
            )
    except InvalidError as refused:
        return _enrol_form(guest, words.of_error(refused))
    steps.second_was_right(guest.site, guest.session.login)
    shown = [one.reveal() for one in codes]
    answer = make_response(
        render_template("login_recovery.html", codes=shown, next=url_for(PAGES[signed.stage]))
    )
    return keep(guest.site, answer, signed)


def _password_form(guest: Guest, refusal: str = "", *faults: str) -> Response:
    page = render_template(
        "login_password.html",
        session=guest.session,
        profile=PROFILES[guest.site.config.password_profile],
        refusal=refusal,
        faults=faults,
    )
    return refused_with(make_response(page), refusal)


def _second_form(guest: Guest, refusal: str = "", status: int = 422) -> Response:
    page = render_template("login_second.html", session=guest.session, refusal=refusal)
    return refused_with(make_response(page), refusal, status)


def _enrol_form(guest: Guest, refusal: str = "", status: int = 422) -> Response:
    with begin(guest.site, guest.actor) as work:
        enrolling = accounts.begin_totp(work, guest.session.name)
    key = enrolling.key.reveal()
    page = render_template(
        "login_enrol.html",
        session=guest.session,
        picture=pictures.qr(enrolling.uri.reveal()),
        key=[key[at : at + 4] for at in range(0, len(key), 4)],
        refusal=refusal,
    )
    return refused_with(make_response(page), refusal, status)
