"""The simulator is as strict as the platform: what it refuses, and by which code."""

from __future__ import annotations

from typing import Any

import pytest

from app.base.site import Site
from tests.support.simulator import Product, Simulator
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE, Official

ACCOUNT = ACCOUNTS[SERVICE]


@pytest.fixture
def platform(simulator: Simulator) -> Simulator:
    """Both accounts, and a follower of each."""
    simulator.put(ACCOUNT)
    simulator.put(ACCOUNTS[CITY_OFFICE])
    simulator.user(ACCOUNT, "o_he_min", name="何敏")
    simulator.user(ACCOUNTS[CITY_OFFICE], "o_zheng_hai")
    return simulator


def token(platform: Simulator, slug: str = SERVICE, **facts: object) -> dict[str, Any]:
    account = ACCOUNTS[slug]
    asked = {
        "grant_type": "client_credential",
        "appid": account.appid,
        "secret": account.secret.reveal(),
        **facts,
    }
    said: dict[str, Any] = platform.call("POST", "/cgi-bin/stable_token", asked).said
    return said


def test_a_stable_token_stays_the_same_until_shortly_before_its_end(platform: Simulator) -> None:
    first = token(platform)
    platform.advance(7200 - 301)
    second = token(platform)
    platform.advance(1)
    third = token(platform)

    assert second == {"access_token": first["access_token"], "expires_in": 301}
    assert third["access_token"] != first["access_token"]
    assert third["expires_in"] == 7200


@pytest.mark.parametrize("slug", [SERVICE, CITY_OFFICE])
def test_what_a_follower_says_is_answered_by_the_product(
    simulator: Simulator, official: Official, product: Product, site: Site, slug: str
) -> None:
    account = ACCOUNTS[slug]
    simulator.put(account, f"{product(site)}/wechat/{slug}")
    simulator.user(account, "o_new")

    done = simulator.do("o_new", "say", text="你好")

    assert [one["verdict"] for one in done["deliveries"]] == ["shown"]
    assert done["shown"][0]["content"].startswith("没看懂")
    assert simulator.sent("o_new")[0]["content"] == done["shown"][0]["content"]
    assert simulator.control("POST", f"/accounts/{account.appid}/verify")["verified"] is True
