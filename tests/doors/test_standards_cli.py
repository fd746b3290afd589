"""The operator's verbs about standards, as another program would call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from app.base.site import Site
from app.cli import desk, standards
from tests.rules.packs import text_of

Verb = Callable[..., tuple[int, object, str]]


@pytest.fixture
def verb(site: Site, capsys: pytest.CaptureFixture[str]) -> Verb:
    """Run `python -m app standards …`: exit code, standard output, standard error."""
    root = click.Group("root", commands={"standards": standards.group})

    def run(*argv: str) -> tuple[int, object, str]:
        code = desk.run(["standards", *argv], lambda: site, root)
        said = capsys.readouterr()
        return code, json.loads(said.out) if "--json" in argv else said.out, said.err

    return run


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "given.json"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_assessing_a_file_answers_in_order_and_writes_nothing(
    verb: Verb, tmp_path: Path, count: Callable[..., int]
) -> None:
    verb("load", "--json")
    before = count("audit_entry")
    claims = [
        {"pack": "cn-2006", "item": "PRJ-NAT", "role": "attendee", "quantity": "7"},
        {"pack": "henan-hospital-activity", "item": "HOSP-ACT", "quantity": 5.9},
        {"pack": "cn-2006", "item": "PAPER", "tier": "issn_cn", "rank": 2},
        {"pack": "cn-2006", "item": "FURTHER", "quantity": "6"},
        {"pack": "cn-2024", "item": "SELF", "quantity": "4", "used_year": "8.5"},
    ]

    code, answer, err = verb("assess", written(tmp_path, json.dumps(claims)), "--json")

    assert (code, err) == (0, "")
    assert answer == [
        {"gross": "2.00", "cap": None, "net": "2.00", "class": "I", "whole_year": False},
        {"gross": "0.20", "cap": None, "net": "0.20", "class": "II", "whole_year": False},
        {"gross": "5.00", "cap": None, "net": "5.00", "class": "II", "whole_year": False},
        {"gross": "25.00", "cap": None, "net": "25.00", "class": "any", "whole_year": True},
        {"gross": "4.00", "cap": "10.00", "net": "1.50", "class": None, "whole_year": False},
    ]
    assert count("audit_entry") == before


def test_a_wrong_claim_is_refused_with_its_place_field_and_value(
    verb: Verb, tmp_path: Path
) -> None:
    verb("load", "--json")
    claims = '[{"pack":"cn-2006","item":"BOOK"},{"pack":"cn-2006","item":"BOOK","quantity":"-1"}]'

    code, answer, err = verb("assess", written(tmp_path, claims), "--json")

    assert code == 2
    assert isinstance(answer, dict)
    (row,) = answer["error"]["rows"]
    assert (row["row"], row["column"], row["value"]) == (2, "quantity", "-1")
    assert "第 2 条" in row["message"]
    assert row["message"] in err


@pytest.mark.parametrize(
    "text", ["", "{}", "[", '[{"pack":"a","pack":"b"}]', "[" * 100_000, "[1e999999999999999999999]"]
)
def test_a_file_that_is_no_list_of_claims_is_refused(verb: Verb, tmp_path: Path, text: str) -> None:
    code, answer, err = verb("assess", written(tmp_path, text), "--json")

    assert code == 2
    assert isinstance(answer, dict)
    assert answer["error"]["code"].startswith("standards.claim.")
    assert err


def test_packs_are_loaded_used_listed_and_given_up(verb: Verb, tmp_path: Path) -> None:
    own = written(tmp_path, text_of("cn-2024", id="own"))

    assert verb("load", "--json")[1] == {"added": 3, "same": 0}
    assert verb("load", own, "--json")[1] == {"added": 1, "same": 0}
    code, said, _ = verb("load")

    _, listed, _ = verb("list", "--json")

    assert (code, said) == (0, "新装入 0 个规则版本，已有的 3 个不变。\n")
    assert isinstance(listed, dict)
    assert [one["pack"] for one in listed["editions"]] == [
        "cn-2006",
        "cn-2024",
        "henan-hospital-activity",
        "own",
    ]
    assert listed["uses"] == []

    code, refused, err = verb("use", "cn-1999", "--unit", "nowhere", "--json")

    assert code == 2
    assert isinstance(refused, dict)
    assert refused["error"]["code"] == "standards.pack.not_loaded"
    assert "cn-1999" in err
