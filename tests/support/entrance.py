"""入口 — people and administrators who come in: by code, by password, by their phone.

Ask for the fixture `entrance`; nobody has a log-in yet:

    entrance.bind()                    何敏's WeChat is bound since a month (no=, openid=)
    entrance.ask() -> Code             the one-time code her phone shows
    entrance.use(name, code)           what the computer's code page does -> SignedIn or None
    entrance.claim() -> SignedIn       all of that, and PASSWORD is set
    entrance.admin() -> Login          王芳, admin of H1, has used her link; PASSWORD is set
    entrance.type(name, password)      what the log-in page asks first -> Tried
    entrance.enter(name, password)     ... and then does -> SignedIn
    entrance.session(signed)           whose browser that is now -> ConsoleSession
    entrance.number(login)             what the log-in's authenticator shows
    entrance.actor(login)              -> Actor in the log-in's first capacity

Passwords are weighed lightly; mark a test `weighty` that hangs on how long that takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import text

from app.accounts import commands, queries, steps
from app.accounts.terms import Code, ConsoleSession, Login, SignedIn, Tried, Visitor
from app.base import passwords
from app.base.site import Site
from app.base.work import Work, begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import NotFoundError
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import HE_MIN, HOSPITAL, OPERATOR, Cast
from tests.support.wechat_client import SERVICE, Official

OPENID = "o-he-min"
PASSWORD = "Kite-7-rivers-run"
ADMIN = "王芳"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120 Safari/537.36 Edg/120"
PC = Visitor(EDGE, "10.16.3.88")


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who comes in, and how, on one site."""

    site: Site
    cast: Cast
    official: Official
    clock: Clock

    def bind(self, no: str = HE_MIN, openid: str = OPENID, days: int = 31) -> None:
        self.official.bind(SERVICE, openid, no)
        self.clock.advance(days=days)

    def ask(self, no: str = HE_MIN, openid: str = OPENID, number: str = "") -> Code:
        with begin(self.site, self.cast.self(no)) as work:
            return commands.ask_code(
                work, no, card_no=no, slug=SERVICE, openid=openid, number=number
            )

    def use(self, name: str, code: str, visitor: Visitor = PC) -> SignedIn | None:
        tried = steps.try_code(self.site, name, Secret(code), address=visitor.address)
        if tried.login is None or tried.code_id is None:
            return None
        try:
            with begin(self.site, self.actor(tried.login)) as work:
                return commands.use_code(work, tried.login.name, tried.code_id, visitor)
        except NotFoundError:
            return None

    def renew(self, signed: SignedIn, password: str = PASSWORD) -> SignedIn:
        session = self.session(signed)
        with begin(self.site, self.actor(session.login)) as work:
            return commands.set_password(work, session.name, session.id, Secret(password), PC)

    def claim(self, no: str = HE_MIN, openid: str = OPENID, password: str = PASSWORD) -> SignedIn:
        self.bind(no, openid)
        used = self.use(no, self.ask(no, openid).code.reveal())
        assert used is not None
        return self.renew(used, password)

    def admin(
        self,
        name: str = ADMIN,
        role: Role = Role.HOSPITAL_ADMIN,
        unit: str = HOSPITAL,
        password: str | None = PASSWORD,
    ) -> Login:
        with begin(self.site, OPERATOR) as work:
            link = commands.invite(work, role=role, unit_code=unit, name=name)
        token = Secret(link.url.reveal().rpartition("/")[2])
        invitation = queries.invitation(self.site, token)
        assert invitation is not None
        if password is not None:
            place = invitation.place
            with begin(self.site, Actor(name, Via.CONSOLE, place, role)) as work:
                commands.activate(work, token, Secret(password))
        return queries.login_of(self.site, invitation.login_id)

    def type(
        self,
        name: str,
        password: str = PASSWORD,
        address: str = PC.address,
        device: Secret | None = None,
    ) -> Tried:
        return steps.try_password(self.site, name, Secret(password), address=address, device=device)

    def enter(self, name: str, password: str = PASSWORD, visitor: Visitor = PC) -> SignedIn:
        tried = self.type(name, password, visitor.address, visitor.device)
        assert tried.login is not None
        with begin(self.site, self.actor(tried.login)) as work:
            return commands.sign_in(work, tried.login.name, visitor, stale=tried.stale)

    def session(self, signed: SignedIn) -> ConsoleSession:
        session = queries.console_session(self.site, signed.session)
        assert session is not None
        return session

    def actor(self, login: Login) -> Actor:
        grant = login.grants[0]
        return Actor(login.name, Via.CONSOLE, grant.place, grant.role)

    def number(self, login: Login, steps_on: int = 0) -> str:
        with begin(self.site, OPERATOR) as work:
            return self.number_in(work, login, steps_on)

    def number_in(self, work: Work, login: Login, steps_on: int = 0) -> str:
        asked = text("select totp_key from login where id = :id")
        sealed = work.session.execute(asked, {"id": login.id}).scalar_one()
        key = bytes.fromhex(self.site.vault.open(sealed, f"login.totp:{login.id}").reveal())
        totp = TOTP(key, 6, SHA1(), 30)  # noqa: S303  # what authenticators know
        return totp.generate(int(self.clock().timestamp()) + steps_on * 30).decode()

    def enrol(self, login: Login) -> tuple[SignedIn, tuple[Secret, ...]]:
        """The log-in's first sign-in, at which it sets its authenticator up."""
        session = self.session(self.enter(login.name))
        with begin(self.site, self.actor(login)) as work:
            commands.begin_totp(work, login.name)
        with begin(self.site, self.actor(login)) as work:
            number = self.number(login)
            return commands.confirm_totp(work, login.name, session.id, number, PC)


@pytest.fixture
def entrance(site: Site, cast: Cast, official: Official, clock: Clock) -> Entrance:
    return Entrance(site, cast, official, clock)


@pytest.fixture(autouse=True)
def _light(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are weighed lightly, but where a test is about that: `@pytest.mark.weighty`."""
    if request.node.get_closest_marker("weighty"):
        yield
        return
    passwords._nobodys.cache_clear()
    light = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", light)
    yield
    passwords._nobodys.cache_clear()
