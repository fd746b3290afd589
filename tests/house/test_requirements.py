"""One source of requirements, two lists made from it, and every setting with its name."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house.trees import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = PROJECT["dependencies"]
DEV = RUNTIME + PROJECT["optional-dependencies"]["dev"]


def names(lines: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!; ]", line, maxsplit=1)[0] for line in lines}


@pytest.mark.parametrize(
    ("file", "asked"), [("requirements.txt", RUNTIME), ("requirements-dev.txt", DEV)]
)
def test_a_list_pins_with_hashes_all_that_the_project_asks_for(file: str, asked: list[str]) -> None:
    stanzas = re.findall(r"(?m)^(\S+)==[^\\\n]*((?:\\\n    --hash=sha256:\w{64} ?)*)", text(file))

    assert names(asked) <= {name for name, _ in stanzas}
    assert [name for name, hashes in stanzas if not hashes] == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_a_list_names_no_registry_and_no_machine(file: str) -> None:
    assert re.findall(r"(?m)^-.*|https?:.*|file:.*|(?<![\w.])/\w+/.*", text(file)) == []


def test_both_lists_pin_the_same_versions() -> None:
    runtime, dev = (
        dict(re.findall(r"(?m)^(\S+)==(\S+)", text(file)))
        for file in ("requirements.txt", "requirements-dev.txt")
    )

    assert {name: dev.get(name) for name in runtime} == runtime


def test_every_setting_that_is_read_stands_in_the_example() -> None:
    # What is told to a library at import is no setting of ours.
    told = {"PYPINYIN_NO_PHRASES"}
    read = set(re.findall(r"\"([A-Z]+_[A-Z_]+)\"", text("app/config.py"))) - told
    shown = re.findall(r"(?m)^([A-Z_]+)=", text(".env.example"))

    assert read == set(shown)


def text(file: str) -> str:
    return (ROOT / file).read_text()
