"""`wechat account add`, `wechat bind` and `admin link` as an operator types them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.accounts import queries
from app.accounts.terms import AccountKind, Mode
from app.base.site import Site
from app.cli import desk, verbs
from app.kernel.secret import Secret
from tests.support.cast import CITY_BUREAU, HE_MIN, HOSPITAL, Cast, Spoken

Cli = Callable[..., Spoken]
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ADD = (
    "wechat", "account", "add", "city", "--kind", "service", "--name", "颍川继教",
    "--appid", "wx1234567890abcdef", "--secret", "s3cret", "--token", "kejiao2026",
)  # fmt: skip


def test_an_account_is_added_and_added_again(site: Site, cli: Cli) -> None:
    added = cli(*ADD, "--aes-key", KEY, "--json")
    again = cli(*ADD, "--aes-key", KEY)
    changed = cli(*ADD, "--mode", "plain")

    assert (added.code, added.json["slug"]) == (0, "city")
    assert again.out == "公众号 city 原来就有，设置没有变化。\n"
    assert changed.out == "公众号 city 原来就有，已按这次的设置更改，消息模式 plain。\n"
    found = queries.official_account(site, "city")
    assert found is not None
    assert (found.kind, found.mode, found.aes_key) == (AccountKind.SERVICE, Mode.PLAIN, None)


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (["--aes-key", "short"], "aes_key"),
        (["--mode", "safe"], "aes_key_missing"),
        (["--token", "x"], "token"),
    ],
)
def test_a_refusal_says_what_to_do(cli: Cli, more: list[str], cause: str) -> None:
    said = cli(*ADD, *more, "--json")

    assert (said.code, said.json["error"]["code"]) == (2, f"accounts.official.{cause}")
    assert said.json["error"]["message"] in said.err
    assert "s3cret" not in said.out + said.err


def test_an_unknown_kind_is_refused(cli: Cli) -> None:
    said = cli(*ADD, "--kind", "robot", "--json")

    assert (said.code, said.json["error"]["code"]) == (2, "cli.usage")


def test_plain_text_is_refused_in_production(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    production = replace(site, config=replace(site.config, production=True))

    code = desk.run([*ADD, "--mode", "plain", "--json"], lambda: production, verbs.root)

    assert code == 2
    assert "accounts.official.plain" in capsys.readouterr().out
    assert queries.official_account(site, "city") is None


def test_a_follower_is_bound(site: Site, cast: Cast, cli: Cli) -> None:
    cli(*ADD)

    said = cli("wechat", "bind", "city", "--openid", "o-1", "--person", HE_MIN, "--json")
    unknown = cli("wechat", "bind", "city", "--openid", "o-2", "--person", "404", "--json")
    nowhere = cli("wechat", "bind", "none", "--openid", "o-2", "--person", HE_MIN, "--json")

    assert (said.code, said.json) == (0, {"bound": True})
    assert (unknown.code, nowhere.json["error"]["code"]) == (2, "accounts.official.unknown")
    binding = queries.binding_of(site, "city", "o-1")
    assert binding is not None
    assert binding.person_no == HE_MIN


def test_a_link_is_printed_with_its_last_day(site: Site, cast: Cast, cli: Cli) -> None:
    said = cli("admin", "link", "--role", "city_office", "--unit", CITY_BUREAU, "--name", "王芳",
               "--json")  # fmt: skip

    assert said.code == 0
    assert said.json["expires_at"] == "2013-06-01T09:00:00+08:00"
    address, _, token = said.json["url"].rpartition("/")
    assert address == f"{site.config.public_url}/activate"
    assert queries.invitation(site, Secret(token)) is not None


@pytest.mark.parametrize(
    ("role", "unit", "code"),
    [
        ("hospital_admin", CITY_BUREAU, "accounts.link.seat"),
        ("hospital_admin", "H404", "org.unit.unknown"),
        ("person", HOSPITAL, "cli.usage"),
        ("robot", HOSPITAL, "cli.usage"),
    ],
)
def test_a_link_for_what_cannot_be_is_refused(
    cast: Cast, cli: Cli, role: str, unit: str, code: str
) -> None:
    said = cli("admin", "link", "--role", role, "--unit", unit, "--name", "王芳", "--json")

    assert (said.code, said.json["error"]["code"]) == (2, code)
