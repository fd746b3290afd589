"""进门 — who is at the other end of a phone page, and what is shown where nobody is."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Concatenate, ParamSpec
from urllib.parse import quote

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from app.accounts import queries as accounts
from app.accounts import steps as desk
from app.accounts.rules.sessions import PHONE
from app.accounts.rules.tickets import own_path
from app.accounts.terms import Binding, OfficialAccount, PhoneSession
from app.base import cookies
from app.base.site import Site
from app.base.work import Work, begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.place import Place
from app.kernel.secret import Secret
from wechat.phone import faces, oauth
from wechat.phone.blueprint import blueprint, site_of

P = ParamSpec("P")

FORM_FIELD = "form_token"

_LONGEST_PATH = 512


@dataclass(frozen=True, slots=True)
class Visit:
    """来访 — a browser that is known to be an openid's, on one account."""

    site: Site
    account: OfficialAccount
    session: PhoneSession

    @property
    def slug(self) -> str:
        """The account's own part of every address."""
        return self.account.slug

    @property
    def binding(self) -> Binding:
        """Whose openid it is; only behind `bound`."""
        if self.session.binding is None:
            raise AssertionError("asked for a binding where none is needed")
        return self.session.binding

    @property
    def person_no(self) -> str:
        """The number of the person who is looking."""
        return self.binding.person_no

    @contextmanager
    def work(self) -> Iterator[Work]:
        """A work of whoever is looking: as the person they are, else as nobody in particular."""
        binding = self.session.binding
        name = self.session.openid if binding is None else binding.person_no
        place = Place.nowhere() if binding is None else binding.place
        with begin(self.site, Actor(name, Via.WECHAT, place, Role.PERSON)) as work:
            yield work


Page = Callable[Concatenate[Visit, P], ResponseReturnValue]
View = Callable[P, ResponseReturnValue]


def entered(page: Page[P]) -> View[P]:
    """Open the page only in a browser that is known to be an openid's; else let it prove so."""

    @functools.wraps(page)
    def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        slug = str(kwargs.pop("slug"))  # as the address has it
        site, account = site_of(), account_of(slug)
        token = request.cookies.get(_cookie(site, slug), "")
        session = accounts.phone_session(site, Secret(token)) if token else None
        if session is None or session.slug != slug:
            return _knock(site, account)
        visit = Visit(site, account, session)
        faces.remember(visit)
        if request.method == "POST" and not _ours(session):
            return faces.refuse("form", 403)
        return page(visit, *args, **kwargs)

    return run


def bound(page: Page[P]) -> View[P]:
    """Open the page only for a person we know; whoever is not bound is led to binding."""

    @functools.wraps(page)
    def run(visit: Visit, /, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if visit.session.binding is None:
            return redirect(url_for("phone.bind", slug=visit.slug))
        return page(visit, *args, **kwargs)

    return entered(run)


def proven(page: Page[P]) -> Page[P]:
    """Open the page only where the platform itself said who it is, not a link that goes round.

    Whoever is not bound and would read it is led to what they can do to be.
    """

    @functools.wraps(page)
    def run(visit: Visit, /, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if visit.session.light and visit.session.binding is None and request.method == "GET":
            return redirect(url_for("phone.bind", slug=visit.slug))
        if visit.session.light:
            return faces.refuse("light", 403)
        return page(visit, *args, **kwargs)

    return run


@blueprint.get("/<slug>/in")
def came_in(slug: str) -> ResponseReturnValue:
    """From the platform, with a code: the browser is known from now on."""
    site, account = site_of(), account_of(slug)
    if not oauth.possible(account):
        return faces.refuse("outside", 403)
    answer: BaseResponse
    try:
        came = oauth.came(site, account)
    except oauth.ExpiredError:
        answer = faces.refuse("state", 400)
    else:
        answer = redirect(came.path)
        _open(site, account, came.openid, answer, light=False)
    oauth.forget(site, account, answer)
    return answer


@blueprint.get("/<slug>/go/<ticket>")
def go(slug: str, ticket: str) -> ResponseReturnValue:
    """From a link of the chat: the browser may read from now on."""
    site, account = site_of(), account_of(slug)
    used = desk.use_ticket(site, slug, Secret(ticket))
    if used is None:
        return faces.refuse("ticket", 410)
    openid, path = used
    answer = redirect(path)
    _open(site, account, openid, answer, light=True)
    return answer


def account_of(slug: str) -> OfficialAccount:
    """The account of the address; the page of an unknown one is not there."""
    account = accounts.official_account(site_of(), slug)
    if account is None:
        faces.nowhere()
    return account


def _open(
    site: Site, account: OfficialAccount, openid: str, answer: BaseResponse, *, light: bool
) -> None:
    name = _cookie(site, account.slug)
    held = request.cookies.get(name)
    token = desk.open_phone_session(
        site, account.slug, openid, agent=request.user_agent.string,
        address=request.remote_addr or "", light=light,
        replacing=Secret(held) if held else None,
    )  # fmt: skip
    answer.set_cookie(name, token.reveal(), max_age=PHONE.whole, **cookies.flags(site.config))


def _knock(site: Site, account: OfficialAccount) -> ResponseReturnValue:
    if request.method == "POST":
        return faces.refuse("form", 403)
    if not oauth.possible(account):
        return faces.refuse("outside", 403)
    return oauth.ask(site, account, _here(slug=account.slug))


def _here(slug: str) -> str:
    """The address that was asked for, as it is written; the account's first page if it is odd."""
    query = request.query_string.decode(errors="replace")
    path = quote(request.path) + (f"?{query}" if query else "")
    usual = len(path) <= _LONGEST_PATH and own_path(slug, path)
    return path if usual else url_for("phone.home", slug=slug)


def _ours(session: PhoneSession) -> bool:
    given = request.form.get(FORM_FIELD, "")
    return hmac.compare_digest(session.csrf.encode(), given.encode(errors="replace"))


def _cookie(site: Site, slug: str) -> str:
    # One for each account: who follows two is known on both.
    return cookies.name_of(site.config, f"{cookies.PHONE}_{slug}")
