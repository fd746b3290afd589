"""`./run`: everything up, watched, and down again."""

from __future__ import annotations

import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.cli import processes
from app.config import ROOT

PARTS = {"web", "simulator", "worker", "relay", "scheduler", "postgres", "redis"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kejiao-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_it_runs_once_starts_again_what_dies_and_a_stop_leaves_nothing(state: Path) -> None:
    with running(state) as run:
        first = record(state)
        assert set(first["pids"]) == PARTS
        assert stat.S_IMODE((state / "run.json").stat().st_mode) == 0o600

        other = subprocess.run(**command(state), capture_output=True, text=True, check=False)
        assert other.returncode == 2
        assert first["web"] in other.stderr
        assert run.poll() is None
        assert record(state) == first

        for pid in first["pids"].values():
            os.kill(pid, signal.SIGKILL)
        assert processes.wait_for(lambda: all_new(state, first["pids"]), 60)
        second = record(state)
        assert second["database_url"] == first["database_url"]
        assert processes.wait_for(lambda: answers(second["web"]), 30)

        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 0

    assert not (state / "run.json").exists()
    assert not [pid for pid in second["pids"].values() if processes.lives(pid)]


def test_in_production_wechat_is_wechat_and_nobody_plays_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEJIAO_MODE", "production")

    with running(state):
        assert record(state)["simulator"] is None
        assert set(record(state)["pids"]) == PARTS - {"simulator"}


def command(state: Path, *arguments: str) -> dict[str, Any]:
    given = ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL")
    env = {name: value for name, value in os.environ.items() if name not in given}
    return {
        "args": [sys.executable, "-m", "app.cli.supervise", *arguments],
        "cwd": ROOT,
        "env": env | {"KEJIAO_STATE": str(state)},
    }


@contextmanager
def running(state: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (state / "run.log").open("wb") as log:
        run = subprocess.Popen(**command(state), stdout=log, stderr=log)
    try:
        up = "Ctrl-C"
        processes.wait_for(lambda: run.poll() is not None or up in said(state), 120)
        assert run.poll() is None, said(state)
        yield run
    finally:
        run.terminate()
        run.wait(60)


def said(state: Path) -> str:
    return (state / "run.log").read_text()


def record(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state / "run.json").read_text())
    return found


def all_new(state: Path, before: dict[str, int]) -> bool:
    now = record(state)["pids"]
    return set(now) == PARTS and not set(now.values()) & set(before.values())


def answers(web: str) -> bool:
    connection = http.client.HTTPConnection(str(urlsplit(web).netloc), timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
