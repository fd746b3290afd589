"""The session of a phone, and the ticket that opens one from a chat."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from app.accounts import commands, queries, rules, steps
from app.accounts.rules.sessions import PHONE
from app.base.site import Site
from app.base.work import begin
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import HE_MIN, OPERATOR, Cast
from tests.support.wechat_client import SERVICE, Official

OPENID = "o-he-min"
WECHAT = "Mozilla/5.0 (iPhone) MicroMessenger/8.0"


def opened(site: Site, **more: object) -> Secret:
    facts = {"agent": WECHAT, "address": "10.0.0.9"} | more
    return steps.open_phone_session(site, SERVICE, OPENID, **facts)  # type: ignore[arg-type]


def test_a_session_knows_its_openid_and_whose_that_is_now(
    site: Site, cast: Cast, official: Official
) -> None:
    token = opened(site)
    before = queries.phone_session(site, token)

    with begin(site, OPERATOR) as work:
        commands.bind(work, SERVICE, OPENID, HE_MIN)
    after = queries.phone_session(site, token)

    assert before is not None
    assert (before.slug, before.openid, before.light, before.binding) == (
        SERVICE, OPENID, False, None,
    )  # fmt: skip
    assert after is not None
    assert after.binding is not None
    assert after.binding.person_id == cast.person(HE_MIN).id
    assert after.binding.place == cast.person(HE_MIN).place
    assert after.csrf == before.csrf


def test_a_session_opened_by_a_chat_link_says_so(site: Site) -> None:
    session = queries.phone_session(site, opened(site, light=True))

    assert session is not None
    assert session.light


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a\x00", "a" * 10_000])
def test_an_unknown_cookie_is_no_session(site: Site, token: str) -> None:
    opened(site)

    assert queries.phone_session(site, Secret(token)) is None


def test_a_session_nobody_uses_runs_out(site: Site, clock: Clock) -> None:
    token = opened(site)

    clock.advance(hours=12, seconds=-1)
    assert queries.phone_session(site, token) is not None
    clock.advance(hours=12)
    assert queries.phone_session(site, token) is None


def test_a_session_in_use_ends_after_thirty_days(site: Site, clock: Clock) -> None:
    token, began = opened(site), clock.now

    alive = timedelta()
    while queries.phone_session(site, token) is not None:
        alive = clock.now - began
        clock.advance(hours=11)

    assert PHONE.whole - timedelta(hours=11) <= alive < PHONE.whole


def test_the_browsers_older_session_ends_with_the_new_one(site: Site) -> None:
    old = opened(site)
    new = opened(site, replacing=old)

    assert queries.phone_session(site, old) is None
    assert queries.phone_session(site, new) is not None


def test_an_ended_session_is_over(site: Site) -> None:
    token, other = opened(site), opened(site)

    steps.end_phone_session(site, token)

    assert queries.phone_session(site, token) is None
    assert queries.phone_session(site, other) is not None


def test_the_cookie_and_the_forms_token_stand_nowhere(site: Site, owner: Engine) -> None:
    token = opened(site)
    session = queries.phone_session(site, token)

    with owner.connect() as connection:
        stored = connection.execute(text("select s::text from phone_session s")).scalar_one()
    assert session is not None
    for secret in (token.reveal(), session.csrf):
        assert len(secret) >= 43
        assert secret not in stored
        assert secret.encode().hex() not in stored
    assert session.csrf != token.reveal()


def test_a_new_secret_of_the_site_signs_everybody_out(site: Site) -> None:
    token = opened(site)
    config = replace(site.config, secret=Secret("another"))

    assert queries.phone_session(replace(site, config=config), token) is None


def test_what_a_browser_says_of_itself_is_kept_short_and_printable(
    site: Site, owner: Engine
) -> None:
    opened(site, agent="Edge\x00\r\n" + "x" * 5000)

    with owner.connect() as connection:
        agent = connection.execute(text("select agent from phone_session")).scalar_one()
    assert agent == "Edge" + "x" * 296


class TestTickets:
    def test_a_ticket_opens_its_path_once(self, site: Site) -> None:
        token = steps.issue_ticket(site, SERVICE, OPENID, f"/m/{SERVICE}/credits/2013")

        assert steps.use_ticket(site, SERVICE, token) == (OPENID, f"/m/{SERVICE}/credits/2013")
        assert steps.use_ticket(site, SERVICE, token) is None

    def test_a_ticket_of_a_work_is_given_out_when_it_commits(
        self, site: Site, count: Callable[..., int]
    ) -> None:
        with begin(site, OPERATOR) as work:
            token = steps.issue_ticket(work, SERVICE, OPENID, f"/m/{SERVICE}/why")
            assert count("phone_ticket") == 0

        assert steps.use_ticket(site, SERVICE, token) == (OPENID, f"/m/{SERVICE}/why")

    def test_a_ticket_is_of_its_own_account(self, site: Site) -> None:
        token = steps.issue_ticket(site, SERVICE, OPENID, f"/m/{SERVICE}/")

        assert steps.use_ticket(site, "other", token) is None
        assert steps.use_ticket(site, SERVICE, token) is not None

    def test_a_ticket_dies_after_ten_minutes(self, site: Site, clock: Clock) -> None:
        first, second = (
            steps.issue_ticket(site, SERVICE, OPENID, f"/m/{SERVICE}/") for _ in range(2)
        )

        clock.advance(minutes=10, seconds=-1)
        assert steps.use_ticket(site, SERVICE, first) is not None
        clock.advance(seconds=1)
        assert steps.use_ticket(site, SERVICE, second) is None

    def test_of_many_who_use_one_at_once_one_gets_in(self, site: Site) -> None:
        token = steps.issue_ticket(site, SERVICE, OPENID, f"/m/{SERVICE}/")
        ready = threading.Barrier(8)

        def run(_: int) -> bool:
            ready.wait()
            return steps.use_ticket(site, SERVICE, token) is not None

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(run, range(8))).count(True) == 1

    @pytest.mark.parametrize(
        "path",
        [
            "https://evil.example/", "//evil.example/m/city/", "/m/other/credits", "/console/", "",
            "/m/city/../../console", "/m/city//evil.example", "/m/city/\\evil.example",
            "/m/city/%2E%2e/%2e./x", "/m/city/x\r\nSet-Cookie: a=b", "/m/city", "m/city/",
            "/m/city/?next=a#https://evil.example", "javascript:alert(1)", "/m/city/./x",
        ],
    )  # fmt: skip
    def test_a_ticket_leads_nowhere_but_to_the_accounts_own_pages(
        self, site: Site, path: str
    ) -> None:
        assert not rules.own_path("city", path)
        with pytest.raises(ValueError):  # noqa: PT011  # whatever the path is
            steps.issue_ticket(site, "city", OPENID, path)

    @pytest.mark.parametrize(
        "path",
        [
            "/m/city/", "/m/city/credits", "/m/city/credits/2013",
            "/m/city/why/2013-03-01-007(国)/1",
            "/m/city/why/2013-03-01-007%28%E5%9B%BD%29/1", "/m/city/credits?year=2013&elder=1",
        ],
    )  # fmt: skip
    def test_the_accounts_own_pages_are_led_to(self, path: str) -> None:
        assert rules.own_path("city", path)

    def test_a_long_path_is_judged_at_once(self) -> None:
        assert not rules.own_path("city", "/m/city/" + "a" * 20_000 + "\\")
        assert not rules.own_path("city", "/m/city/" + "a/" * 10_000 + "\\")
