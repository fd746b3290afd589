"""一家医院的几天 — from a crooked workbook to the answer that a nurse reads, all of it by mouse.

An administrator of H1 takes in two hundred people, mends what was wrong from the file of mistakes,
asks for cards, files a training; the bureau lets it be held; its terminal comes home; windows are
tuned, credit is given, and who got nothing is answered.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text

from app.base import outbox
from app.base.work import begin
from app.kernel.actor import Role
from app.kernel.span import local
from app.standards import commands as standards
from device.mbox.machine import Card, Machine
from tests.browser.conftest import Served
from tests.conftest import Clock
from tests.support.cast import HOSPITAL, OPERATOR, id_number
from tests.support.holding import name_of
from tests.support.office import Desk, Office
from tests.support.terminal import MakeTerminal, at, package

CITY_BUREAU = "9901-B"
AtDesk = Callable[[Desk], Page]

PEOPLE = 200
HEADINGS = ("科室名称", "工号", "姓 名", "身份证", "备注", "卡号", "物理卡号", "职称")
# By place in the workbook: the column that is wrong, and what stands there.
WRONG = {
    7: ("身份证", "110101198001010000"),
    31: ("科室名称", "心内料"),
    64: ("身份证", "99010119800102"),
    118: ("姓 名", ""),
    150: ("身份证", "110101199102301524"),
}

# They have no cards yet.
NEW = (198, 199)
TITLE = "心力衰竭规范诊疗培训班"
STAYED, NEARLY, CAME = 100, 112, 120
NURSE = 116  # of those who left early

_OPEN = "select id from outbox_message where done_at is null order by id"

pytestmark = pytest.mark.timeout(240)


def number_of(one: int) -> str:
    return f"9904{one:05}"


def uid_of(one: int) -> bytes:
    return bytes([4, one // 256, one % 256, 0x6B])


def right(one: int) -> dict[str, str]:
    """What should stand in the row of a person."""
    return {
        "科室名称": "心内科" if one % 2 else "护理部",
        "工号": number_of(one),
        "姓 名": name_of(one),
        "身份证": id_number(date(1980, 2, 1 + one % 28), 300 + one),
        "备注": "轮转" if one % 17 == 0 else "",
        "卡号": "" if one in NEW else number_of(one),
        "物理卡号": "" if one in NEW else uid_of(one).hex().upper(),
        "职称": "主管护师" if one % 3 else "主治医师",
    }


def crooked() -> bytes:
    """The roster as the hospital keeps it: a title above, a remark, blanks, and five mistakes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["颍川市第一人民医院 2013 年度人员花名册"])
    sheet.append(["制表：科教科", "", "2013 年 5 月"])
    sheet.append(HEADINGS)
    for one in range(PEOPLE):
        cells = right(one)
        if one in WRONG:
            column, value = WRONG[one]
            cells[column] = value
        if one % 23 == 0:
            cells["姓 名"] = f" {cells['姓 名']}　"
        sheet.append([cells[name] for name in HEADINGS])
    return written(book)


def mended(content: bytes) -> bytes:
    """The file of mistakes, with each of its rows put right by its remark."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet is not None
    [header] = [row for row in sheet.iter_rows() if "工号" in [cell.value for cell in row]]
    at = {str(cell.value): cell.column for cell in header}
    rows = list(sheet.iter_rows(min_row=header[0].row + 1))
    for one, row in zip(WRONG, rows, strict=True):
        column, _ = WRONG[one]
        assert str(row[-1].value).startswith(f"原表第 {one + 4} 行，")
        sheet.cell(row[0].row, at[column]).value = right(one)[column]
    return written(book)


def cards_are_asked_for(page: Page, folder: Path) -> None:
    """Of two newcomers without cards, whose photos are put in on the way."""
    page.get_by_role("link", name="卡片", exact=True).click()
    page.get_by_role("button", name="开批次").click()
    page.get_by_label("人员编号").fill("\n".join(number_of(one) for one in NEW))
    page.get_by_role("button", name="加进这一批").click()
    batch = page.url
    page.get_by_role("button", name=f"提交 {len(NEW)} 人").click()
    expect(page.get_by_role("alert")).to_contain_text("照片")
    photo = folder / "photo.jpg"
    Image.new("RGB", (590, 826), "navy").save(photo)
    for one in NEW:
        page.goto(batch)
        page.get_by_role("row").filter(has_text=number_of(one)).get_by_role("link").click()
        page.get_by_text("加照片").click()
        page.get_by_label("照片文件").set_input_files(photo)
        page.get_by_role("button", name="存为照片").click()
        expect(page.get_by_role("img", name=f"{name_of(one)}的照片")).to_be_visible()
    page.goto(batch)
    page.get_by_role("button", name=f"提交 {len(NEW)} 人").click()
    expect(page.get_by_role("status")).to_contain_text("到期")
    with page.expect_download() as material:
        page.get_by_role("button", name="打印制卡资料").click()
    assert Path(material.value.path()).read_bytes().startswith(b"%PDF-")


def a_training_is_filed(page: Page) -> None:
    """Filled in, refused for what is missing with all that was typed, and filed."""
    page.get_by_role("link", name="申报", exact=True).click()
    page.get_by_role("button", name="新建申报").click()
    for label, value in {
        "项目名称": TITLE, "拟授学分": "1", "理论学时": "6", "负责人姓名": "周岚",
        "负责人身份证号": id_number(date(1975, 3, 3), 1), "负责人电话": "13900000002",
        "开始时间": "2013-05-18T08:00", "结束时间": "2013-05-18T18:00", "地点": "门诊楼三楼会议室",
        "课程名称": "心衰的药物治疗", "主讲人": "周岚", "学时": "6",
    }.items():  # fmt: skip
        page.get_by_label(f"{label}必填", exact=True).fill(value)
    for label, value in {
        "级别": "市级", "年度": "2013", "医学类别": "西医", "课程类型": "专业课",
        "举办方式": "面授", "二级学科": "临床内科学",
    }.items():  # fmt: skip
        page.get_by_label(label).select_option(label=value)
    page.get_by_role("button", name="上报卫健委").click()
    expect(page.get_by_role("alert")).to_contain_text("负责人职称")
    expect(page.get_by_label("课程名称")).to_have_value("心衰的药物治疗")
    page.get_by_role("textbox", name="负责人职称").fill("副主任医师")
    page.get_by_role("button", name="上报卫健委").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)


def the_bureau_announces_it(page: Page) -> str:
    """From what waits on the first page to a number -> which."""
    page.get_by_role("listitem").filter(has_text="份项目申报待审").get_by_role("link").click()
    page.get_by_role("link", name=TITLE).click()
    no = page.get_by_label("项目编号").input_value()
    page.get_by_role("button", name="通过并公布").click()
    expect(page.get_by_role("link", name=f"看项目 {no}")).to_be_visible()
    return no


def it_is_held(served: Served, machine: Machine, no: str, clock: Clock) -> None:
    """Of 120 who come a hundred stay; twelve leave a little early, and eight a good while."""
    package(served.site, machine, no)
    clock.set(at("07:00:00"))
    machine.heartbeat()
    taps = [(one, f"07:{30 + one % 28}:{one % 60:02}") for one in range(CAME)]
    for one in range(CAME):
        left = f"17:{30 + one % 28}" if one < STAYED else "17:26" if one < NEARLY else "17:12"
        taps.append((one, f"{left}:{one % 60:02}"))
    for one, moment in sorted(taps, key=lambda tap: tap[1]):
        machine.tap(Card(uid=uid_of(one), card_no=number_of(one)), at=at(moment))
    clock.set(at("18:40:00"))
    assert all(answer.status == 200 for answer in machine.upload())


def windows_are_tuned_and_credit_given(page: Page, served: Served, owner: Engine) -> None:
    """The sign-out opens five minutes sooner: twelve gain, nobody loses."""
    expect(page.get_by_role("listitem").filter(has_text="个期次等授分")).to_contain_text(TITLE)
    page.get_by_role("link", name="去授分").click()
    expect(page.locator("#granted")).to_have_text(str(STAYED))
    page.get_by_role("slider", name="签退开始").focus()
    for minute in range(29, 24, -1):
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("textbox", name="签退开始")).to_have_value(f"17:{minute}")
    expect(page.locator("#granted")).to_have_text(str(NEARLY))
    expect(page.locator("#gained")).to_have_text(str(NEARLY - STAYED))
    page.get_by_role("link", name="预览授分名单").click()
    page.get_by_role("button", name=f"给 {NEARLY} 人授分").click()
    expect(page.get_by_role("heading", name="正在授分")).to_be_visible()
    with owner.connect() as connection:
        for message in connection.execute(text(_OPEN)).scalars().all():
            outbox.deliver(served.site, message)
    expect(page.get_by_role("heading", name=f"已给 {NEARLY} 人授分")).to_be_visible()


def a_nurse_is_answered(page: Page) -> None:
    """Found by her name from any page, and answered in the words that she reads in WeChat."""
    page.get_by_role("searchbox", name="找人").fill(number_of(NURSE))
    page.get_by_role("searchbox", name="找人").press("Enter")
    page.get_by_role("link", name=name_of(NURSE)).click()
    page.get_by_role("row").filter(has_text=TITLE).get_by_role("link", name="为什么").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("早了")
    expect(page.get_by_role("main")).to_contain_text("17:25 到 18:30")
    expect(page.get_by_role("main")).to_contain_text("17:12")


def written(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def seated(
    office: Office, at_desk: AtDesk, clock: Clock, served: Served
) -> Iterator[Callable[..., Page]]:
    """Somebody sits down at a computer on a day; nothing may go wrong there that is only written
    to the console of the browser.
    """
    said: list[str] = []

    def sit(moment: str, *who: Any) -> Page:
        clock.set(local(moment))
        page = at_desk(office.desk(*who))
        page.set_viewport_size({"width": 1366, "height": 768})
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.goto(f"{served.url}/console/")
        return page

    yield sit
    assert [one for one in said if "status of 422" not in one] == []


def test_a_hospital_takes_people_in_holds_a_training_and_answers_a_nurse(
    served: Served, seated: Callable[..., Page], make_terminal: MakeTerminal, clock: Clock,
    owner: Engine, tmp_path: Path,
) -> None:  # fmt: skip
    with begin(served.site, OPERATOR) as work:
        standards.load_shipped(work)
    admin = seated("2013-04-08T09:00")
    people_are_taken_in(admin, tmp_path)
    cards_are_asked_for(admin, tmp_path)
    a_training_is_filed(admin)
    no = the_bureau_announces_it(seated("2013-04-10T10:00", Role.CITY_OFFICE, CITY_BUREAU))
    it_is_held(served, make_terminal(), no, clock)
    admin = seated("2013-05-20T08:30", Role.HOSPITAL_ADMIN, HOSPITAL, "王芳二")
    windows_are_tuned_and_credit_given(admin, served, owner)
    a_nurse_is_answered(admin)


def people_are_taken_in(page: Page, folder: Path) -> None:
    """The good rows first; then those of the file of mistakes, put right."""
    page.get_by_role("link", name="人员", exact=True).click()
    page.get_by_role("link", name="从 Excel 导入").click()
    take(page, folder / "花名册.xlsx", crooked())
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"检查完了：{PEOPLE - len(WRONG)} 行可以导入，{len(WRONG)} 行有错误"
    )
    faults = page.get_by_role("region", name="逐处列出").get_by_role("row")
    expect(faults).to_contain_text(["行", *(str(one + 4) for one in WRONG)])
    expect(faults.nth(2)).to_contain_text("心内料")
    with page.expect_download() as errors:
        page.get_by_role("link", name="下载错误表").click()
    page.get_by_role("button", name=f"导入 {PEOPLE - len(WRONG)} 行，跳过 {len(WRONG)} 行").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"已导入 {PEOPLE - len(WRONG)} 行")

    page.get_by_role("link", name="从 Excel 导入").click()
    take(page, folder / "改好的.xlsx", mended(Path(errors.value.path()).read_bytes()))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"检查完了：{len(WRONG)} 行可以导入")
    page.get_by_role("button", name=f"导入 {len(WRONG)} 行").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"已导入 {len(WRONG)} 行")
    page.get_by_role("link", name="看人员").click()
    page.get_by_role("searchbox", name="找人").fill(number_of(64))
    page.get_by_role("searchbox", name="找人").press("Enter")
    page.get_by_role("link", name=name_of(64)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name_of(64))


def take(page: Page, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    page.get_by_label("花名册").set_input_files(path)
    page.get_by_role("button", name="检查，先不导入").click()
