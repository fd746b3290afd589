"""手机页 in Chromium: axe finds nothing, nothing scrolls sideways, in all sizes of text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app.accounts import steps
from app.kernel.secret import Secret
from tests.browser.conftest import Axe, Served, wide
from tests.conftest import Clock
from tests.support.cast import HE_MIN, Cast
from tests.support.nurse import EARLY, GIVEN, WAITING
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE, Official

# Six sizes of a dozen pages, on a machine that does other things too.
pytestmark = pytest.mark.timeout(300)

AGENT = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile MicroMessenger/8.0.50"
# Width in pixels, size of text in per cent, elder mode.
SIZES = ((390, 100, False), (320, 100, False), (768, 100, False), (390, 150, False),
         (320, 200, False), (390, 100, True), (320, 100, True))  # fmt: skip
OPENID = "o-he-min"
UNBOUND = {
    "bind": "bind",
    "bind-phone": "bind/phone",
    "bind-card": "bind/card",
    "bind-card-seen": "bind/card/abc",
    "bind-slip": "bind/slip",
    "bind-ask": "bind/ask",
    "help-unbound": "help",
    "expired": "go/abc",
}
READ_ONLY = ("account", "sessions", "bindings", "lost", "data", "bind", "account/reset")
CREDITS = {
    "credits-2026": "",
    "credits-2025": "credits/2025",
    "credits-2012": "credits/2012",
    "no-year": "credits/2031",
    "why": "why",
    "why-early": f"why/{EARLY}/1",
    "why-waiting": f"why/{WAITING}/1",
    "why-given": f"why/{GIVEN}/1",
}
OWN = {
    "data": "data",
    "lost": "lost",
    "transfer": "transfer?q=医院",
    "account": "account",
    "reset": "account/reset",
    "sessions": "sessions",
    "bindings": "bindings",
    "bound": "bind",
    "freeze-gone": "freeze/abc",
    "standards": "standards",
    "notices": "notices",
    "faq": "faq",
    "help": "help",
    "nothing-here": "nothing/here",
}  # fmt: skip


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(user_agent=AGENT, device_scale_factor=2, locale="zh-CN")
    yield made
    made.close()


def enter(context: BrowserContext, served: Served, openid: str, light: str = "") -> None:
    """The browser has the session that OAuth ends in; on the account `light`, that of a link."""
    slug = light or SERVICE
    token = steps.open_phone_session(
        served.site, slug, openid, agent=AGENT, address="127.0.0.1", light=bool(light)
    ).reveal()
    context.add_cookies(
        [{"name": f"kejiao_phone_{slug}", "value": token, "url": served.url, "httpOnly": True}]
    )


def look(page: Page, axe: Axe, name: str) -> list[str]:
    """What is wrong with the page as it is now, in every size."""
    found = []
    for width, percent, elder in SIZES:
        page.set_viewport_size({"width": width, "height": 780})
        base = percent * 1.25 if elder else percent
        page.evaluate(
            "([elder, size]) => {document.documentElement.toggleAttribute('data-elder', elder);"
            "document.documentElement.style.fontSize = size + '%'}", [elder, base]
        )  # fmt: skip
        label = f"{name}-{width}-{'elder' if elder else percent}"
        if shots := os.environ.get("KEJIAO_SHOTS"):
            page.screenshot(path=Path(shots) / f"{label}.png", full_page=True)
        if wide(page):
            found.append(f"{label}: {wide(page)} px sideways")
        found += [f"{label}: {one}" for one in axe(page)]
    return found


def seen(
    context: BrowserContext, served: Served, axe: Axe, pages: Mapping[str, str],
    slug: str = SERVICE,
) -> tuple[list[str], list[str]]:  # fmt: skip
    """What is wrong with these pages, and what the browser complained of."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    found: list[str] = []
    for name, path in pages.items():
        page.goto(f"{served.url}/m/{slug}/{path}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found += look(page, axe, name)
    # That a page is not there is what some of them are about.
    return found, [one for one in complaints if "status of 4" not in one]


def test_the_pages_of_credits_and_reasons_are_for_everybody(
    context: BrowserContext, served: Served, official: Official, nurse_year: None, axe: Axe
) -> None:
    official.bind(SERVICE, OPENID, HE_MIN)
    enter(context, served, OPENID)
    page = context.new_page()
    page.goto(f"{served.url}/m/{SERVICE}/")
    links = page.eval_on_selector_all("a[href*='/credit/']", "all => all.map(one => one.href)")
    entries = {f"credit-{n}": one.partition(f"/m/{SERVICE}/")[2] for n, one in enumerate(links)}

    assert len(entries) == 3
    assert seen(context, served, axe, CREDITS | entries) == ([], [])


def test_the_pages_of_ones_own_things_are_for_everybody(
    context: BrowserContext, served: Served, official: Official, nurse_year: None, axe: Axe
) -> None:
    official.bind(SERVICE, OPENID, HE_MIN)
    enter(context, served, OPENID)

    assert seen(context, served, axe, OWN) == ([], [])


def test_the_pages_before_binding_are_for_everybody(
    context: BrowserContext, served: Served, official: Official, cast: Cast, axe: Axe
) -> None:
    enter(context, served, "o-new")

    assert seen(context, served, axe, UNBOUND) == ([], [])


def test_the_pages_that_a_link_of_the_chat_opens_are_for_everybody(
    context: BrowserContext, served: Served, official: Official, cast: Cast, axe: Axe
) -> None:
    official.bind(CITY_OFFICE, OPENID, HE_MIN)
    enter(context, served, "o-new", CITY_OFFICE)
    before = seen(context, served, axe, {"light-unbound": "bind"}, CITY_OFFICE)
    enter(context, served, OPENID, CITY_OFFICE)
    pages = {f"light-{path.replace('/', '-')}": path for path in READ_ONLY}

    assert before == ([], [])
    assert seen(context, served, axe, pages, CITY_OFFICE) == ([], [])


def test_what_forms_answer_is_for_everybody(
    context: BrowserContext, served: Served, official: Official, cast: Cast, clock: Clock, axe: Axe
) -> None:
    official.bind(SERVICE, OPENID, HE_MIN)
    clock.advance(days=31)
    enter(context, served, OPENID)
    offer = steps.offer_scan(
        served.site, SERVICE, Secret("a browser"), agent="Windows Edg/", address="10.16.3.88"
    )
    assert not isinstance(offer, int)
    page = context.new_page()
    found: list[str] = []

    def go(path: str) -> None:
        page.goto(f"{served.url}/m/{SERVICE}/{path}")

    def press(name: str, shown: str) -> None:
        with page.expect_navigation():
            page.get_by_role("button", name=name).click()
        found.extend(look(page, axe, shown))

    go("account/reset")
    press("给我一次性码", "code")
    go(f"scan/{offer.token.reveal()}")
    found += look(page, axe, "scan")
    press(str(offer.number), "signed-in")
    go(f"scan/{offer.token.reveal()}")
    found += look(page, axe, "scan-over")
    go("lost")
    press(f"挂失 {HE_MIN}", "lost-done")
    go("bind/slip")
    page.get_by_label("激活码").fill("0000-0000-0000")
    press("绑定到这个微信", "not-bound")
    go("bind/ask")
    press("请科教科确认", "ask-refused")
    page.get_by_label("姓名").fill("何敏")
    page.get_by_label("医院和科室").fill("颍川市第一人民医院心内科")
    press("请科教科确认", "asked")
    go("bindings")
    page.get_by_text("解除这个微信的绑定").click()
    press("解除绑定", "unbound")

    assert found == []


def test_axe_sees_what_is_wrong(context: BrowserContext, axe: Axe) -> None:
    page = context.new_page()
    page.set_content("<html><body><img src='x'><p style='color:#ccc'>看不清</p></body></html>")

    rules = {one.partition(":")[0] for one in axe(page)}

    assert {"image-alt", "color-contrast", "html-has-lang"} <= rules


def test_the_large_version_has_large_targets(
    context: BrowserContext, served: Served, official: Official, cast: Cast
) -> None:
    enter(context, served, "o-new")
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 780})
    page.goto(f"{served.url}/m/{SERVICE}/bind")
    heights = "all => all.map(one => one.getBoundingClientRect().height)"

    normal = page.eval_on_selector_all("a, button", heights)
    page.get_by_text("大字版").click()
    large = page.eval_on_selector_all("a, button", heights)

    assert page.get_attribute("html", "data-elder") is not None
    assert min(normal) >= 44
    assert min(large) >= 60


def test_a_follower_comes_in_through_the_platform_and_to_the_page_they_asked_for(
    context: BrowserContext, beside: Served, official: Official, simulator: Simulator,
    nurse_year: None,
) -> None:  # fmt: skip
    simulator.user(ACCOUNTS[SERVICE], OPENID)
    official.bind(SERVICE, OPENID, HE_MIN)
    context.add_cookies(
        [{"name": "wechat_simulator_holder", "value": OPENID, "url": simulator.url}]
    )
    page = context.new_page()

    page.goto(f"{beside.url}/m/{SERVICE}/why/{EARLY}/1")
    reason = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="我的学分").click()

    assert "".join(reason.split()) == "下午签退早了8分钟，所以没有学分。"
    assert "14.5" in page.get_by_role("heading", level=1).inner_text()
