"""Codes that prove who somebody is: web log-in, mini-program, phone; and codes with a scene."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.accounts.terms import AccountKind, OfficialAccount
from app.config import WECHAT_OPEN
from tests.support.platforms import Met
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE
from wechat.platform import mini, oa, oauth
from wechat.platform.errors import (
    BadCodeError,
    NoCapabilityError,
    PlatformError,
    RejectedError,
    TransportError,
)

BACK = "http://127.0.0.1:1/m/yingchuan/in"


def code_for(met: Met, openid: str = "o-1", state: str = "s1") -> str:
    """What the platform sends the browser back with."""
    url = urlsplit(oauth.authorize_url(met.site, met.account, BACK, state))
    met.simulator.put(met.account, oauth_domain="127.0.0.1:1")
    answer = met.simulator.call("GET", f"{url.path}?{url.query}", **{"X-Sim-Openid": openid})
    assert answer.status == 302, answer
    came = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert came["state"] == [state]
    return came["code"][0]


class TestWebLogIn:
    def test_the_address_has_the_platforms_order(self, met: Met) -> None:
        site = replace(met.site, config=replace(met.site.config, wechat_open=WECHAT_OPEN))

        assert oauth.authorize_url(site, met.account, BACK, "abc") == (
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx-yingchuan"
            "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fm%2Fyingchuan%2Fin&response_type=code"
            "&scope=snsapi_base&state=abc#wechat_redirect"
        )

    @pytest.mark.parametrize("state", ["", "a b", "a&x=1", "长", "a" * 129, "a#b"])
    def test_a_state_that_the_platform_would_lose_is_refused(self, met: Met, state: str) -> None:
        with pytest.raises(ValueError, match=r".*"):
            oauth.authorize_url(met.site, met.account, BACK, state)

    def test_an_account_that_may_not_has_no_address(self, met: Met) -> None:
        for account in (
            ACCOUNTS[CITY_OFFICE], replace(met.account, verified=False),
            replace(met.account, kind=AccountKind.MINI),
        ):  # fmt: skip
            with pytest.raises(NoCapabilityError):
                oauth.authorize_url(met.site, account, BACK, "abc")
            with pytest.raises(NoCapabilityError):
                oauth.openid_by_code(met.site, account, "abc")

    def test_a_code_tells_who_holds_the_phone_once(self, met: Met) -> None:
        code = code_for(met)

        assert oauth.openid_by_code(met.site, met.account, code) == "o-1"

        with pytest.raises(BadCodeError) as used:
            oauth.openid_by_code(met.site, met.account, code)
        assert used.value.errcode == 40163

    def test_a_code_is_good_for_five_minutes(self, met: Met) -> None:
        code = code_for(met)
        met.simulator.advance(301)

        with pytest.raises(BadCodeError):
            oauth.openid_by_code(met.site, met.account, code)

    @pytest.mark.parametrize("code", ["", "x y", "x&appid=wx-other", "x" * 513, "码", "0"])
    def test_what_is_no_code_is_refused(self, met: Met, code: str) -> None:
        with pytest.raises(BadCodeError):
            oauth.openid_by_code(met.site, met.account, code)

    def test_no_token_is_asked_for_and_the_secret_stays_out_of_the_error(self, met: Met) -> None:
        met.simulator.fault(path="/sns/", times=0, do={"reset": True})

        with pytest.raises(TransportError) as silent:
            oauth.openid_by_code(met.site, met.account, "abc")

        assert met.fetches == 0
        assert met.account.secret.reveal() not in str(vars(silent.value))

    @pytest.mark.parametrize(
        "body", ['{"openid": ""}', '{"openid": 7}', '{"openid": "a b"}', "{}", '{"openid": null}']
    )
    def test_an_answer_without_an_openid_is_none(self, met: Met, body: str) -> None:
        met.simulator.fault(path="/sns/", times=0, do={"status": 200, "body": body})

        with pytest.raises(TransportError):
            oauth.openid_by_code(met.site, met.account, "abc")


class TestMiniProgram:
    @pytest.fixture
    def account(self, met: Met) -> OfficialAccount:
        """A mini-program on both sides; its calls need no row but its token's and its gate's."""
        filed = replace(ACCOUNTS[CITY_OFFICE], kind=AccountKind.MINI, verified=True)
        met.simulator.put(filed)
        met.simulator.user(filed, "m-1", phone="13900000001")
        return filed

    def codes(self, met: Met) -> tuple[str, str]:
        told = met.simulator.control("POST", "/users/m-1/codes")
        return told["js_code"], told["phone_code"]

    def test_a_log_in_without_errcode_is_a_good_one(
        self, met: Met, account: OfficialAccount
    ) -> None:
        js_code, _ = self.codes(met)

        assert mini.user_by_code(met.site, account, js_code) == mini.MiniUser("m-1", None)

        with pytest.raises(BadCodeError):
            mini.user_by_code(met.site, account, js_code)

    def test_a_phone_is_told_once_and_hides_itself(
        self, met: Met, account: OfficialAccount
    ) -> None:
        _, phone_code = self.codes(met)

        phone = mini.phone_by_code(met.site, account, phone_code)

        assert (phone.number.reveal(), phone.country) == ("13900000001", "86")
        assert "139" not in repr(phone)
        with pytest.raises(BadCodeError):
            mini.phone_by_code(met.site, account, phone_code)

    def test_a_number_for_another_mini_program_is_refused(
        self, met: Met, account: OfficialAccount
    ) -> None:
        told = (
            '{"errcode": 0, "phone_info": {"purePhoneNumber": "13900000001", "countryCode": "86",'
            ' "watermark": {"appid": "wx-other", "timestamp": 1}}}'
        )
        met.simulator.fault(path="getuserphonenumber", do={"status": 200, "body": told})

        with pytest.raises(BadCodeError):
            mini.phone_by_code(met.site, account, "abc")

    @pytest.mark.parametrize(
        "body",
        [
            "{}",
            '{"phone_info": 1}',
            '{"phone_info": {"watermark": {"appid": "wx-city-office"}}}',
            '{"phone_info": {"watermark": {"appid": "wx-city-office"}, "purePhoneNumber": "x"}}',
        ],
    )
    def test_an_answer_without_a_number_is_none(
        self, met: Met, account: OfficialAccount, body: str
    ) -> None:
        met.simulator.fault(path="getuserphonenumber", times=0, do={"status": 200, "body": body})

        with pytest.raises(TransportError):
            mini.phone_by_code(met.site, account, "abc")

    def test_a_mini_program_that_is_not_verified_proves_no_phone(
        self, met: Met, account: OfficialAccount
    ) -> None:
        with pytest.raises(NoCapabilityError):
            mini.phone_by_code(met.site, replace(account, verified=False), "abc")

    def test_a_person_of_risk_logs_in_again(self, met: Met, account: OfficialAccount) -> None:
        met.simulator.user(account, "m-1", risk=True)
        js_code, _ = self.codes(met)

        with pytest.raises(BadCodeError):
            mini.user_by_code(met.site, account, js_code)

    def test_when_the_numbers_are_used_up_that_is_no_bad_code(
        self, met: Met, account: OfficialAccount
    ) -> None:
        met.simulator.control("POST", f"/accounts/{account.appid}/phone-quota", 0)
        _, phone_code = self.codes(met)

        with pytest.raises(RejectedError) as refused:
            mini.phone_by_code(met.site, account, phone_code)

        assert refused.value.errcode == 1400001


class TestScenes:
    def test_a_code_with_a_scene_is_drawn_from_its_address(self, met: Met) -> None:
        short = oa.create_qr(met.platform(), "card.abc", timedelta(seconds=60))
        lasting = oa.create_qr(met.platform(), "desk", None)

        assert (short.life_s, lasting.life_s) == (60, 0)
        assert short.url.startswith("http")
        assert short.ticket != lasting.ticket

    def test_a_life_is_cut_to_what_the_platform_takes(self, met: Met) -> None:
        made = oa.create_qr(met.platform(), "card.abc", timedelta(days=365))

        assert made.life_s == 30 * 86_400

    def test_a_scene_that_is_too_long_is_refused(self, met: Met) -> None:
        with pytest.raises(PlatformError):
            oa.create_qr(met.platform(), "x" * 65, None)
