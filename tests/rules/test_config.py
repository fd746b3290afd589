"""Settings: where the platform is, and what production refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import config
from app.base import words
from app.kernel.errors import UnavailableError

NEEDED = {
    "DATABASE_URL": "postgresql://db.example/kejiao",
    "REDIS_URL": "redis://redis.example",
    "KEJIAO_KEYS": "k1:x",
    "KEJIAO_INDEX_KEY": "x",
    "KEJIAO_SECRET": "x",
}
NAMES = ("KEJIAO_WECHAT_API", "KEJIAO_WECHAT_OPEN")


def loaded(state: Path, **given: str) -> config.Config:
    return config.load({**NEEDED, "KEJIAO_STATE": str(state), **given})


def test_the_platform_is_the_real_one_unless_told_otherwise(tmp_path: Path) -> None:
    found = loaded(tmp_path)

    assert (found.wechat_api, found.wechat_open) == (config.WECHAT_API, config.WECHAT_OPEN)


def test_a_simulator_can_stand_in_while_trying(tmp_path: Path) -> None:
    found = loaded(tmp_path, **dict.fromkeys(NAMES, "http://127.0.0.1:8100/"))

    assert found.wechat_api == found.wechat_open == "http://127.0.0.1:8100"


def test_a_verb_finds_the_simulator_of_a_run(tmp_path: Path) -> None:
    services = {"database_url": "d", "owner_database_url": "o", "redis_url": "r", "web": "w"}
    (tmp_path / "run.json").write_text(json.dumps(services | {"simulator": "http://127.0.0.1:1"}))
    bare = {name: value for name, value in NEEDED.items() if name != "DATABASE_URL"}

    found = config.load(bare | {"KEJIAO_STATE": str(tmp_path)})

    assert found.wechat_api == found.wechat_open == "http://127.0.0.1:1"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8100",
        "http://api.weixin.qq.com",
        "https://api.weixin.qq.com.example",
        "https://api.weixin.qq.com@example",
    ],
)
def test_production_speaks_to_no_other_platform(tmp_path: Path, name: str, address: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        loaded(tmp_path, KEJIAO_MODE="production", **{name: address})

    assert refused.value.code == "config.wechat_elsewhere"
    assert name in words.of_error(refused.value)


def test_production_takes_the_real_platform_also_when_it_is_spelled_out(tmp_path: Path) -> None:
    found = loaded(tmp_path, KEJIAO_MODE="production", KEJIAO_WECHAT_API=f"{config.WECHAT_API}/")

    assert found.production
