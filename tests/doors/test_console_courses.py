"""公需课 taken into the ledger by the console, corrected, and taken back."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.base.work import begin
from app.credits import queries as credits
from app.standards import commands as standards
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    STRANGER,
    STRANGER_HOSPITAL,
    ZHOU_LAN,
    Cast,
    id_number,
)
from tests.support.office import Desk, Office

IMPORT = "/console/import/courses"
HEAD = ("人员编号", "身份证号", "姓名", "年度", "课程名称", "学时", "学分", "发证机构", "日期")
HE = id_number(date(1980, 3, 14), 2)


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def line(no: str = HE_MIN, number: str = "", name: str = "", **other: str) -> tuple[str, ...]:
    told = {
        "year": "2013", "course": "职业道德", "hours": "30", "credits": "5", "issuer": "市人社局",
        "on": "2013-05-10",
    } | other  # fmt: skip
    return (no, number, name, *told.values())


def pasted(desk: Desk, *rows: tuple[str, ...]) -> TestResponse:
    return desk.send(IMPORT, pasted="\n".join("\t".join(row) for row in (HEAD, *rows)))


def said(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", "", page)


def ledger(owner: Engine) -> list[tuple[object, ...]]:
    asked = text(
        "select p.person_no, e.source, e.credit_class, e.net::float, e.hours::float,"
        " e.reverses is not null from credit_entry e join person p on p.id = e.person_id"
        " order by e.id"
    )
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(asked)]


def unequal(desk: Desk) -> int:
    with begin(desk.site, OPERATOR) as work:
        return credits.unequal_tallies(work)


def test_courses_are_checked_become_credit_are_corrected_and_taken_back(
    desk: Desk, owner: Engine, cast: Cast
) -> None:
    assert ">公需课</a>" in desk.get("/console/").text
    address = pasted(
        desk, line(name="何 敏"), line("", HE, course="法律法规", credits="2.5分", hours=""),
        line(CAO_JING, "", "周岚"),
    ).location  # fmt: skip
    page = desk.get(address).text
    assert "检查完了：2 行可以导入，1 行有错误" in page
    assert "新增 2 条" in page
    assert ledger(owner) == []

    desk.send(address)
    # Periods of an hour, and six hours behind a credit of which no periods are told.
    first = (HE_MIN, "bulk", "II", 5.0, 30.0, False)
    second = (HE_MIN, "bulk", "II", 2.5, 15.0, False)
    assert ledger(owner) == [first, second]
    person = desk.get(f"/console/people/{HE_MIN}").text
    assert "职业道德" in person
    assert "7.5</span> / 25 分" in person
    with begin(desk.site, cast.self(HE_MIN)) as work:
        told = credits.account_of(work, HE_MIN, 2013).lines
        assert {one.title for one in told} == {"职业道德", "法律法规"}

    again = pasted(desk, line(), line(course="法律法规", credits="3", hours="", on="")).location
    page = desk.get(f"{again}?show=changed").text
    assert "新增 0 条，更新 1 条，1 条没有变化" in page
    assert "学分" in page
    desk.send(again)
    assert ledger(owner)[2:] == [
        (HE_MIN, "bulk", "II", -2.5, -15.0, True), (HE_MIN, "bulk", "II", 3.0, 18.0, False),
    ]  # fmt: skip
    assert unequal(desk) == 0

    desk.send(f"{again}/undo")
    assert "已整批撤回" in desk.get(again).text
    assert "7.5</span> / 25 分" in desk.get(f"/console/people/{HE_MIN}").text
    desk.send(f"{address}/undo")
    page = desk.get(address).text
    assert "已整批撤回" in page
    assert "0.0</span> / 25 分" in desk.get(f"/console/people/{HE_MIN}").text
    assert unequal(desk) == 0
    with begin(desk.site, cast.self(HE_MIN)) as work:
        reasons = [one.reason for one in credits.entries_of(work, HE_MIN, 2013) if one.reverses]
        assert reasons
        assert all(reason and "粘贴的表" in reason for reason in reasons)


def test_a_list_that_was_exported_is_taken_back_without_a_change(desk: Desk) -> None:
    desk.send(pasted(desk, line(), line(course="=1+cmd", hours="")).location)

    listed = load_workbook(io.BytesIO(desk.get("/console/export/courses").data)).active
    rows = [[str(cell.value or "") for cell in row] for row in listed.iter_rows()]
    cards = load_workbook(io.BytesIO(desk.get("/console/export/cards").data)).active

    told = "\n".join("\t".join(row) for row in rows)
    again = desk.send("/console/import/courses", pasted=told).location
    assert "2 条没有变化" in desk.get(again).text
    assert {row[1] for row in rows[1:]} == {"何敏"}
    assert [cell.value for cell in cards[1]] == ["编号", "姓名", "卡号", "卡的状态", "从何时起"]
    assert [cell.value for cell in cards[2]][:4] == [HE_MIN, "何敏", HE_MIN, "在用"]
    assert listed["D3"].data_type == "s"


def test_what_was_told_anew_since_stays_when_a_list_is_taken_back(desk: Desk) -> None:
    address = pasted(desk, line(), line(course="法律法规")).location
    desk.send(address)
    desk.send(pasted(desk, line(course="法律法规", credits="3")).location)

    desk.send(f"{address}/undo")

    assert (
        f"有 1 人导入以后又改过，或者已经有学分、绑定，保持现在的样子：{HE_MIN}"
        in desk.get(address).text
    )
    assert "3.0</span> / 25 分" in desk.get(f"/console/people/{HE_MIN}").text
    assert unequal(desk) == 0


def test_a_second_click_gives_nothing_twice(desk: Desk, owner: Engine) -> None:
    address = pasted(desk, line()).location
    beside = pasted(desk, line()).location
    desk.send(address)

    assert desk.send(address).status_code == 409
    assert desk.send(beside).status_code == 303
    assert len(ledger(owner)) == 1


WRONG = {
    line("", ""): "不知道是谁",
    line(STRANGER): "没有编号是",
    line("", id_number(date(1970, 10, 10), 7)): "没有身份证号是",
    line("", HE[:-1] + ("1" if HE[-1] != "1" else "2")): "校验不对",
    line(ZHOU_LAN, HE): "身份证号是另一个人",
    line(name="周岚"): "像是串行了",
    line(year="13"): "四位年份",
    line(year="二〇一三"): "不是数量",
    line(year="2014", on=""): "还没有开始",
    line(course=""): "课程不能空着",
    line(course="课" * 301): "最多300个",
    line(credits=""): "学分不能空着",
    line(credits="0"): "要大于0，最多99",
    line(credits="五"): "只填数字",
    line(hours="151"): "最多150",
    line(on="2012-12-31"): "不在2013年度里",
    line(on="2013-05-26"): "还没有到",
    line(on="13-5-1"): "年份只有两位",
}


def test_every_mistake_of_a_course_is_named(desk: Desk, office: Office) -> None:
    for wrong, expected in WRONG.items():
        page = said(desk.get(pasted(desk, wrong).location).text)
        assert "0行可以导入，1行有错误" in page, wrong
        assert expected in page, (wrong, expected)
    twice = pasted(desk, line(), line(course=" 职业 道德", on="")).location
    assert "1行可以导入，1行有错误" in said(desk.get(twice).text)

    stranger = office.desk(unit=STRANGER_HOSPITAL, name="秦")
    assert stranger.get(twice).status_code == 404
    assert stranger.send(twice).status_code == 404
    assert HOSPITAL
