"""办公室 — administrators at their desks, each signed in, in a browser of their own.

Ask for the fixture `office`:

    office.desk() -> Desk                         王芳, admin of H1
    office.desk(Role.CITY_OFFICE, CITY_BUREAU)    another role at another unit, with its own name
    desk.get("/console/...")                      what the page answers
    desk.send("/console/...", field="…")          its form, posted with the session's own token
    desk.token                                    what a real browser keeps in its cookie
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import queries
from app.accounts.terms import ConsoleSession, Login
from app.base import cookies
from app.base.site import Site
from app.kernel.actor import Role
from app.kernel.secret import Secret
from tests.support.cast import HOSPITAL
from tests.support.entrance import ADMIN, Entrance
from tests.support.serving import app_of


@dataclass(frozen=True, slots=True)
class Desk:
    """A browser in which somebody is signed in."""

    web: FlaskClient
    site: Site
    login: Login
    token: Secret

    @property
    def session(self) -> ConsoleSession:
        found = queries.console_session(self.site, self.token)
        assert found is not None
        return found

    def get(self, address: str, **more: Any) -> TestResponse:
        return self.web.get(address, **more)

    def send(
        self, address: str, *, files: dict[str, Any] | None = None, **fields: Any
    ) -> TestResponse:
        sent = {"form_token": self.session.csrf} | fields | (files or {})
        return self.web.post(address, data=sent)


@dataclass(frozen=True, slots=True)
class Office:
    """Where desks stand, on one site."""

    entrance: Entrance

    def desk(self, role: Role = Role.HOSPITAL_ADMIN, unit: str = HOSPITAL, name: str = "") -> Desk:
        site = self.entrance.site
        called = name or (ADMIN if role is Role.HOSPITAL_ADMIN else f"{role}-{unit}")
        login = self.entrance.admin(called, role, unit)
        signed, _ = self.entrance.enrol(login)
        web = app_of(site).test_client()
        web.set_cookie(cookies.name_of(site.config, cookies.CONSOLE), signed.session.reveal())
        return Desk(web, site, login, signed.session)


@pytest.fixture
def office(entrance: Entrance) -> Office:
    return Office(entrance)
