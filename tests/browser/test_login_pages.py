"""登录页 in Chromium: axe finds nothing, nothing scrolls sideways, and the picture looks after
itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.accounts import commands, steps
from app.base.work import begin
from app.kernel.secret import Secret
from app.web import pictures
from tests.browser.conftest import Axe, Served, wide
from tests.conftest import Clock
from tests.support.cast import COUNTY_HOSPITAL, HE_MIN
from tests.support.entrance import ADMIN, OPENID, PASSWORD, Entrance
from tests.support.wechat_client import SERVICE

pytestmark = pytest.mark.timeout(300)

WIDTHS = (375, 390, 768, 1366)
HEIGHTS = {375: 740, 390: 844, 768: 1024, 1366: 768}
Look = Callable[[str], None]


@pytest.fixture
def here(entrance: Entrance, served: Served) -> Entrance:
    return replace(entrance, site=served.site)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_context(locale="zh-CN")
    page = made.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    made.close()
    # A refusal of ours is an error of the network to the console, and no fault; nor is a connection
    # that the browser kept open ahead of need and the small server of the test has closed.
    no_faults = ("status of 4", "net::ERR_SOCKET_NOT_CONNECTED", "net::ERR_CONNECTION_RESET")
    assert [one for one in faults if not any(said in one for said in no_faults)] == []


@pytest.fixture
def look(page: Page, axe: Axe) -> Look:
    """See the page at every width; KEJIAO_SHOTS names a folder for pictures of it."""
    shots = os.environ.get("KEJIAO_SHOTS")

    def at_every_width(name: str) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            assert wide(page) == 0, (name, width)
            assert axe(page) == [], (name, width)
            if shots:
                page.screenshot(path=Path(shots) / f"{name}-{width}.png", full_page=True)

    return at_every_width


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the phone's camera would read, picture after picture."""
    read: list[str] = []
    drawn = pictures.qr

    def see(link: str) -> pictures.Picture:
        read.append(link)
        return drawn(link)

    monkeypatch.setattr(pictures, "qr", see)
    return read


def sign_in(page: Page, served: Served, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{served.url}/login")
    page.get_by_label("用户名（一卡通号）").fill(name)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def tap(here: Entrance, link: str, number: int) -> bool:
    token = Secret(link.rpartition("/")[2])
    assert steps.scan_of(here.site, SERVICE, OPENID, token)
    with begin(here.site, here.cast.self(HE_MIN)) as work:
        return commands.confirm_scan(
            work, HE_MIN, token, number, card_no=HE_MIN, slug=SERVICE, openid=OPENID
        )


def number_on(page: Page) -> int:
    return int(page.locator(".qr .big").inner_text())


def test_every_page_of_a_nurse_is_whole_at_every_width(
    page: Page, served: Served, here: Entrance, look: Look
) -> None:
    here.bind()
    page.goto(f"{served.url}/login")
    look("login")
    sign_in(page, served, HE_MIN, "Wrong-9-waters-run")
    look("login-wrong")
    page.get_by_role("link", name="用一次性码登录").click()
    look("code")
    page.get_by_label("用户名（一卡通号）").fill(HE_MIN)
    page.get_by_label("一次性码").fill("00000 00000")
    page.get_by_role("button", name="下一步，设新密码").click()
    look("code-wrong")
    page.get_by_label("一次性码").fill(here.ask().code.reveal().lower())
    page.get_by_role("button", name="下一步，设新密码").click()
    look("password")
    for password in ("weak", PASSWORD):
        page.get_by_label("新密码").fill(password)
        page.get_by_label("再填一次").fill(password)
        page.get_by_role("button", name="设好新密码").click()
        look("password-weak" if password == "weak" else "done")
    page.get_by_role("link", name="继续").click()
    look("home")
    page.get_by_role("link", name="登录的设备").click()
    look("sessions")
    page.get_by_role("link", name="安全").click()
    look("security")
    page.get_by_role("button", name="退出").click()
    look("out")


def test_every_page_of_an_administrator_is_whole_at_every_width(
    page: Page, served: Served, here: Entrance, look: Look, clock: Clock
) -> None:
    here.admin()
    login = here.admin(unit=COUNTY_HOSPITAL, password=None)
    sign_in(page, served, ADMIN)
    look("enrol")
    page.get_by_label("6 位数字").fill("000000")
    page.get_by_role("button", name="设好了").click()
    look("enrol-wrong")
    page.get_by_label("6 位数字").fill(here.number(login))
    page.get_by_role("button", name="设好了").click()
    look("recovery")
    page.get_by_role("link", name="收好了，继续").click()
    look("capacities")
    page.get_by_role("button", name="用这个身份").first.click()
    look("home-admin")
    page.get_by_role("link", name="安全").click()
    look("security-second")
    page.get_by_role("button", name="退出").click()
    clock.advance(seconds=60)
    sign_in(page, served, ADMIN)
    look("second")


def test_the_page_goes_on_by_itself_once_the_phone_has_the_number(
    page: Page, served: Served, here: Entrance, links: list[str]
) -> None:
    here.bind()
    page.goto(f"{served.url}/login")
    expect(page.get_by_text("过时自动换新")).to_be_visible()

    token = Secret(links[-1].rpartition("/")[2])
    assert steps.scan_of(here.site, SERVICE, OPENID, token)
    expect(page.get_by_text("手机已经扫到")).to_be_visible()
    assert tap(here, links[-1], number_on(page))

    page.wait_for_url("**/console/")
    expect(page.get_by_role("heading", name="何敏，你好")).to_be_visible()


def test_a_picture_that_is_over_is_replaced_and_what_was_typed_stays(
    page: Page, served: Served, here: Entrance, links: list[str], clock: Clock
) -> None:
    here.bind()
    page.goto(f"{served.url}/login")
    page.get_by_label("用户名（一卡通号）").fill("99010")
    old = page.locator(".qr path").get_attribute("d")
    clock.advance(seconds=61)

    expect(page.locator(".qr path")).not_to_have_attribute("d", old or "")

    expect(page.get_by_label("用户名（一卡通号）")).to_have_value("99010")
    assert len(links) == 2
    assert tap(here, links[-1], number_on(page))
    page.wait_for_url("**/console/")


def test_without_scripts_a_button_does_the_same(
    browser: Browser, served: Served, here: Entrance, links: list[str]
) -> None:
    here.bind()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/login")
    expect(page.get_by_text("过时自动换新")).to_be_hidden()
    assert tap(here, links[-1], number_on(page))

    page.get_by_role("button", name="我已经点了").click()

    expect(page.get_by_role("heading", name="何敏，你好")).to_be_visible()
    context.close()
