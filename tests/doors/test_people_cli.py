"""The operator's verbs about units, people and cards, as another program would call them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.base.site import Site
from app.base.work import Work
from tests.commands.test_people_import import HE, NEW, csv_text
from tests.support.cast import HE_MIN, UNITS, Cast, Spoken, roster_csv

Cli = Callable[..., Spoken]


@pytest.fixture
def heard() -> list[Mapping[str, Any]]:
    """What was told about cards and people, as who keeps waiting records hears it."""
    return []


@pytest.fixture
def site(site: Site, heard: list[Mapping[str, Any]]) -> Site:
    def hear(_: Work, body: Mapping[str, Any]) -> None:
        heard.append(body)

    return replace(site, handlers={"cards.changed": hear})


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """A file with that content."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_units_and_people_are_imported_and_counted(
    cli: Cli, file: Callable, heard: list[Mapping[str, Any]]
) -> None:
    units = cli("org", "import", file(UNITS), "--json")
    people = cli("people", "import", file(roster_csv()), "--json")
    again = cli("people", "import", file(roster_csv()), "--json")

    assert (units.code, units.json) == (0, {"added": 15, "changed": 0, "same": 0})
    assert (people.code, people.json) == (0, {"added": 9, "changed": 0, "same": 0})
    assert (again.code, again.json) == (0, {"added": 0, "changed": 0, "same": 9})
    assert [(len(body["card_ids"]), len(body["person_ids"])) for body in heard] == [(8, 9)]


def test_a_trial_answers_with_rows_and_stores_nothing(
    cli: Cli, cast: Cast, file: Callable, count: Callable
) -> None:
    trial = cli(
        "people",
        "import",
        file(csv_text(NEW | {"sex": "male"}, HE | {"title": "护士长", "department_code": "H1-1"})),
        "--dry-run",
        "--json",
    )

    assert trial.code == 0
    counts = {name: trial.json[name] for name in ("added", "changed", "same")}
    assert counts == {"added": 1, "changed": 1, "same": 0}
    assert trial.json["rows"] == [
        {
            "row": 2, "person_no": "990100099", "name": "吴迪", "fate": "added", "columns": [],
            "notes": ["第 2 行，性别 male 与身份证号不符，按身份证号记为 female。请核对证件原件。"],
        },
        {
            "row": 3, "person_no": HE_MIN, "name": "何敏", "fate": "changed",
            "columns": ["title"], "notes": [],
        },
    ]  # fmt: skip
    assert count("person") == 9


@pytest.mark.parametrize("trial", [(), ("--dry-run",)], ids=["import", "trial"])
def test_wrong_cells_are_told_in_json_and_in_words(
    cli: Cli, cast: Cast, file: Callable, count: Callable, trial: tuple[str, ...]
) -> None:
    path = file(csv_text(NEW | {"title_level": "中级", "phone": "1.38E+10"}))

    told = cli("people", "import", path, *trial, "--json")
    said = cli("people", "import", path, *trial)

    assert told.code == said.code == 2
    sentence = "1 行里有 2 处要改，还没有写入任何数据。逐处改好后，整个文件再导入一次。"
    assert told.json["error"]["code"] == "imports.file.wrong_cells"
    assert told.json["error"]["message"] == sentence
    assert told.json["error"]["rows"][0] == {
        "row": 2,
        "column": "title_level",
        "value": "中级",
        "message": (
            "第 2 行，title_level 列：“中级”不能用。只能填：junior, middle, vice_senior, senior。"
        ),
    }
    assert len(told.json["error"]["rows"]) == 2
    assert said.out == ""
    assert said.err.splitlines()[0] == sentence
    assert "1.38E+10" in said.err
    assert count("person") == 9


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "imports.file.empty"),
        ("code,kind,name\nA,city,颍川\n".encode("gbk"), "imports.file.gbk"),
        (b"code,kind,name,colour\n", "imports.header.unknown"),
        (b"code,kind\n", "imports.header.lacking"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    cli: Cli, file: Callable, content: bytes, code: str
) -> None:
    refusal = cli("org", "import", file(content), "--json")

    assert refusal.code == 2
    assert refusal.json["error"]["code"] == code
    assert refusal.json["error"]["rows"] == []
    assert refusal.err.strip() == refusal.json["error"]["message"]


def test_a_file_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        refusal = cli("people", "import", path)

        assert refusal.code == 2
        assert (
            refusal.err == f"找不到文件 {path}，或者它不是普通文件。请检查文件名和所在的文件夹。\n"
        )


def test_a_card_is_lost_since_a_time_in_beijing(
    cli: Cli, cast: Cast, heard: list[Mapping[str, Any]]
) -> None:
    lost = cli("card", "set", HE_MIN, "--state", "lost", "--since", "2013-05-18T08:30", "--json")

    since = "2013-05-18T08:30:00+08:00"
    assert (lost.code, lost.json) == (0, {"card_no": HE_MIN, "state": "lost", "since": since})
    assert len(heard[-1]["card_ids"]) == 1


def test_a_card_is_lost_from_now_on_where_no_time_is_given(cli: Cli, cast: Cast) -> None:
    lost = cli("card", "set", HE_MIN, "--state", "revoked", "--json")

    assert lost.json["since"] == "2013-05-25T09:00:00+08:00"
    assert cli("card", "set", HE_MIN, "--state", "active").out == (
        f"卡 {HE_MIN} 从 2013-05-25T09:00:00+08:00 起的状态是 active。\n"
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("X1", "--state", "lost"), "cards.card.unknown"),
        ((HE_MIN, "--state", "gone"), "cards.card.state"),
        ((HE_MIN, "--state", "lost", "--since", "yesterday"), "cards.card.moment"),
        ((HE_MIN, "--state", "lost", "--since", "2099-01-01"), "cards.card.since"),
        ((HE_MIN, "--state", "lost", "--since", "0001-01-01"), "cards.card.moment"),
        ((HE_MIN, "--state", "lost", "--since", "9999-12-31T23:59:59Z"), "cards.card.moment"),
    ],
)
def test_a_card_is_not_changed_by_a_slip(
    cli: Cli, cast: Cast, count: Callable, words: tuple[str, ...], code: str
) -> None:
    refusal = cli("card", "set", *words, "--json")

    assert refusal.code == 2
    assert refusal.json["error"]["code"] == code
    assert count("card", "state = 'active'") == 8


def test_under_json_standard_output_is_one_document(cli: Cli, cast: Cast, file: Callable) -> None:
    for spoken in (
        cli("org", "import", file(UNITS), "--json", "--as", "王芳"),
        cli("card", "set", HE_MIN, "--state", "lost", "--json"),
    ):
        assert json.loads(spoken.out)
        assert spoken.err == ""


def test_the_operator_is_named_in_the_trail(cli: Cli, cast: Cast, count: Callable) -> None:
    cli("card", "set", HE_MIN, "--state", "lost", "--as", "王芳")

    assert count("audit_entry", "actor = '王芳' and action = 'cards.set_state'") == 1
