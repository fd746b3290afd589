"""用手机号绑定 — from the phone page into the mini-program and back, the platform simulated."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import pytest

from app.accounts import commands
from app.accounts.terms import AccountKind, Mode
from app.base.site import Site
from app.base.work import begin
from tests.support.cast import HE_MIN, OPERATOR, Cast
from tests.support.phones import OpenPhone
from tests.support.simulator import Product, Simulator
from tests.support.wechat_client import ACCOUNTS, SERVICE, Official, account

OPENID, MINI_OPENID = "o-new", "m-new"
MINI = account("kejiao-mini", AccountKind.MINI, Mode.PLAIN)


@pytest.fixture
def at(site: Site, cast: Cast, official: Official, simulator: Simulator, product: Product) -> Site:
    """The site beside a simulated platform, with a mini-program and a follower of it."""
    config = replace(site.config, wechat_api=simulator.url, wechat_open=simulator.url)
    at = replace(site, config=config)
    with begin(at, OPERATOR) as work:
        commands.put_official_account(work, MINI)
    simulator.put(ACCOUNTS[SERVICE])
    simulator.put(MINI, phone_proof_url=f"{product(at)}/api/mini/v1/bind/phone")
    return at


def link_of(page: str) -> str:
    [link] = re.findall(r'weui-btn_primary" href="([^"]+)"', page)
    return str(link)


def allow(simulator: Simulator, link: str, openid: str = MINI_OPENID) -> str:
    """The person opens the mini-program with this link, and lets it have the number."""
    path = urlsplit(link)
    answer = simulator.call(
        "POST", f"{path.path}?{path.query}", urlencode({"allow": "1"}).encode(),
        **{"Content-Type": "application/x-www-form-urlencoded",
           "Cookie": f"wechat_simulator_holder={openid}"},
    )  # fmt: skip
    assert answer.status == 200
    return answer.body.decode()


def test_the_number_that_the_hospital_knows_binds(
    at: Site, simulator: Simulator, phone: OpenPhone
) -> None:
    simulator.user(MINI, MINI_OPENID, phone="13900000001")
    follower = phone(OPENID, at=at)

    before = follower.get("bind").text
    link = link_of(follower.get("bind/phone").text)
    allow(simulator, link)

    assert "用手机号" in before
    assert link.startswith(f"{simulator.url}/mini/{MINI.appid}/pages/bind/phone?ticket=")
    assert "这个微信已经绑定何敏" in follower.get("bind").text


def test_another_number_does_not_and_says_no_more(
    at: Site, simulator: Simulator, phone: OpenPhone
) -> None:
    simulator.user(MINI, MINI_OPENID, phone="13999999999")
    follower = phone(OPENID, at=at)

    told = allow(simulator, link_of(follower.get("bind/phone").text))

    assert HE_MIN not in told
    assert "先证明你是本人" in follower.get("bind").text


def test_while_the_platform_is_away_another_way_is_offered(
    at: Site, simulator: Simulator, phone: OpenPhone
) -> None:
    follower = phone(OPENID, at=at)
    simulator.fault(path="generate_urllink", times=9, do={"status": 502, "body": ""})

    page = follower.get("bind/phone").text

    assert "手机号验证现在用不了" in page
    assert "换一种证明" in page
