"""`admin reset-code`, `admin forget-totp` and `user …` as an operator types them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from app.accounts.terms import Stage
from app.base import passwords
from app.kernel.secret import Secret
from tests.support.cast import HE_MIN, XIE_FANG, Spoken
from tests.support.entrance import ADMIN, Entrance

Cli = Callable[..., Spoken]


def test_a_code_is_made_for_who_stands_in_front(entrance: Entrance, cli: Cli) -> None:
    said = cli("admin", "reset-code", HE_MIN, "--reason", "本人到场", "--present", "--json")

    assert (said.code, said.json["user_name"], said.json["agreed"]) == (0, HE_MIN, True)
    used = entrance.use(HE_MIN, said.json["code"])
    assert used is not None
    assert used.stage is Stage.RENEW


def test_who_has_no_card_signs_in_by_their_number(entrance: Entrance, cli: Cli) -> None:
    said = cli("admin", "reset-code", XIE_FANG, "--reason", "本人到场", "--present")

    assert f"用户名 {XIE_FANG}，" in said.out
    assert "/login/code" in said.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((HE_MIN, "--reason", "忘了"), "accounts.code.nobody_to_agree"),
        ((HE_MIN, "--reason", " ", "--present"), "accounts.reason.missing"),
        (("nobody", "--reason", "忘了", "--present"), "people.person.unknown"),
    ],
)
def test_a_code_is_refused_in_words(
    entrance: Entrance, cli: Cli, words: tuple[str, ...], code: str
) -> None:
    said = cli("admin", "reset-code", *words, "--json")

    assert (said.code, said.json["error"]["code"]) == (2, code)


def test_a_log_in_is_frozen_and_let_go_on(entrance: Entrance, cli: Cli) -> None:
    entrance.claim()

    frozen = cli("user", "freeze", HE_MIN, "--reason", "遗失手机")
    shut = entrance.type(HE_MIN).login
    thawed = cli("user", "unfreeze", HE_MIN, "--reason", "核对了身份证件")

    assert (frozen.code, shut) == (0, None)
    assert thawed.out == f"{HE_MIN} 已解冻，原来的密码作废，本人要一个一次性码设新密码。\n"
    assert entrance.use(HE_MIN, entrance.ask().code.reveal()) is not None


def test_nobody_unknown_is_frozen(entrance: Entrance, cli: Cli) -> None:
    said = cli("user", "freeze", "nobody", "--reason", "x", "--json")

    assert (said.code, said.json["error"]["code"]) == (2, "accounts.login.unknown")


def test_a_second_factor_is_forgotten(entrance: Entrance, cli: Cli) -> None:
    login = entrance.admin()
    entrance.enrol(login)

    said = cli("admin", "forget-totp", ADMIN, "--reason", "手机丢了")

    assert said.code == 0
    assert entrance.enter(ADMIN).stage is Stage.ENROL


def test_weak_passwords_are_named(entrance: Entrance, cli: Cli, owner: Engine) -> None:
    entrance.claim()
    none = cli("user", "audit-weak")
    with owner.begin() as connection:
        hashed = passwords.hashed(entrance.site.vault, Secret(HE_MIN))
        connection.execute(text("update login set password_hash = :hash"), {"hash": hashed})

    some = cli("user", "audit-weak", "--json")

    assert none.out == "没有发现容易猜到的密码。\n"
    assert some.json == {"weak": [HE_MIN]}
