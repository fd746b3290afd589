"""手机 — a browser in WeChat at the phone pages of the test's own site.

Ask for the fixture `phone`; it opens one by the step that OAuth ends in:

    he_min = phone("o-he-min", HE_MIN)     bound on the service account
    someone = phone("o-new")               a follower whom we do not know
    phone("o-new", at=site)                at another site than the test's
    he_min.get("credits/2026")             -> the answer, as text in `.text`
    he_min.post("lost", card_no=...)       with the token that every form carries
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import queries, steps
from app.base import cookies
from app.base.site import Site
from app.kernel.secret import Secret
from tests.support.serving import app_of
from tests.support.wechat_client import SERVICE, Official

AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 MicroMessenger/8.0.50"

OpenPhone = Callable[..., "Phone"]


@dataclass(frozen=True)
class Phone:
    """One browser with its session."""

    site: Site
    client: FlaskClient
    slug: str
    token: Secret

    @property
    def csrf(self) -> str:
        session = queries.phone_session(self.site, self.token)
        assert session is not None
        return session.csrf

    def get(self, path: str = "", **more: object) -> TestResponse:
        return self.client.get(f"/m/{self.slug}/{path}", **more)  # type: ignore[arg-type]

    def post(self, path: str, **form: str) -> TestResponse:
        form.setdefault("form_token", self.csrf)
        return self.client.post(f"/m/{self.slug}/{path}", data=form)


@pytest.fixture
def phone(site: Site, app: Flask, official: Official) -> OpenPhone:
    """Open phones, as OAuth would; with a person's number, one that is bound."""

    def open_(
        openid: str,
        person_no: str | None = None,
        *,
        slug: str = SERVICE,
        light: bool = False,
        at: Site | None = None,
    ) -> Phone:
        if person_no is not None:
            official.bind(slug, openid, person_no)
        token = steps.open_phone_session(
            site, slug, openid, agent=AGENT, address="10.0.0.9", light=light
        )
        client = (app if at is None else app_of(at)).test_client()
        client.environ_base["HTTP_USER_AGENT"] = AGENT
        name = cookies.name_of(site.config, f"{cookies.PHONE}_{slug}")
        client.set_cookie(name, token.reveal())
        return Phone(site, client, slug, token)

    return open_
