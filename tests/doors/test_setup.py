"""准备环境 — what `./test` says of the parts that a machine may lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import bootstrap


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for, empty; whoever runs is no root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return tmp_path


def put(folder: Path, name: str, script: str = "exit 0") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_without_a_browser_one_line_says_how_to_have_one(programs: Path) -> None:
    said = bootstrap.without_browser()

    assert bootstrap.chromium() is None
    assert said is not None
    assert "\n" not in said
    assert "apt-get install chromium" in said


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_used(programs: Path, name: str) -> None:
    found = put(programs, name)

    assert bootstrap.chromium() == str(found)
    assert bootstrap.without_browser() is None


@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="not a Debian")
def test_root_on_debian_installs_it(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    asked = programs / "asked"
    install = f'echo "$@" >> {asked}\n[ "$2" = install ] && : > {programs}/chromium'
    put(programs, "apt-get", f"{install} && /bin/chmod +x {programs}/chromium || exit 0")

    assert bootstrap.without_browser() is None

    assert asked.read_text().splitlines() == [
        "--quiet=2 update", "--quiet=2 install --yes --no-install-recommends chromium",
    ]  # fmt: skip
    assert "installing chromium" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="not a Debian")
def test_where_it_cannot_be_had_the_tests_go_on(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    put(programs, "apt-get", "exit 100")

    assert bootstrap.without_browser() is not None
