"""转单位 in a browser: what waits, one that is agreed to, and the forms that ask."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.base.work import begin
from app.cards import commands as cards
from app.transfers import commands as transfers
from tests.browser.conftest import Served
from tests.support.cast import (
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    ZHOU_LAN,
    csv_of,
    people_sheet,
)
from tests.support.office import Desk, Office

AtDesk = Callable[[Desk], Page]
Whole = Callable[[Page, str], None]


def test_who_asked_and_who_agrees_find_their_way(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    with begin(served.site, office.entrance.cast.county_hospital_admin) as work:
        transfers.ask_in(work, COUNTY_HOSPITAL, HE_MIN, "何敏")
    page = at_desk(office.desk())
    page.goto(f"{served.url}/console/")
    page.get_by_role("listitem").filter(has_text="人转单位等你办").get_by_role("link").click()
    whole(page, "console-transfers")
    page.get_by_role("link", name="何敏").click()
    whole(page, "console-transfer")
    page.get_by_role("button", name="同意转出何敏").click()
    expect(page.get_by_role("status")).to_contain_text("已办完：何敏现在是青禾县人民医院的人")

    page.goto(f"{served.url}/console/transfers/leave/{ZHOU_LAN}")
    page.get_by_label("单位名称里的几个字").fill("医院")
    page.get_by_role("button", name="找单位").click()
    page.get_by_label("青禾县人民医院").check()
    whole(page, "console-transfer-out")
    page.get_by_role("button", name="申请把周岚转过去").click()
    expect(page.get_by_role("status")).to_contain_text("已申请把周岚转到青禾县人民医院")
    page.get_by_role("link", name="转单位", exact=True).first.click()
    page.get_by_role("link", name="申请转入一个人").click()
    page.get_by_label("人员编号").fill("990190009")
    page.get_by_label("姓名").fill("赵青")
    page.get_by_role("button", name="申请转入这个人").click()
    expect(page.get_by_role("alert")).to_contain_text("编号和姓名对不上")
    whole(page, "console-transfer-in")


def test_two_records_are_compared_side_by_side(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    with begin(served.site, OPERATOR) as work:
        columns = ("person_no", "name", "id_type", "id_number", "birth_date", "unit_code", "status")
        line = ("990100077", "何敏", "other", "P12345678", "1980-03-14", HOSPITAL, "normal")
        cards.import_people(work, people_sheet(csv_of(columns, line)))
    page = at_desk(office.desk())
    page.goto(f"{served.url}/console/merge/")
    whole(page, "console-merging")
    page.get_by_role("link", name="看两份").click()
    expect(page.get_by_role("heading", name="是同一个人吗")).to_be_visible()
    page.get_by_label("编号 990100001").check()
    whole(page, "console-merging-pair")
