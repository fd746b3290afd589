"""Projects and their batches taken in from a table of the console, changed, and taken back."""

from __future__ import annotations

import io
import re
from datetime import datetime

import openpyxl
import pytest
from werkzeug.test import TestResponse

from app.base.work import begin
from app.filing import commands as filing
from app.kernel.actor import Role
from app.kernel.span import shown
from app.projects import queries
from app.projects.terms import OnFile, SessionKind
from app.standards import commands as standards
from tests.support import applying
from tests.support.cast import (
    CARDIOLOGY,
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    HE_MIN,
    OPERATOR,
    STRANGER,
    STRANGER_HOSPITAL,
    ZHOU_LAN,
    Cast,
)
from tests.support.crediting import credited
from tests.support.filing import NO, filed, project
from tests.support.office import Desk, Office
from tests.support.terminal import MakeTerminal, held, package

IMPORT = "/console/import/projects"
OTHER, STRANGE = "2013-03-01-008(市)", "2013-03-01-009(国)"
HEAD = (
    "期次", "项目编号", "名称", "项目级别", "年度", "学分", "学时", "开始时间", "结束时间",
    "举办地点", "主讲人", "签到", "签退", "备注",
)  # fmt: skip


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def line(batch: str = "1", no: str = NO, **other: str) -> tuple[str, ...]:
    told = {
        "name": "心力衰竭诊疗新进展", "level": "国家级", "year": "2013", "credits": "5",
        "hours": "15", "start": "2013-05-18 08:00", "end": "2013-05-18 18:00",
        "venue": "三楼会议室", "lecturers": "", "sign_in": "", "sign_out": "", "remark": "",
    } | other  # fmt: skip
    return (batch, no, *told.values())


def pasted(desk: Desk, *rows: tuple[str, ...], head: tuple[str, ...] = HEAD) -> TestResponse:
    return desk.send(IMPORT, pasted="\n".join("\t".join(row) for row in (head, *rows)))


def said(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", "", page)


def on_file(desk: Desk, no: str = NO) -> OnFile | None:
    with begin(desk.site, OPERATOR) as work:
        return queries.on_file(work, [no]).get(no)


def clocks(found: OnFile | None, batch: int) -> list[str]:
    assert found is not None
    one = next(one for one in found.filed.batches if one.no == batch)
    moments = [moment for two in one.sessions for moment in (two.span.start, two.span.end)]
    return [shown(moment)[11:16] for moment in moments]


def test_projects_are_checked_stand_are_changed_and_taken_back(
    desk: Desk, office: Office, make_terminal: MakeTerminal
) -> None:
    assert IMPORT in desk.get("/console/projects/").text
    wrong = line("3", start="2013-05-20 09:00", end="2013-05-20 08:00")
    second = line(
        "第二期", name="", level="", credits="", start="2013/5/25", end="2013年5月25日 17:30",
        lecturers=f"{ZHOU_LAN}（6）、{HE_MIN}", sign_in="7:00－8:30",
    )  # fmt: skip
    address = pasted(
        desk, line(credits="5.0分"), second, line(no=OTHER, level="市"), wrong
    ).location
    page = desk.get(address).text
    assert "检查完了：3 行可以导入，1 行有错误" in page
    assert "新增 3 期" in page
    assert "结束要晚于开始" in page
    notes = said(desk.get(f"{address}?show=notes").text)
    assert "按08:00算" in notes
    assert "按项目的学时平分" in notes
    assert on_file(desk) is None

    assert desk.send(address).status_code == 303
    one, other = on_file(desk), on_file(desk, OTHER)
    assert one is not None
    assert other is not None
    assert (one.filed.credit_class, other.filed.credit_class) == ("I", "II")
    assert [one.no for one in one.filed.batches] == [1, 2]
    assert clocks(one, 1) == ["07:30", "08:30", "17:30", "18:30"]
    assert clocks(one, 2) == ["07:00", "08:30", "17:00", "18:00"]
    lecturers = [(str(one.person_no), float(one.hours)) for one in one.filed.batches[1].lecturers]
    assert sorted(lecturers) == [(HE_MIN, 7.5), (ZHOU_LAN, 6.0)]
    assert "第 2 期" in desk.get(f"/console/projects/{NO}").text

    # Told again it is the same; a later beginning takes the sign-in along.
    again = pasted(
        desk, line(), second, line(no=OTHER, level="市级", name="卒中", start="2013-05-18 09:00")
    ).location  # fmt: skip
    page = desk.get(f"{again}?show=changed").text
    assert "新增 0 期，更新 1 期，2 期没有变化" in page
    assert "项目名称、开始" in page
    desk.send(again)
    changed = on_file(desk, OTHER)
    assert changed is not None
    assert changed.filed.name == "卒中"
    assert clocks(changed, 1) == ["08:30", "09:30", "17:30", "18:30"]
    assert desk.send(again).status_code == 409

    desk.send(f"{again}/undo")
    assert "已整批撤回" in desk.get(again).text
    assert on_file(desk, OTHER) == other

    # Somebody swiped for the first: that stays, the other is no more.
    machine = make_terminal("MBX-00031")
    package(desk.site, machine)
    machine.tap(held(HE_MIN), at=one.filed.batches[0].sessions[0].span.start)
    assert [answer.status for answer in machine.upload()] == [200]
    desk.send(f"{address}/undo")
    assert (
        f"有 1 个项目导入以后有人刷过卡、授过分或者又改过，保持现在的样子：{NO}"
        in desk.get(address).text
    )
    assert on_file(desk) == one
    assert on_file(desk, OTHER) is None

    # Nobody else sees it, and who may not import has no link.
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="秦")
    assert (stranger.get(address).status_code, stranger.send(address).status_code) == (404, 404)
    secretary = office.desk(Role.DEPARTMENT_SECRETARY, CARDIOLOGY)
    assert IMPORT not in secretary.get("/console/projects/").text
    assert secretary.get(IMPORT).status_code == 403
    assert SessionKind.START in {two.kind for two in one.filed.batches[0].sessions}


def test_the_template_is_filled_in_with_hours_as_a_spreadsheet_keeps_them(desk: Desk) -> None:
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"{IMPORT}/template").data))
    sheet = book.worksheets[0]
    head = [cell.value for cell in sheet[1]]
    assert head[:7] == ["项目编号", "项目名称", "级别", "年度", "学分", "学时", "期次"]
    assert "单位" not in head
    rules = sheet.data_validations.dataValidation
    assert sorted(str(rule.sqref) for rule in rules) == ["C2:C2001", "N2:N2001", "O2:O2001"]
    begins = datetime(2013, 5, 18, 8, 30)  # noqa: DTZ001  as a spreadsheet keeps it
    filled = openpyxl.Workbook()
    filled.active.append(head)
    filled.active.append([cell.value for cell in sheet[2]])
    filled.active.append([NO, "", "省级", 2013, 5, 15, 1, begins, 41413.75, "三楼、四楼"])
    filled.active["B3"].value, filled.active["B3"].data_type = "=HYPERLINK(1)", "s"
    out = io.BytesIO()
    filled.save(out)
    out.seek(0)

    address = desk.send(IMPORT, files={"file": (out, "项目.xlsx")}).location
    assert "1 行可以导入" in desk.get(address).text
    desk.send(address)
    found = on_file(desk)
    assert found is not None
    span = found.filed.batches[0].span
    assert [shown(one)[:16] for one in (span.start, span.end)] == [
        "2013-05-18T08:30", "2013-05-19T18:00",
    ]  # fmt: skip

    listed = desk.get("/console/projects/export?level=provincial")
    sheet = openpyxl.load_workbook(io.BytesIO(listed.data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(rows) == 2
    assert rows[1][:3] == [NO, "=HYPERLINK(1)", "省级"]
    assert all(cell.data_type == "s" for cell in sheet[2] if cell.value)
    # What is exported can be sent in again, and changes nothing.
    address = desk.send(IMPORT, files={"file": (io.BytesIO(listed.data), "项目.xlsx")}).location
    assert "新增 0 期，更新 0 期，1 期没有变化" in desk.get(address).text
    assert desk.get("/console/projects/export?level=city").status_code == 200


WRONG = {
    line(no=""): "项目编号不能空着",
    line(no="9" * 31): "最多30个字",
    line(no="2012-03-01-007(国)"): "不是2013年度",
    line(no=STRANGE): "已经是别的单位的项目",
    line(name=""): "项目名称不能空着",
    line(level="世界级"): "从下拉框里选：国家级,省级,市级,院级",
    line(year="13"): "要在1990到2099之间",
    line(credits=""): "学分不能空着",
    line(credits="0"): "要在0.01到999之间",
    line(credits="12"): "一期最多10学分",
    line(hours="十五"): "不是数量",
    line("零"): "看不出是第几期",
    line(start=""): "开始不能空着",
    line(start="13-5-18"): "年份只有两位",
    line(start="下周一"): "这不是日期",
    line(start="2013-05-18 25:00"): "没有这个时间",
    line(end="2013-02-30 18:00"): "没有这个时间",
    line(end="2013-05-18 08:00"): "结束要晚于开始",
    line(end="2015-05-18"): "一期最长366天",
    line(start="2019-05-18", end="2019-05-19"): "和项目年度2013差得太远",
    line(venue=""): "地点不能空着",
    line(lecturers=STRANGER + "1"): "没有这个人员编号",
    line(lecturers=HE_MIN, hours=""): f"不知道{HE_MIN}讲了几学时",
    line(lecturers=f"{HE_MIN}、{HE_MIN}(2)"): "写了两次",
    line(lecturers=f"({HE_MIN}"): "不是人员编号",
    line(sign_in="八点"): "看不出从几点到几点",
    line(sign_out="18:30-17:00"): "看不出从几点到几点",
}  # fmt: skip


def test_every_mistake_of_a_project_is_named(desk: Desk, office: Office) -> None:
    filed(desk.site, OPERATOR, project(STRANGE, unit_code=STRANGER_HOSPITAL))
    # All in one table, of a number each where the number is not what is wrong.
    rows = [
        (one[0], f"L2013-{n:03}" if one[1] == NO else one[1], *one[2:])
        for n, one in enumerate(WRONG)
    ]
    address = pasted(desk, *rows).location
    page = desk.get(address).text
    assert f"0 行可以导入，{len(WRONG)} 行有错误" in page
    told = dict(re.findall(r'<tr><td class="r">(\d+)</td>(.*?)</tr>', page, re.DOTALL))
    for number, (row, expected) in enumerate(WRONG.items(), start=2):
        assert expected in said(told[str(number)]), (row, told[str(number)])
    assert "云泽" not in page
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"{address}/errors").data)).active
    assert book is not None
    assert book.max_row == len(WRONG) + 1

    # What lines say against each other.
    page = said(desk.get(pasted(desk, line(), line("2", credits="4"), line("1")).location).text)
    assert "和第2行写的不一样" in page
    assert "这一期写了两行" in page
    assert "1行可以导入，2行有错误" in page

    # Whoever sees several units says of which; a project stays with its unit.
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    filed(desk.site, OPERATOR, project())
    assert "columns" in pasted(city, line()).location
    page = pasted(city, (*line(), COUNTY_HOSPITAL), head=(*HEAD, "单位")).location
    assert "举办单位不能更改" in city.get(page).text


def test_what_was_awarded_is_told_anew_no_more_but_may_be_held_again(
    desk: Desk, make_terminal: MakeTerminal
) -> None:
    credited(desk.site, make_terminal("MBX-00031"), NO, held(HE_MIN))
    was = on_file(desk)

    stands = {"start": "2013-05-18 08:00", "end": "2013-05-19 18:00", "venue": "门诊楼三楼会议室"}
    again = line("2", start="2013-06-18", end="2013-06-19")
    page = pasted(desk, line(**stands | {"venue": "别处"}), line(**stands), again).location
    told = desk.get(page).text
    assert "这个项目已经授分，不能再改" in told
    page = pasted(desk, line("2", credits="6", start="2013-06-18", end="2013-06-19")).location
    assert "这个项目已经授分，不能再改" in desk.get(page).text
    page = pasted(desk, line(**stands), again).location
    assert "新增 1 期，更新 0 期，1 期没有变化" in desk.get(page).text
    desk.send(page)
    now = on_file(desk)
    assert now is not None
    assert list(now.batches) == [1, 2]
    assert "心力衰竭诊疗新进展，第 2 期" in desk.get(f"{page}?show=added").text

    # The second batch alone is taken back; what hangs on the first hung there before.
    desk.send(f"{page}/undo")
    assert on_file(desk) == was


def test_what_the_bureau_announced_is_not_told_anew_by_a_table(desk: Desk, cast: Cast) -> None:
    filing_id = applying.drafted(desk.site, cast.hospital_admin)
    applying.handed_in(desk.site, cast.hospital_admin, filing_id)
    with begin(desk.site, cast.city_office) as work:
        no = filing.announce(work, filing_id, "L2013-1", seen=3)
    told = {"name": "心力衰竭规范诊疗培训班", "level": "市级", "credits": "1", "hours": "6",
            "start": "2013-09-14 08:00", "end": "2013-09-14 17:00"}  # fmt: skip

    elsewhere = pasted(desk, line(no=no, **told, venue="市会展中心"))
    same = pasted(desk, line(no=no, **told, venue="门诊楼三楼会议室"))

    assert "请在项目页点“变更时间地点”" in desk.get(elsewhere.location).text
    assert "变更时间地点" not in desk.get(same.location).text
