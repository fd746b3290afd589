"""申报 in a browser: filled in by a hospital, mended, and announced by the bureau."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from app.base.work import begin
from app.kernel.actor import Role
from app.standards import commands as standards
from tests.browser.conftest import Served
from tests.support.applying import LEADER_ID, PDF
from tests.support.cast import CITY_BUREAU, OPERATOR, ZHOU_LAN
from tests.support.office import Desk, Office


def filled(page: Page) -> None:
    """The fields of a city's project that has one batch and one course."""
    for label, choice in (
        ("级别", "市级"), ("医学类别", "西医"), ("课程类型", "专业课"), ("举办方式", "面授"),
        ("二级学科", "临床内科学"),
    ):  # fmt: skip
        page.get_by_label(f"{label}必填", exact=True).select_option(label=choice)
    for label, said in (
        ("项目名称", "心力衰竭规范诊疗培训班"), ("拟授学分", "1"), ("理论学时", "6"),
        ("负责人姓名", "周岚"), ("负责人身份证号", LEADER_ID), ("负责人电话", "13900000002"),
        ("负责人职称", "副主任医师"), ("开始时间", "2013-09-14T08:00"),
        ("结束时间", "2013-09-14T17:00"), ("地点", "门诊楼三楼"), ("课程名称", "心衰的药物治疗"),
        ("主讲人", "周岚"), ("学时", "6"),
    ):  # fmt: skip
        page.get_by_label(f"{label}必填", exact=True).fill(said)
    page.get_by_label("人员编号", exact=True).fill(ZHOU_LAN)


def test_a_project_is_filed_and_announced(
    served: Served,
    office: Office,
    at_desk: Callable[[Desk], Page],
    whole: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    pledge = tmp_path / "承诺书.pdf"
    pledge.write_bytes(PDF)
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    page = at_desk(desk)
    page.goto(f"{served.url}/console/filings/")
    whole(page, "filings-empty")
    page.get_by_role("button", name="新建申报").click()
    expect(page.get_by_role("heading", name="填写申报书")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="上报卫健委").click()
    whole(page, "filing-form-faults")

    filled(page)
    page.get_by_label("承诺书").set_input_files(pledge)
    with page.expect_navigation():
        page.get_by_role("button", name="加一门课程").click()
    whole(page, "filing-form")
    with page.expect_navigation():
        page.get_by_role("button", name="上报卫健委").click()
    expect(page.get_by_role("status")).to_contain_text("已上报卫健委")
    whole(page, "filing-sent")

    bureau = at_desk(office.desk(Role.CITY_OFFICE, CITY_BUREAU))
    bureau.goto(f"{served.url}/console/")
    bureau.get_by_role("link", name="去审核").click()
    whole(bureau, "filings")
    bureau.get_by_role("link", name="心力衰竭规范诊疗培训班").click()
    expect(bureau.get_by_label("项目编号")).to_have_value("2013-03-00-001(市)")
    whole(bureau, "filing-review")
    with bureau.expect_navigation():
        bureau.get_by_role("button", name="通过并公布").click()
    expect(bureau.get_by_role("status")).to_contain_text("已公布，编号 2013-03-00-001(市)。")
    bureau.get_by_role("link", name="看项目").click()
    whole(bureau, "project-announced")
