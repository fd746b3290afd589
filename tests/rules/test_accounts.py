"""Who may invite whom, what a password must be, how an official account may be set up."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from app.accounts import rules
from app.accounts.terms import AccountKind, Mode, OfficialAccount
from app.base import passwords, words
from app.base.vault import Vault
from app.kernel.actor import ROLES, Permission, Role
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError
from app.kernel.secret import Secret
from app.org.terms import UnitKind

COMMON = words.book("passwords")["common"].split()
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def weak(password: str, name: str = "王芳") -> list[str]:
    found = rules.weaknesses(Secret(password), name, COMMON)
    return [code.removeprefix("accounts.password.") for code, _ in found]


@pytest.mark.parametrize(
    ("password", "causes"),
    [
        ("Kite-7-river", []),
        ("绿皮火车 Trip 9 点", []),
        ("Kt7-river", ["short"]),
        ("kite river seven", ["plain"]),
        ("KITE7RIVERS", ["plain"]),
        ("Kite-7-river王芳", ["has_name"]),
        ("WangFang-7-kite", ["has_name"]),
        ("Password123!", ["common"]),
        ("Admin@123456", ["common"]),
        ("Qwer1234!@#$", ["common"]),
        ("Kejiao2026!!", ["common"]),
        ("Kt-7" * 33, ["long"]),
        ("x", ["short", "plain"]),
    ],
)
def test_a_password_is_told_all_that_is_wrong_with_it(password: str, causes: list[str]) -> None:
    assert weak(password) == causes


def test_a_password_has_room_for_a_sentence_and_for_spaces() -> None:
    assert weak("我家门口有 3 棵树, 一棵是枣树 Tree") == []


@pytest.mark.parametrize("given", ["990100001", "13900000001", "999999198003140028", "1234567890"])
def test_no_number_alone_is_a_password(given: str) -> None:
    assert "plain" in weak(given)


@pytest.mark.weighty
def test_a_hash_opens_to_its_password_and_its_pepper_alone() -> None:
    pepper, password = Vault({"k1": b"k" * 32}, b"i" * 32), Secret("Kite-7-river")
    stored = passwords.hashed(pepper, password)

    assert stored.startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != passwords.hashed(pepper, password)
    assert passwords.matches(pepper, stored, password)
    assert not passwords.matches(pepper, stored, Secret("Kite-7-rivers"))
    assert not passwords.matches(Vault({"k1": b"k" * 32}, b"j" * 32), stored, password)


# Who may give which role: the whole table, so that a new role must be thought about.
GIVES = {
    "operator": {"operator", "city_office", "county_bureau", "hospital_admin",
                 "department_secretary", "auditor"},
    "city_office": {"county_bureau", "hospital_admin", "department_secretary"},
    "county_bureau": {"hospital_admin", "department_secretary"},
    "hospital_admin": {"department_secretary"},
}  # fmt: skip
HELD_AT = {
    "operator": "city", "city_office": "bureau", "county_bureau": "county",
    "hospital_admin": "hospital", "department_secretary": "department", "auditor": "city",
    "person": "hospital", "device": "hospital", "robot": "hospital",
}  # fmt: skip


@pytest.mark.parametrize(("inviter", "role"), list(product(Role, Role)))
def test_nobody_gives_a_role_above_their_own(inviter: Role, role: Role) -> None:
    if role in GIVES.get(inviter, set()):
        rules.judge_invitation(inviter, role, UnitKind(HELD_AT[role]))
    else:
        with pytest.raises(ForbiddenError):
            rules.judge_invitation(inviter, role, UnitKind(HELD_AT[role]))


def test_whoever_may_grant_has_somebody_to_invite() -> None:
    granting = {role for role, held in ROLES.items() if Permission.ACCOUNTS_GRANT in held}

    assert granting == set(rules.MAY_INVITE)


def test_everyone_who_is_invited_may_set_a_password() -> None:
    assert all(Permission.ACCOUNTS_ACTIVATE in ROLES[role] for role in rules.SEATS)


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.HOSPITAL_ADMIN, UnitKind.CITY),
        (Role.HOSPITAL_ADMIN, UnitKind.DEPARTMENT),
        (Role.CITY_OFFICE, UnitKind.PROVINCE),
        (Role.CITY_OFFICE, UnitKind.HOSPITAL),
        (Role.COUNTY_BUREAU, UnitKind.CITY),
        (Role.DEPARTMENT_SECRETARY, UnitKind.HOSPITAL),
        (Role.OPERATOR, UnitKind.HOSPITAL),
        (Role.AUDITOR, UnitKind.DEPARTMENT),
    ],
)
def test_a_role_is_held_at_its_kind_of_unit_only(role: Role, kind: UnitKind) -> None:
    with pytest.raises(InvalidError) as refused:
        rules.judge_invitation(Role.OPERATOR, role, kind)

    assert refused.value.code == "accounts.link.seat"


@pytest.mark.parametrize(("role", "held"), list(product(rules.SEATS, rules.SEATS)))
def test_an_auditor_is_nothing_else(role: Role, held: Role) -> None:
    if role is not held and Role.AUDITOR in (role, held):
        with pytest.raises(ConflictError):
            rules.judge_separation(role, [held])
    else:
        rules.judge_separation(role, [held])


def account(**changes: Any) -> OfficialAccount:
    given: dict[str, Any] = {
        "kind": AccountKind.SERVICE, "name": "颍川继教", "appid": "wx1234567890abcdef",
        "secret": "0123456789abcdef0123456789abcdef", "token": "kejiao2026", "aes_key": KEY,
        "mode": None, "production": False,
    } | changes  # fmt: skip
    return rules.official_account(given.pop("slug", "city"), **given)


@pytest.mark.parametrize(
    ("aes_key", "mode", "chosen"),
    [
        (KEY, None, Mode.SAFE),
        (None, None, Mode.PLAIN),
        (KEY, Mode.COMPAT, Mode.COMPAT),
        (KEY, Mode.PLAIN, Mode.PLAIN),
        (None, Mode.PLAIN, Mode.PLAIN),
    ],
)
def test_an_account_speaks_safely_where_it_can(
    aes_key: str | None, mode: Mode | None, chosen: Mode
) -> None:
    assert account(aes_key=aes_key, mode=mode).mode is chosen


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "City"}, "slug"),
        ({"slug": "-city"}, "slug"),
        ({"slug": "a" * 33}, "slug"),
        ({"slug": "../admin"}, "slug"),
        ({"appid": "wx 1"}, "appid"),
        ({"secret": ""}, "secret"),
        ({"token": "ab"}, "token"),
        ({"token": "令牌令牌"}, "token"),
        ({"name": "  "}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"aes_key": KEY[:-1]}, "aes_key"),
        ({"aes_key": f"{KEY}="}, "aes_key"),
        ({"aes_key": f"{KEY[:-1]}-"}, "aes_key"),
        ({"aes_key": None, "mode": Mode.SAFE}, "aes_key_missing"),
        ({"aes_key": None, "mode": Mode.COMPAT}, "aes_key_missing"),
        ({"aes_key": None, "production": True}, "plain"),
        ({"mode": Mode.PLAIN, "production": True}, "plain"),
    ],
)
def test_an_account_that_the_platform_would_not_take_is_refused(
    changes: dict[str, Any], cause: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        account(**changes)

    assert refused.value.code == f"accounts.official.{cause}"
    assert words.of_error(refused.value)


def test_the_secrets_of_an_account_hide_themselves() -> None:
    shown = repr(account())

    assert "kejiao2026" not in shown
    assert KEY not in shown
