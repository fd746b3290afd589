"""控制台首页 — who you are, as whom you act, where you are signed in, how that is safe."""

from __future__ import annotations

from datetime import date

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts import steps
from app.accounts.terms import GrantId, Screen, SessionId, Stage
from app.awards import queries as awards
from app.base import words
from app.base.work import Work, begin, passes
from app.credits import queries as credits
from app.kernel.actor import Permission, Role
from app.kernel.errors import InvalidError, NotFoundError, UnavailableError
from app.kernel.secret import Secret
from app.kernel.span import local_date, whole_minutes
from app.speech.saying import with_weekday
from app.standards.terms import Result
from app.web.console import frame, waiting
from app.web.gate import LONGEST, refused_with
from app.web.sessions import Guest, entered, go_on, let_go, visitor

blueprint = frame.screens("console", "")

_OF_ONE_HOSPITAL = (Role.HOSPITAL_ADMIN, Role.DEPARTMENT_SECRETARY)
_DIGITS = 19  # more are no id of a database


@blueprint.get("/")
@passes(*frame.DOORS, "credits.how_many_stand")
@entered(Stage.OPEN)
def home(guest: Guest) -> ResponseReturnValue:
    """Who is signed in, as whom, and what waits for them."""
    with frame.working(guest) as work:
        found = waiting.todos(work)
        reads = Permission.AWARDS_READ in guest.actor.permissions
        judging = awards.running(work) if reads else 0
        today, standing = local_date(work.now), _standing(work)
    return frame.page(
        guest, "console/home.html", todos=[one for one in found if one.mine],
        below=[one for one in found if not one.mine], judging=judging, standing=standing,
        year=today.year, today=with_weekday(today), left=(date(today.year, 12, 31) - today).days,
    )  # fmt: skip


@blueprint.post("/capacity")
@passes("accounts.choose")
@entered(Stage.OPEN)
def choose(guest: Guest) -> ResponseReturnValue:
    """Act in another capacity from now on."""
    with begin(guest.site, guest.actor) as work:
        signed = accounts.choose(
            work, guest.session.name, guest.session.id, GrantId(_number("grant")),
            visitor(guest.site),
        )  # fmt: skip
    return go_on(guest.site, signed)


@blueprint.get("/sessions")
@passes("accounts.badge_of", "accounts.own_sessions")
@entered(Stage.OPEN)
def sessions(guest: Guest) -> ResponseReturnValue:
    """Where one is signed in."""
    with begin(guest.site, guest.actor) as work:
        own = desk.own_sessions(work, guest.session.name)
    return frame.page(
        guest, "console/sessions.html", own=own, here=guest.session.id,
        said=lambda code: words.book("devices")[code],
    )  # fmt: skip


@blueprint.post("/sessions")
@passes("accounts.end_own_session", "accounts.end_own_sessions")
@entered(Stage.OPEN)
def end(guest: Guest) -> ResponseReturnValue:
    """One device is signed out, or all but this one."""
    name, here = guest.session.name, (Screen.CONSOLE, guest.session.id)
    with begin(guest.site, guest.actor) as work:
        if request.form.get("all"):
            accounts.end_own_sessions(work, name, but=here)
        else:
            screen = _screen()
            accounts.end_own_session(work, name, screen, SessionId(_number("id")))
    return redirect(url_for("console.sessions"))


@blueprint.get("/security")
@passes("accounts.badge_of")
@entered(Stage.OPEN)
def security(guest: Guest) -> ResponseReturnValue:
    """The password and the second factor."""
    return _security(guest)


@blueprint.post("/security/password")
@passes("accounts.begin_renewal")
@entered(Stage.OPEN)
def renew(guest: Guest) -> ResponseReturnValue:
    """Who knows the password in force goes on to set another."""
    given = Secret(request.form.get("password", "")[:LONGEST])
    came = visitor(guest.site)
    tried = steps.try_password(
        guest.site, guest.session.name, given, address=came.address, device=came.device
    )
    if tried.wait_s:
        facts = {"minutes": whole_minutes(tried.wait_s)}
        return _security(guest, words.sentence("login", "wait", facts), 429)
    if tried.login is None or tried.login.id != guest.session.login.id:
        return _security(guest, words.sentence("login", "wrong_now", {}))
    with begin(guest.site, guest.actor) as work:
        signed = accounts.begin_renewal(work, guest.session.name, guest.session.id, came)
    return go_on(guest.site, signed)


@blueprint.post("/security/second")
@passes("accounts.drop_totp")
@entered(Stage.OPEN)
def drop(guest: Guest) -> ResponseReturnValue:
    """The authenticator is forgotten, once it was proven a last time."""
    login = guest.session.login
    if wait := steps.try_second(guest.site, login):
        facts = {"minutes": whole_minutes(wait)}
        return _security(guest, words.sentence("login", "second_wait", facts), 429)
    try:
        with begin(guest.site, guest.actor) as work:
            signed = accounts.drop_totp(
                work, login.name, guest.session.id, request.form.get("number", "")[:LONGEST],
                visitor(guest.site),
            )  # fmt: skip
    except InvalidError as refused:
        return _security(guest, words.of_error(refused))
    steps.second_was_right(guest.site, login)
    return go_on(guest.site, signed)


@blueprint.post("/out")
@passes("accounts.end_own_session")
@entered(*Stage)
def out(guest: Guest) -> ResponseReturnValue:
    """退出 — this browser is signed out, and keeps nothing it was shown."""
    with begin(guest.site, guest.actor) as work:
        accounts.end_own_session(work, guest.session.name, Screen.CONSOLE, guest.session.id)
    return let_go(guest.site, make_response(render_template("login_out.html")))


def _standing(work: Work) -> dict[str, int] | None:
    """How many stand how this year: a hospital's own, for there it can be counted while waiting."""
    if work.actor.role not in _OF_ONE_HOSPITAL:
        return None
    try:
        found = credits.how_many_stand(work)
    except UnavailableError:  # no standard is loaded yet
        return None
    return {one: found.get(one, 0) for one in Result}


def _security(guest: Guest, refusal: str = "", status: int = 422) -> ResponseReturnValue:
    answer = frame.page(guest, "console/security.html", refusal=refusal)
    return refused_with(answer, refusal, status)


def _number(field: str) -> int:
    """A number that a form carries. NotFoundError for what is none of ours."""
    text = request.form.get(field, "")
    if not (text.isascii() and text.isdecimal() and len(text) < _DIGITS):
        raise NotFoundError("accounts.session.over")
    return int(text)


def _screen() -> Screen:
    try:
        return Screen(request.form.get("screen", ""))
    except ValueError:
        raise NotFoundError("accounts.session.over") from None
