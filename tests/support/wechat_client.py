"""Official accounts on the test's own site, and the platform that calls them.

Ask for the fixture `official`; it files two accounts by the operator's command:

    official.service       -> Caller of `yingchuan`, a service account in safe mode
    official.city          -> Caller of `city-office`, a subscription account in plain mode
    official.caller(slug)  -> a Caller of that account; `.say(openid, text)` -> Shown
    official.bind(slug, openid, person_no)
    official.http(slug)    -> Http of that address, for what a Caller would never send
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from app.accounts import commands
from app.accounts.terms import AccountKind, Mode, OfficialAccount
from app.base.site import Site
from app.base.work import begin
from app.kernel.secret import Secret
from tests.support.caller import Caller, Http
from tests.support.cast import OPERATOR
from tests.support.serving import app_of
from wechat.security import Keys

SERVICE, CITY_OFFICE = "yingchuan", "city-office"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def account(slug: str, kind: AccountKind, mode: Mode) -> OfficialAccount:
    """An account with secrets of its own, derived from its slug."""
    aes_key = None if mode is Mode.PLAIN else Secret(AES_KEY)
    return OfficialAccount(
        slug,
        kind,
        f"账号 {slug}",
        f"wx-{slug}",
        Secret("s" * 32),
        Secret(f"token-{slug}"),
        aes_key,
        mode,
    )


ACCOUNTS = {
    SERVICE: account(SERVICE, AccountKind.SERVICE, Mode.SAFE),
    CITY_OFFICE: account(CITY_OFFICE, AccountKind.SUBSCRIPTION, Mode.PLAIN),
}


def keys_of(filed: OfficialAccount) -> Keys:
    """What the platform knows of an account."""
    return Keys.of(appid=filed.appid, mode=filed.mode, token=filed.token, aes_key=filed.aes_key)


def through(client: FlaskClient, slug: str) -> Http:
    """Carry callbacks to the account's address in this process."""

    def carry(method: str, query: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        answer = client.open(
            f"/wechat/{slug}", method=method, query_string=query, data=body, content_type="text/xml"
        )
        return answer.status_code, answer.data

    return carry


@dataclass(frozen=True, slots=True)
class Official:
    """The accounts as they stand, on one site."""

    site: Site

    def http(self, slug: str) -> Http:
        return through(app_of(self.site).test_client(), slug)

    def caller(self, slug: str) -> Caller:
        return Caller(
            keys=keys_of(ACCOUNTS[slug]),
            http=self.http(slug),
            clock=lambda: self.site.clock().timestamp(),
        )

    @property
    def service(self) -> Caller:
        return self.caller(SERVICE)

    @property
    def city(self) -> Caller:
        return self.caller(CITY_OFFICE)

    def bind(self, slug: str, openid: str, person_no: str) -> None:
        with begin(self.site, OPERATOR) as work:
            commands.bind(work, slug, openid, person_no)


@pytest.fixture
def official(site: Site) -> Official:
    """The two accounts, filed by the command an operator would use."""
    with begin(site, OPERATOR) as work:
        for filed in ACCOUNTS.values():
            commands.put_official_account(work, filed)
    return Official(site)
