"""`project import` as an operator types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.base import words
from app.base.site import Site
from app.base.work import begin
from app.cli import filing
from app.projects import queries as projects
from tests.support.cast import HE_MIN, Cast, Spoken
from tests.support.filing import NO, batch, lecturer, project, session, text_of

Cli = Callable[..., Spoken]


def test_a_file_is_imported_and_counted(cast: Cast, cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "projects.json"
    file.write_bytes(
        b"\xef\xbb\xbf" + text_of(project(), project("N-2", batches=[batch(), batch(2)]))
    )

    said = cli("project", "import", file, "--json")

    assert (said.code, said.json) == (0, {"projects": 2, "batches": 3})


def test_the_member_names_of_the_interface_are_those_of_the_file(
    site: Site, cast: Cast, cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "projects.json"
    file.write_text(
        """[{"project_no":"2013-03-01-007(国)","name":"心衰","level":"national",
         "medical_type":"western","credit_class":"I","course_kind":"professional",
         "unit_code":"H1","year":2013,"credits":"5.0","hours":"15.0","cap_project":null,
         "batches":[{"batch":1,"starts_at":"2013-05-18T08:00","ends_at":"2013-05-19T18:00",
           "venue":"三楼","unit_only":false,"limit_persons":null,
           "sessions":[{"session_id":"s1","label":"第一天签到","kind":"start",
             "opens_at":"2013-05-18T07:30","closes_at":"2013-05-18T08:30","hours":null},
             {"session_id":"s2","label":"第二天签退","kind":"end",
             "opens_at":"2013-05-19T09:00Z","closes_at":"2013-05-19T10:00Z","hours":"0.5"}],
           "plan":{"strategy":"windows","windows":["s1","s2"],"min_swipes":null,"ratio":null},
           "lecturers":[{"person_no":"990100001","course":"导论","date":"2013-05-18",
             "hours":"2.0"}]}]}]""",
        encoding="utf-8",
    )

    said = cli("project", "import", file, "--json")

    assert said.code == 0
    with begin(site, cast.operator) as work:
        found = projects.batch_of(work, NO, 1)
    assert [one.span.start.isoformat() for one in found.sessions] == [
        "2013-05-17T23:30:00+00:00",
        "2013-05-19T09:00:00+00:00",
    ]
    assert [(one.person_no, one.course) for one in found.lecturers] == [(HE_MIN, "导论")]


def test_a_refusal_names_row_column_value_rule_and_remedy(
    cast: Cast, cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "projects.json"
    late = batch(sessions=[session(closes_at="2013-05-18T07:00")], lecturers=[lecturer("404")])
    file.write_bytes(text_of(project(), project("N-2", batches=[late | {"plan": None}])))

    said = cli("project", "import", file, "--json")

    assert said.code == 2
    assert said.json["error"]["code"] == "projects.import.refused"
    assert said.json["error"]["rows"] == [
        {
            "row": 2,
            "column": "batches[0].sessions[0].closes_at",
            "value": "2013-05-18T07:00:00+08:00",
            "message": "第 2 个项目的 batches[0].sessions[0].closes_at 是 "
            "2013-05-18T07:00:00+08:00，要晚于开放时间 2013-05-18T07:30:00+08:00。",
        },
        {
            "row": 2,
            "column": "batches[0].lecturers[0].person_no",
            "value": "404",
            "message": "第 2 个项目的 batches[0].lecturers[0].person_no 是“404”，没有这个人员编号。"
            "请先导入人员，或者改编号。",
        },
    ]
    assert "没有写入任何项目" in said.err


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "not_json"),
        (b"[", "not_json"),
        (b"{}", "not_list"),
        (b'"x"', "not_list"),
        (b"\xd6\xd0", "encoding"),
        (b'[{"name": "a", "name": "b"}]', "member_twice"),
        (b"[" * 100_000, "too_deep"),
        (b"[" + b"9" * 5000 + b"]", "too_deep"),
    ],
)
def test_a_file_that_is_no_list_of_projects_is_refused_with_a_sentence(
    cast: Cast, cli: Cli, tmp_path: Path, content: bytes, cause: str
) -> None:
    file = tmp_path / "projects.json"
    file.write_bytes(content)

    said = cli("project", "import", file, "--json")

    assert (said.code, said.json["error"]["code"]) == (2, f"projects.import.{cause}")
    assert said.json["error"]["message"] in said.err


WRONG = [
    ({"project_no": 5}, "project_no", "text_wanted"),
    ({"project_no": None}, "project_no", "text_wanted"),
    ({"name": " "}, "name", "empty"),
    ({"name": "长" * 121}, "name", "too_long"),
    ({"name": "a\u0000b"}, "name", "unprintable"),
    ({"name": "\ud800"}, "name", "unprintable"),
    ({"level": "world"}, "level", "not_one_of"),
    ({"medical_type": None}, "medical_type", "not_one_of"),
    ({"credit_class": "III"}, "credit_class", "not_one_of"),
    ({"year": "2013"}, "year", "whole_wanted"),
    ({"year": True}, "year", "whole_wanted"),
    ({"year": 2**70}, "year", "whole_wanted"),
    ({"credits": 5}, "credits", "decimal_text"),
    ({"credits": 5.5}, "credits", "decimal_text"),
    ({"credits": None}, "credits", "decimal_text"),
    ({"credits": "5.001"}, "credits", "decimal_wanted"),
    ({"credits": "1e3"}, "credits", "decimal_wanted"),
    ({"credits": "NaN"}, "credits", "decimal_wanted"),
    ({"credits": "９"}, "credits", "decimal_wanted"),
    ({"hours": ""}, "hours", "decimal_wanted"),
    ({"promoted": 1}, "promoted", "flag_wanted"),
    ({"batches": None}, "batches", "list_wanted"),
    ({"batches": [3]}, "batches[0]", "object_wanted"),
    ({"batches": [batch(batch="1")]}, "batches[0].batch", "whole_wanted"),
    ({"batches": [batch(starts_at="2013-05-18")]}, "batches[0].starts_at", "moment_wanted"),
    ({"batches": [batch(starts_at="2013-02-30T08:00")]}, "batches[0].starts_at", "moment_wanted"),
    ({"batches": [batch(starts_at=1368835200)]}, "batches[0].starts_at", "moment_wanted"),
    ({"batches": [batch(plan="any")]}, "batches[0].plan", "object_wanted"),
    ({"batches": [batch(plan={})]}, "batches[0].plan.strategy", "missing"),
    ({"batches": [batch(plan={"strategy": "any", "k": 1})]}, "batches[0].plan.k", "unknown_member"),
    (
        {"batches": [batch(lecturers=[lecturer(HE_MIN, date="18.5.2013")])]},
        "batches[0].lecturers[0].date",
        "day_wanted",
    ),
    (
        {"batches": [batch(lecturers=[lecturer(HE_MIN, date="2013-05-32")])]},
        "batches[0].lecturers[0].date",
        "day_wanted",
    ),
]


@pytest.mark.parametrize(("changes", "column", "cause"), WRONG)
def test_every_wrong_member_is_named_with_its_rule(
    changes: dict[str, object], column: str, cause: str
) -> None:
    content = json.dumps([project(), project(**changes)]).encode()

    filed, faults = filing.read(content)

    assert [one.row for one in filed] == [1]
    assert [(one.row, one.column, one.code) for one in faults] == [
        (2, column, f"projects.import.{cause}")
    ]
    assert words.of_row(faults[0]).startswith("第 2 个项目")


@pytest.mark.parametrize("ratio", ["0.8", 0.8])
def test_a_share_may_be_written_either_way_and_keeps_its_digits(
    site: Site, cast: Cast, cli: Cli, tmp_path: Path, ratio: object
) -> None:
    file = tmp_path / "projects.json"
    plan = {"strategy": "duration_ratio", "ratio": ratio}
    file.write_bytes(text_of(project(batches=[batch(plan=plan)])))

    assert cli("project", "import", file).out == "已导入 1 个项目，1 个期次。\n"
    with begin(site, cast.operator) as work:
        assert projects.batch_of(work, NO, 1).plan == plan | {"ratio": "0.8"}


def test_a_file_that_is_not_there_is_a_plain_refusal(cast: Cast, cli: Cli, tmp_path: Path) -> None:
    said = cli("project", "import", tmp_path / "nothing.json", "--json")

    assert (said.code, said.json["error"]["code"]) == (2, "cli.usage")
    assert said.err.startswith("命令没有写对：")
    assert "nothing.json" in said.err
    assert "--help" in said.err
