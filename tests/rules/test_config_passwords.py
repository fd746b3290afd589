"""The settings of signing in: what passwords must be, whose word for an address is taken."""

from __future__ import annotations

import pytest

from app import config
from app.accounts.rules.passwords import PROFILES
from app.kernel.errors import UnavailableError

GIVEN = {
    "DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "KEJIAO_KEYS": "k1:x",
    "KEJIAO_INDEX_KEY": "eA==", "KEJIAO_SECRET": "x",
}  # fmt: skip


def test_every_password_profile_that_can_be_chosen_is_there() -> None:
    assert tuple(PROFILES) == config.PASSWORD_PROFILES
    for name in config.PASSWORD_PROFILES:
        given = GIVEN | {"KEJIAO_PASSWORD_PROFILE": name}
        assert config.load(given).password_profile == name


def test_without_a_choice_the_default_profile_holds_and_no_proxy_is_trusted() -> None:
    loaded = config.load(GIVEN)

    assert (loaded.password_profile, loaded.trusted_proxies) == ("default", 0)


def test_a_password_profile_nobody_knows_is_refused() -> None:
    with pytest.raises(UnavailableError) as refused:
        config.load(GIVEN | {"KEJIAO_PASSWORD_PROFILE": "none"})

    assert refused.value.code == "config.password_profile"
