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
from playwright.sync_api import Page, expect

from app.base.work import begin
from app.kernel.span import local
from app.standards import commands as standards
from tests.browser.conftest import Served
from tests.conftest import Clock
from tests.support.cast import OPERATOR, id_number
from tests.support.holding import name_of
from tests.support.office import Desk, Office

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
        "卡号": number_of(one),
        "物理卡号": uid_of(one).hex().upper(),
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
    served: Served, seated: Callable[..., Page], tmp_path: Path
) -> None:
    with begin(served.site, OPERATOR) as work:
        standards.load_shipped(work)
    page = seated("2013-04-08T09:00")
    people_are_taken_in(page, tmp_path)


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
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"检查完了：{len(WRONG)} 行可以导入"
    )
    page.get_by_role("button", name=f"导入 {len(WRONG)} 行").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"已导入 {len(WRONG)} 行")
    page.get_by_role("link", name="看人员").click()
    page.get_by_role("searchbox", name="找人").fill(number_of(64))
    page.get_by_role("searchbox", name="找人").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name_of(64))


def take(page: Page, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    page.get_by_label("花名册").set_input_files(path)
    page.get_by_role("button", name="检查，先不导入").click()
