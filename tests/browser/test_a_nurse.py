"""A nurse's story, played in a browser by WeChat's page of ours and a PC beside it."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from app.accounts.commands.slips import issue_slips
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from tests.browser.conftest import Axe, Served, wide
from tests.conftest import Clock
from tests.support.cast import HE_MIN, OPERATOR
from tests.support.nurse import EARLY
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, SERVICE

NAME = "何敏的微信"
PASSWORD = "Heart-7-lungs-3"


def opened(chat: Page, words: str) -> Page:
    """The page behind the newest link of the chat with these words."""
    with chat.context.expect_page() as tab:
        chat.locator("#chat a", has_text=words).last.click()
    tab.value.wait_for_load_state()
    return tab.value


def say(chat: Page, words: str) -> None:
    chat.locator("#words").fill(words)
    chat.locator("#say button").click()


def test_a_nurse_follows_binds_reads_why_and_signs_in_at_a_pc(
    site: Site, clock: Clock, nurse_year: None, beside: Served, simulator: Simulator,
    browser: Browser, axe: Axe,
) -> None:  # fmt: skip
    with begin(site, OPERATOR) as work:
        [slip] = issue_slips(work, "H1-1", person_no=HE_MIN)
    simulator.user(ACCOUNTS[SERVICE], "o-nurse", name=NAME, subscribed=False)
    chat = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
    chat.goto(simulator.url)
    chat.get_by_role("radio", name=re.compile(NAME)).check()

    # She follows the account, and is told how to begin.
    chat.locator("#follow button").click()
    expect(chat.locator("#chat")).to_contain_text("第一次用，先绑定")

    # She proves who she is by what her department gave her.
    phone = opened(chat, "先绑定")
    phone.get_by_text("用激活条").click()
    phone.get_by_label("激活码").fill(slip.code.reveal())
    phone.get_by_role("button", name="绑定到这个微信").click()
    expect(phone.locator("main")).to_contain_text("绑定")

    # She asks why, and reads it in the chat and on the page.
    say(chat, f"为什么 {EARLY}")
    expect(chat.locator("#chat")).to_contain_text("早了 8 分钟")
    why = opened(chat, "看刷卡和时段")
    expect(why.locator("h1")).to_contain_text("早了 8 分钟")
    assert (axe(why), wide(why)) == ([], 0)

    # A week later she has forgotten her password, gets a code on the phone, and a new one at a PC.
    clock.advance(days=8)
    say(chat, "密码")
    account = opened(chat, "这一页")
    account.get_by_text("重置密码").click()
    account.get_by_role("button", name="给我一次性码").click()
    code = "".join(account.locator(".code span").all_inner_texts())
    name = "".join(account.locator(".num").first.inner_text().split())
    desk = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    desk.goto(f"{beside.url}/login/code")
    desk.get_by_label("用户名").fill(name)
    desk.get_by_label("一次性码", exact=True).fill(code)
    desk.get_by_role("button", name="下一步，设新密码").click()
    for field in desk.locator("input[type=password]").all():
        field.fill(PASSWORD)
    desk.get_by_role("button", name="设好新密码").click()
    expect(desk.locator("h1")).to_have_text("密码设好了，已经登录")

    # Her WeChat is told, in case it was somebody else.
    while outbox.deliver_next(beside.site):
        pass
    expect(chat.locator("#chat")).to_contain_text("你的电脑登录密码已经重设")
    expect(opened(chat, "打开看看").locator("h1")).to_have_text("不是你改的密码，就冻结账号")

    # And with that she signs in at another one.
    other = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    other.goto(f"{beside.url}/login")
    other.get_by_label("用户名").fill(name)
    other.get_by_label("密码", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="登录", exact=True).click()
    expect(other.locator("body")).to_contain_text("何敏")
    assert other.url.startswith(f"{beside.url}/console")
