"""登录状态 — whose browser asks for a page of the console, and how far they have come in."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec

from flask import current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.accounts import queries as accounts
from app.accounts.rules.sessions import DEVICE_KNOWN
from app.accounts.terms import ConsoleSession, Grant, Login, SignedIn, Stage, Visitor
from app.base import cookies
from app.base.site import Site
from app.kernel.actor import Actor, Via
from app.kernel.errors import ForbiddenError
from app.kernel.secret import Secret

P = ParamSpec("P")

FIELD = "form_token"

# Where each stage goes on.
PAGES = {
    Stage.OPEN: "console.home",
    Stage.SECOND: "login.second",
    Stage.ENROL: "login.enrol",
    Stage.RENEW: "login.password",
}


@dataclass(frozen=True, slots=True)
class Guest:
    """来访者 — who is signed in at this browser, and as whom they act."""

    site: Site
    session: ConsoleSession

    @property
    def actor(self) -> Actor:
        """The one in whose name something is done: in the capacity chosen, or in the first."""
        return actor_of(self.session.login, self.session.chosen)


Page = Callable[Concatenate[Guest, P], ResponseReturnValue]
View = Callable[P, ResponseReturnValue]


def entered(*stages: Stage) -> Callable[[Page[P]], View[P]]:
    """Open the page to who has come in so far; lead everybody else to where they go on."""

    def wrap(page: Page[P]) -> View[P]:
        @functools.wraps(page)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            site = site_of()
            session = session_of(site)
            if session is None:
                return redirect(url_for("login.page", over=1 if token_of(site) else None))
            if session.stage not in stages:
                return redirect(url_for(PAGES[session.stage]))
            if request.method == "POST" and not _ours(session):
                raise ForbiddenError("web.form.foreign")
            return page(Guest(site, session), *args, **kwargs)

        return run

    return wrap


def session_of(site: Site) -> ConsoleSession | None:
    """Whose session this browser's cookie is, if anybody's."""
    token = token_of(site)
    return None if token is None else accounts.console_session(site, token)


def actor_of(login: Login, chosen: Grant | None = None) -> Actor:
    """The log-in as one who acts. ForbiddenError where it holds nothing (any more)."""
    grant = chosen or next(iter(login.grants), None)
    if grant is None:
        raise ForbiddenError("accounts.grant.unknown")
    return Actor(login.name, Via.CONSOLE, grant.place, grant.role)


def visitor(site: Site) -> Visitor:
    """What this browser brings."""
    device = request.cookies.get(cookies.name_of(site.config, cookies.DEVICE))
    return Visitor(
        agent=request.headers.get("User-Agent", ""),
        address=address(),
        session=token_of(site),
        device=Secret(device) if device else None,
    )


def address() -> str:
    """Where the request comes from, as the nearest proxy that we trust saw it."""
    return request.remote_addr or ""


def token_of(site: Site) -> Secret | None:
    """What this browser keeps of its session."""
    token = request.cookies.get(cookies.name_of(site.config, cookies.CONSOLE))
    return Secret(token) if token else None


def go_on(site: Site, signed: SignedIn) -> Response:
    """To where the session goes on, under its new cookie."""
    return keep(site, redirect(url_for(PAGES[signed.stage])), signed)


def keep(site: Site, answer: Response, signed: SignedIn) -> Response:
    """The answer, with what the browser is to keep from now on."""
    flags = cookies.flags(site.config)
    answer.set_cookie(
        cookies.name_of(site.config, cookies.CONSOLE), signed.session.reveal(), **flags
    )
    answer.set_cookie(
        cookies.name_of(site.config, cookies.DEVICE), signed.device.reveal(),
        max_age=DEVICE_KNOWN, **flags,
    )  # fmt: skip
    return answer


def let_go(site: Site, answer: Response) -> Response:
    """The answer, after which the browser keeps nothing of the session, nor pages it showed.

    That it is known stays: it is what lets its owner in when others try their name.
    """
    flags = cookies.flags(site.config)
    answer.delete_cookie(cookies.name_of(site.config, cookies.CONSOLE), **flags)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def site_of() -> Site:
    """The site that this application serves."""
    site: Site = current_app.extensions["site"]
    return site


def _ours(session: ConsoleSession) -> bool:
    sent = request.form.get(FIELD, "").encode(errors="replace")
    return hmac.compare_digest(session.csrf.encode(), sent)
