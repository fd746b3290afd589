"""登录 — the ways in: by the phone's WeChat, by password, by a one-time code."""

from __future__ import annotations

import secrets

from flask import Response, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts import steps
from app.accounts.terms import Offer, ScanState
from app.base import cookies, words
from app.base.work import begin, passes
from app.kernel.errors import ConflictError
from app.kernel.secret import Secret
from app.kernel.span import whole_minutes
from app.web import forms, pictures
from app.web.gate import LONGEST, blueprint, refused_with
from app.web.sessions import PAGES, actor_of, address, go_on, session_of, site_of, visitor

_BROWSER_BYTES = 32
_BROWSER_S = 3600
_SIGN_IN = ("accounts.sign_in", "accounts.sign_in_by_scan")


@blueprint.get("")
@passes(*_SIGN_IN)
def page() -> ResponseReturnValue:
    """The ways in; whoever is in already goes on where they are."""
    session = session_of(site_of())
    if session is not None:
        return redirect(url_for(PAGES[session.stage]))
    return _ways(over="over" in request.args)


@blueprint.post("")
@passes(*_SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """By password, or by the picture that a phone has confirmed."""
    site = site_of()
    if not forms.ours(site):
        return _ways(refusal=words.sentence("errors", "web.form.foreign", {}))
    if request.form.get("way") == "scan":
        return _by_scan()
    typed = request.form.get("name", "")[:LONGEST]
    password = Secret(request.form.get("password", "")[:LONGEST])
    came = visitor(site)
    tried = steps.try_password(site, typed, password, address=came.address, device=came.device)
    if tried.wait_s:
        facts = {"minutes": whole_minutes(tried.wait_s)}
        return _ways(refusal=words.sentence("login", "wait", facts), name=typed, status=429)
    if tried.login is None:
        return _ways(refusal=words.sentence("login", "wrong", {}), name=typed)
    with begin(site, actor_of(tried.login)) as work:
        signed = accounts.sign_in(work, tried.login.name, came, stale=tried.stale)
    return go_on(site, signed)


def _by_scan() -> ResponseReturnValue:
    site = site_of()
    browser = _browser()
    standing = None if browser is None else steps.scan_standing(site, browser)
    if browser is None or standing is None or standing.login_id is None:
        return _ways(notice=words.sentence("login", "not_yet", {}))
    login = desk.login_of(site, standing.login_id)
    try:
        with begin(site, actor_of(login)) as work:
            signed = accounts.sign_in_by_scan(work, login.name, browser, visitor(site))
    except ConflictError as refused:
        return _ways(refusal=words.of_error(refused))
    return go_on(site, signed)


@blueprint.get("/scan")
@passes("accounts.sign_in_by_scan")
def scan() -> ResponseReturnValue:
    """How far this browser's picture got, for the script that waits beside it."""
    site = site_of()
    browser = _browser()
    standing = None if browser is None else steps.scan_standing(site, browser)
    if standing is None:
        return jsonify(state=ScanState.OVER, left=0)
    left = (standing.expires_at - site.clock()).total_seconds()
    return jsonify(state=standing.state, left=max(0, round(left)))


@blueprint.get("/picture")
@passes("accounts.sign_in_by_scan")
def picture() -> ResponseReturnValue:
    """A new picture for this browser, in the place of one that is over."""
    browser = _browser()
    if browser is None:
        return "", 204
    return render_template("login_picture.html", **_picture(browser))


@blueprint.get("/code")
@passes("accounts.use_code")
def code() -> ResponseReturnValue:
    """Where a one-time code is typed."""
    return _code_form()


@blueprint.post("/code")
@passes("accounts.use_code")
def use_code() -> ResponseReturnValue:
    """The code is right, and a new password is set next; or it is not, for whatever reason."""
    site = site_of()
    typed = request.form.get("name", "")[:LONGEST]
    if not forms.ours(site):
        return _code_form(words.sentence("errors", "web.form.foreign", {}), name=typed)
    given = request.form.get("code", "")[:LONGEST]
    came = visitor(site)
    tried = steps.try_code(site, typed, Secret(given), address=came.address)
    if tried.wait_s:
        facts = {"minutes": whole_minutes(tried.wait_s)}
        said = words.sentence("login", "code_wait", facts)
        return _code_form(said, name=typed, status=429)
    if tried.login is None or tried.code_id is None:
        return _code_form(words.sentence("login", "code_wrong", {}), name=typed)
    with begin(site, actor_of(tried.login)) as work:
        signed = accounts.use_code(work, tried.login.name, tried.code_id, came)
    return go_on(site, signed)


def _ways(
    *, refusal: str = "", notice: str = "", over: bool = False, name: str = "", status: int = 422
) -> Response:
    """The page of all ways in, with a new picture where there is an account to read it."""
    site = site_of()
    cookie, token = forms.issued(site)
    browser = _browser() or Secret(secrets.token_urlsafe(_BROWSER_BYTES))
    shown = _picture(browser)
    answer = make_response(
        render_template(
            "login.html", form_token=token, refusal=refusal, notice=notice, over=over, name=name,
            **shown,
        )
    )  # fmt: skip
    if shown["account"]:
        answer.set_cookie(
            _cookie(), browser.reveal(), max_age=_BROWSER_S, **cookies.flags(site.config)
        )
    return forms.keep(site, refused_with(answer, refusal, status), cookie)


def _picture(browser: Secret) -> dict[str, object]:
    """What the picture's part of the page shows."""
    site = site_of()
    account = desk.scanning_account(site)
    if account is None:
        return {"account": None}
    slug, name = account
    offer = steps.offer_scan(
        site, slug, browser, agent=request.headers.get("User-Agent", ""), address=address()
    )
    if not isinstance(offer, Offer):
        return {"account": name, "picture": None, "minutes": whole_minutes(offer)}
    link = f"{site.config.public_url}/m/{slug}/scan/{offer.token.reveal()}"
    left = round((offer.expires_at - site.clock()).total_seconds())
    return {
        "account": name, "picture": pictures.qr(link), "number": offer.number, "left": left,
    }  # fmt: skip


def _browser() -> Secret | None:
    kept = request.cookies.get(_cookie())
    return Secret(kept) if kept else None


def _cookie() -> str:
    return cookies.name_of(site_of().config, cookies.SCAN)


def _code_form(refusal: str = "", *, name: str = "", status: int = 422) -> Response:
    site = site_of()
    cookie, token = forms.issued(site)
    page = render_template("login_code.html", form_token=token, refusal=refusal, name=name)
    return forms.keep(site, refused_with(make_response(page), refusal, status), cookie)
