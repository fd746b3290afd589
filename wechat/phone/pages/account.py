"""用户名与密码 — the user name, one-time codes, log-in of a computer, devices, freezing."""

from __future__ import annotations

from contextlib import suppress

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts import steps
from app.accounts.queries.binding import binding_state
from app.accounts.rules import device_of
from app.accounts.terms import Screen, SessionId
from app.base import words
from app.base.work import Work, passes
from app.cards import queries as cards
from app.cards.terms import CardState
from app.kernel.errors import CmeError, ForbiddenError, NotFoundError
from app.kernel.secret import Secret
from app.people import queries as people
from app.speech.saying import clock_of, full_moment
from wechat.phone import faces
from wechat.phone.blueprint import blueprint
from wechat.phone.entering import Visit, bound, proven
from wechat.phone.views import devices


@blueprint.get("/<slug>/account", endpoint="account")
@passes("accounts.account_card_of", "accounts.own_sessions", "cards.own_cards")
@bound
def account(visit: Visit) -> ResponseReturnValue:
    """The user name, the last log-in, and what can be done."""
    state = binding_state(visit.site, visit.slug, visit.session.openid)
    with visit.work() as work:
        card_no = _card_no(work, visit)
        card = desk.account_card_of(work, visit.person_no, card_no)
        sessions = desk.own_sessions(work, visit.person_no)
    last = None
    if card.last is not None:
        last = (
            full_moment(card.last.at), devices.named(device_of(card.last.agent)), card.last.address,
        )  # fmt: skip
    contested = state.contested_until
    return faces.show(
        "account",
        card=card,
        by_card=card_no is not None,
        last=last,
        count=len(sessions),
        contested="" if contested is None else full_moment(contested),
        login_at=_login_at(visit),
    )


@blueprint.get("/<slug>/account/reset", endpoint="reset")
@passes("accounts.account_card_of", "cards.own_cards")
@bound
@proven
def before_code(visit: Visit) -> ResponseReturnValue:
    """What a one-time code is, before one is made."""
    return _reset(visit)


@blueprint.post("/<slug>/account/reset")
@passes("accounts.ask_code", "accounts.account_card_of", "cards.own_cards")
@bound
@proven
def ask_code(visit: Visit) -> ResponseReturnValue:
    """Make a code and show it, this once."""
    number = request.form.get("number", "")
    try:
        with visit.work() as work:
            code = accounts.ask_code(
                work, visit.person_no, card_no=_card_no(work, visit), slug=visit.slug,
                openid=visit.session.openid, number=number,
            )  # fmt: skip
    except ForbiddenError as refused:
        return _reset(visit, said=words.of_error(refused), proof=True)
    except CmeError as refused:
        return _reset(visit, said=words.of_error(refused))
    return faces.show("code", code=code, until=clock_of(code.expires_at), login_at=_login_at(visit))


@blueprint.post("/<slug>/account/code", endpoint="agree")
@passes("accounts.agree_code")
@bound
@proven
def agree(visit: Visit) -> ResponseReturnValue:
    """Agree that a code which somebody of the hospital asked for may be used."""
    with visit.work() as work:
        accounts.agree_code(work, visit.person_no)
    return faces.show("done", what="agreed")


@blueprint.get("/<slug>/sessions", endpoint="sessions")
@passes("accounts.own_sessions")
@bound
def sessions(visit: Visit) -> ResponseReturnValue:
    """正在登录的设备 — every session of the person's own."""
    with visit.work() as work:
        found = desk.own_sessions(work, visit.person_no)
    rows = tuple(devices.row(one, here=_here(visit)) for one in found)
    return faces.show("sessions", rows=rows)


@blueprint.post("/<slug>/sessions", endpoint="end_sessions")
@passes("accounts.end_own_session", "accounts.end_own_sessions")
@bound
@proven
def end_sessions(visit: Visit) -> ResponseReturnValue:
    """End one session, or all but this one."""
    screen, _, number = request.form.get("which", "").partition("-")
    with visit.work() as work:
        if screen == "all":
            accounts.end_own_sessions(work, visit.person_no, but=_here(visit))
        elif screen in set(Screen) and number.isascii() and number.isdecimal():
            # One that is over already is what was wanted.
            with suppress(NotFoundError):
                accounts.end_own_session(
                    work, visit.person_no, Screen(screen), SessionId(int(number))
                )
    return redirect(url_for("phone.sessions", slug=visit.slug))


@blueprint.get("/<slug>/scan/<token>", endpoint="scan")
@passes("accounts.confirm_scan")
@bound
@proven
def scan(visit: Visit, token: str) -> ResponseReturnValue:
    """扫码登录 — which number does the computer show?"""
    found = steps.scan_of(visit.site, visit.slug, visit.session.openid, Secret(token))
    if found is None:
        return faces.refuse("scan", 410)
    return faces.show(
        "scan",
        numbers=found.numbers,
        device=devices.named(found.device),
        address=found.address,
        until=clock_of(found.expires_at, seconds=True),
    )


@blueprint.post("/<slug>/scan/<token>", endpoint="match")
@passes("accounts.confirm_scan", "accounts.cancel_scan", "cards.own_cards")
@bound
@proven
def match(visit: Visit, token: str) -> ResponseReturnValue:
    """Sign the computer in whose number was chosen, or say that it is nobody of ours."""
    openid, picture = visit.session.openid, Secret(token)
    chosen = request.form.get("number", "")
    if not (chosen.isascii() and chosen.isdecimal()):
        with visit.work() as work:
            accounts.cancel_scan(work, visit.person_no, picture, slug=visit.slug, openid=openid)
        return faces.show("done", what="cancelled")
    try:
        with visit.work() as work:
            right = accounts.confirm_scan(
                work, visit.person_no, picture, int(chosen), card_no=_card_no(work, visit),
                slug=visit.slug, openid=openid,
            )  # fmt: skip
    except NotFoundError:
        return faces.refuse("scan", 410)
    return faces.show("done", what="signed_in") if right else faces.refuse("number", 409)


@blueprint.get("/<slug>/freeze/<token>", endpoint="freezing")
@passes("accounts.freeze")
@bound
def freezing(visit: Visit, token: str) -> ResponseReturnValue:
    """冻结 — what it stops, before it does."""
    found = desk.freezing(visit.site, Secret(token))
    if found is None or found.person_no != visit.person_no:
        return faces.refuse("freeze", 410)
    return faces.show("freeze")


@blueprint.post("/<slug>/freeze/<token>", endpoint="freeze")
@passes("accounts.freeze", "people.staff_of")
@bound
def freeze(visit: Visit, token: str) -> ResponseReturnValue:
    """Stop the log-in: the link alone is the proof, so that nothing holds its owner up."""
    try:
        with visit.work() as work:
            accounts.freeze(work, Secret(token))
            staff = people.staff_of(work, visit.person_no)
    except NotFoundError:
        return faces.refuse("freeze", 410)
    return faces.show("done", what="frozen", staff=staff)


def _reset(visit: Visit, *, said: str = "", proof: bool = False) -> ResponseReturnValue:
    with visit.work() as work:
        card = desk.account_card_of(work, visit.person_no, _card_no(work, visit))
    return faces.show("reset", 409 if said else 200, card=card, said=said, proof=proof)


def _card_no(work: Work, visit: Visit) -> str | None:
    """The number of the card in use, which is the person's user name."""
    own = cards.own_cards(work, visit.person_no)
    return next((card.no for card in own if card.state is CardState.ACTIVE), None)


def _login_at(visit: Visit) -> str:
    """Where a computer signs in, as one types it."""
    return visit.site.config.public_url.partition("://")[2] + url_for("login.page")


def _here(visit: Visit) -> tuple[Screen, SessionId]:
    return Screen.PHONE, visit.session.id
