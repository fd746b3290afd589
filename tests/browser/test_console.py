"""The console in a browser: every page whole at every width, seen as an administrator."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.accounts.commands import requests
from app.base import cookies
from tests.browser.conftest import Served
from tests.conftest import Clock
from tests.support.binding import follower
from tests.support.cast import HE_MIN, NURSING, ZHOU_LAN
from tests.support.office import Desk, Office
from tests.support.paper import photographed
from tests.support.wechat_client import SERVICE

AtDesk = Callable[[Desk], Page]
Whole = Callable[[Page, str], None]


def test_the_first_page_is_whole(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    page = at_desk(office.desk())
    page.goto(f"{served.url}/console/")
    whole(page, "console-home")


def test_bindings_are_confirmed_and_slips_printed(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    with follower(served.site, "o-new")() as work:
        requests.ask_human(work, SERVICE, "o-new", "何敏", "心内科", "换了手机")
    page = at_desk(office.desk())
    page.goto(f"{served.url}/console/bindings")
    whole(page, "console-bindings")
    page.get_by_role("button", name="不通过").click()
    expect(page.get_by_role("alert")).to_contain_text("请写明不通过的原因")
    whole(page, "console-bindings-fault")

    page.get_by_role("button", name="通过，绑定到这个人").click()
    expect(page.get_by_role("status")).to_contain_text("现在就绑定了")
    whole(page, "console-bindings-done")

    with page.expect_download() as sheet:
        page.get_by_role("row").filter(has_text="护理部").get_by_role("button").click()
    assert sheet.value.suggested_filename == "激活条-护理部.pdf"


def test_cards_are_asked_for_in_a_batch_and_handed_out(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    photographed(served.site, HE_MIN, ZHOU_LAN)
    page = at_desk(office.desk())
    page.goto(f"{served.url}/console/cards")
    whole(page, "console-cards-empty")
    page.get_by_label("换卡").check()
    page.get_by_role("button", name="开批次").click()
    whole(page, "console-cards-draft")
    page.get_by_label("人员编号").fill(f"{HE_MIN}\n{ZHOU_LAN}\n123")
    page.get_by_role("button", name="加进这一批").click()
    expect(page.get_by_role("alert")).to_contain_text("123：没有这个编号的人")
    whole(page, "console-cards-fault")
    page.get_by_label("人员编号").fill(f"{HE_MIN}\n{ZHOU_LAN}")
    page.get_by_role("button", name="加进这一批").click()
    page.get_by_role("button", name="提交 2 人").click()
    expect(page.get_by_role("status")).to_contain_text("6 月 24 日到期")
    whole(page, "console-cards-submitted")
    page.get_by_role("button", name="材料送出了").click()
    page.get_by_label("何敏的新卡号").fill("880001")
    page.get_by_role("row").filter(has_text="何敏").get_by_role("button", name="发卡").click()
    expect(page.get_by_role("status")).to_contain_text("何敏 的新卡 880001 现在起算数")
    whole(page, "console-cards-made")
    page.get_by_role("link", name="卡片").first.click()
    whole(page, "console-cards")


def test_an_administrator_is_invited_and_ended(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    page = at_desk(office.desk())
    page.goto(f"{served.url}/console/administrators")
    page.get_by_label("登录名").fill("心内科秘书")
    whole(page, "console-administrators")
    page.get_by_role("button", name="开一个链接").click()
    expect(page.get_by_role("heading", name="把这个链接交给 心内科秘书")).to_be_visible()
    whole(page, "console-administrator-link")
    page.get_by_role("link", name="交好了，返回").click()
    page.get_by_label("收回 心内科秘书 的身份的理由").fill("换人了")
    page.get_by_role("row").filter(has_text="心内科秘书").get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("心内科秘书 的身份已经收回")
    whole(page, "console-administrator-ended")


def test_a_session_that_ends_meanwhile_loses_nothing_that_was_typed(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole, clock: Clock
) -> None:
    desk = office.desk()
    page = at_desk(desk)
    page.goto(f"{served.url}/console/administrators")
    page.get_by_label("登录名").fill("心内科秘书")
    page.get_by_label("单位", exact=True).select_option(label="护理部")
    clock.advance(minutes=31)
    page.get_by_role("button", name="开一个链接").click()
    expect(page.get_by_text("你刚才填的内容还在")).to_be_visible()

    again = office.desk(name="王芳二")
    cookie = {"name": cookies.CONSOLE, "value": again.token.reveal(), "url": served.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # only what it needs
    page.goto(f"{served.url}/console/")
    page.get_by_role("link", name="接着填").click()

    expect(page.get_by_label("登录名")).to_have_value("心内科秘书")
    expect(page.get_by_label("单位", exact=True)).to_have_value(NURSING)
    expect(page.get_by_text("请看一遍再提交")).to_be_visible()
    whole(page, "console-kept")
    page.reload()
    expect(page.get_by_label("登录名")).to_have_value("")


def test_departments_are_dragged_or_moved_by_keys(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    page = at_desk(office.desk())
    page.goto(f"{served.url}/console/departments")
    rows = page.locator("tr[data-code]")
    expect(rows).to_contain_text(["心内科", "护理部"])

    with page.expect_navigation():
        rows.filter(has_text="心内科").drag_to(rows.filter(has_text="护理部"))
    expect(rows).to_contain_text(["护理部", "心内科"])
    with page.expect_navigation():
        rows.filter(has_text="心内科").drag_to(rows.filter(has_text="护理部"))
    expect(rows).to_contain_text(["心内科", "护理部"])

    rows.filter(has_text="心内科").get_by_role("button", name="下移").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(rows).to_contain_text(["护理部", "心内科"])
    # Whoever goes on by keys stands where they stood.
    expect(rows.filter(has_text="心内科").get_by_role("button", name="上移")).to_be_focused()
    whole(page, "console-departments")
