"""Setting the first password, on the page that the one-time link opens."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.accounts import commands
from app.base import passwords
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Role
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import CITY_BUREAU, OPERATOR, Cast
from tests.support.serving import app_of

GOOD = "Kite-7-river"


@pytest.fixture
def web(site: Site) -> FlaskClient:
    return app_of(site).test_client()


@pytest.fixture
def address(site: Site, cast: Cast) -> str:
    """The path of a fresh link for 王芳, of the city office."""
    with begin(site, OPERATOR) as work:
        link = commands.invite(work, role=Role.CITY_OFFICE, unit_code=CITY_BUREAU, name="王芳")
    return "/activate/" + link.url.reveal().rpartition("/")[2]


def fill(
    web: FlaskClient, address: str, password: str = GOOD, again: str | None = None, **more: str
) -> TestResponse:
    """Open the page and send its form."""
    found = re.search(r'name="form_token" value="([^"]+)"', web.get(address).text)
    sent = {
        "form_token": found[1] if found else "",
        "password": password,
        "again": password if again is None else again,
    }
    return web.post(address, data=sent | more)


def password_of(owner: Engine) -> bytes | None:
    with owner.connect() as connection:
        return connection.execute(text("select password_hash from login")).scalar_one()


def test_the_page_says_who_will_be_what_and_where(web: FlaskClient, address: str) -> None:
    answer = web.get(address)

    assert answer.status_code == 200
    assert "王芳，你将担任颍川市卫生局的市继教办。" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]


def test_a_good_password_is_set_and_the_link_is_used_up(
    site: Site, web: FlaskClient, address: str, owner: Engine
) -> None:
    answer = fill(web, address)

    assert answer.status_code == 200
    assert "账号可以用了" in answer.text
    stored = password_of(owner)
    assert stored is not None
    assert passwords.matches(site.vault, stored, Secret(GOOD))
    assert web.get(address).status_code == 404


def test_a_weak_password_is_told_why_and_not_shown_again(
    web: FlaskClient, address: str, owner: Engine
) -> None:
    answer = fill(web, address, "wangfang1")

    assert answer.status_code == 422
    assert "密码至少 10 位" in answer.text
    assert "登录名或者它的拼音" in answer.text
    assert "wangfang1" not in answer.text
    assert password_of(owner) is None
    assert fill(web, address).status_code == 200


def test_two_different_entries_are_told_so(web: FlaskClient, address: str, owner: Engine) -> None:
    answer = fill(web, address, GOOD, "Kite-7-rivers")

    assert (answer.status_code, password_of(owner)) == (422, None)
    assert "两次填的密码不一样" in answer.text


@pytest.mark.parametrize("token", ["", "0" * 64, "令牌"])
def test_a_form_of_another_site_sets_nothing(
    web: FlaskClient, address: str, owner: Engine, token: str
) -> None:
    answer = fill(web, address, form_token=token)

    assert (answer.status_code, password_of(owner)) == (422, None)


def test_a_form_without_our_cookie_sets_nothing(
    site: Site, web: FlaskClient, address: str, owner: Engine
) -> None:
    token = re.search(r'name="form_token" value="([^"]+)"', web.get(address).text)
    assert token
    other = app_of(site).test_client()

    answer = other.post(address, data={"form_token": token[1], "password": GOOD, "again": GOOD})

    assert (answer.status_code, password_of(owner)) == (422, None)


def test_a_token_of_one_page_is_none_of_another(
    site: Site, web: FlaskClient, address: str, owner: Engine
) -> None:
    with begin(site, OPERATOR) as work:
        link = commands.invite(work, role=Role.AUDITOR, unit_code="9901", name="他人")
    other = "/activate/" + link.url.reveal().rpartition("/")[2]
    token = re.search(r'name="form_token" value="([^"]+)"', web.get(other).text)
    cookie = web.get_cookie("kejiao_form", path=other)
    assert token
    assert cookie
    web.set_cookie("kejiao_form", cookie.value, path=address)

    answer = web.post(address, data={"form_token": token[1], "password": GOOD, "again": GOOD})

    assert answer.status_code == 422
    with owner.connect() as connection:
        asked = text("select count(*) from login where password_hash is not null")
        assert connection.execute(asked).scalar_one() == 0


@pytest.mark.parametrize("token", ["nothing", "a" * 5000, "%00", "%ff", "..%2f..%2fetc"])
def test_an_unknown_link_is_one_calm_page(web: FlaskClient, cast: Cast, token: str) -> None:
    answer = web.get(f"/activate/{token}")

    assert answer.status_code == 404
    assert "<h1>" in answer.text


def test_used_dead_and_unknown_links_look_the_same(
    web: FlaskClient, address: str, clock: Clock
) -> None:
    unknown = web.get("/activate/nothing").text
    clock.advance(days=8)
    dead = web.get(address)
    sent = web.post(address, data={"password": GOOD, "again": GOOD})

    assert (dead.status_code, sent.status_code) == (404, 404)
    assert dead.text == sent.text == unknown


def test_a_name_with_signs_of_html_stays_a_name(site: Site, web: FlaskClient, cast: Cast) -> None:
    with begin(site, OPERATOR) as work:
        link = commands.invite(work, role=Role.AUDITOR, unit_code="9901", name="<b onload=x>\"'&")

    page = web.get("/activate/" + link.url.reveal().rpartition("/")[2]).text

    assert "<b onload" not in page
    assert "&lt;b onload=x&gt;" in page
