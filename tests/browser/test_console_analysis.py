"""考情分析 in a browser: an edge moved by mouse and by key, and the numbers that follow it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine, text

from app.base import cookies, outbox
from tests.browser.conftest import Axe, Served, wide
from tests.support.filing import NO
from tests.support.holding import BOTH, NEARLY_OUT, Training, number_of
from tests.support.office import Office

WIDTHS = {1366: 768, 1024: 1366, 768: 1024}
GRANTED = BOTH - 1


@pytest.fixture
def page(browser: Browser, served: Served, office: Office, training: Training) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    desk = office.desk()
    context.add_cookies(
        [{"name": cookies.CONSOLE, "value": desk.token.reveal(), "url": served.url}]
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.goto(f"{served.url}/console/analysis/{NO}/1")
    yield page
    context.close()
    assert said == []


def edge(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name)


def shot(page: Page, name: str) -> None:
    if shots := os.environ.get("KEJIAO_SHOTS"):
        page.screenshot(path=Path(shots) / f"{name}.png", full_page=True)


def test_the_page_is_whole_at_every_width(page: Page, axe: Axe) -> None:
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert wide(page) == 0
        assert axe(page) == []
        shot(page, f"console-analysis-{width}")


def test_an_edge_is_dragged_by_the_mouse(page: Page) -> None:
    plot = page.locator("#plot")
    box = plot.bounding_box()
    assert box is not None
    low, high = (int(plot.get_attribute(f"data-{name}") or 0) for name in ("low", "high"))
    wanted = 16 * 60 + 50
    grip = edge(page, "下午签退开始").locator(".w-grip").bounding_box()
    assert grip is not None

    page.mouse.move(grip["x"] + 8, grip["y"] + 18)
    page.mouse.down()
    page.mouse.move(box["x"] + (wanted - low) / (high - low) * box["width"], 300, steps=8)

    expect(page.locator("#granted")).to_have_text(str(GRANTED + NEARLY_OUT))
    expect(page.locator("#gained")).to_have_text(str(NEARLY_OUT))
    expect(page.locator("#call")).to_contain_text(f"多 {NEARLY_OUT} 人得分")
    shot(page, "console-analysis-dragged")
    page.mouse.up()
    expect(page.locator("#start-1")).to_have_value("16:50")
    page.reload()
    expect(page.locator("#granted")).to_have_text(str(GRANTED + NEARLY_OUT))


def test_an_edge_is_moved_by_keys_a_minute_or_ten(page: Page) -> None:
    handle = edge(page, "下午签退开始")
    handle.focus()

    page.keyboard.press("ArrowLeft")
    expect(page.locator("#granted")).to_have_text(str(GRANTED + 1))
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#granted")).to_have_text(str(GRANTED + NEARLY_OUT))
    expect(handle).to_have_attribute("aria-valuetext", "16:49")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#granted")).to_have_text(str(GRANTED))
    expect(handle).to_be_focused()


def test_a_time_that_is_typed_moves_its_edge(page: Page) -> None:
    page.locator("#start-1").fill("16:55")

    expect(page.locator("#gained")).to_have_text(str(NEARLY_OUT - 3))
    expect(edge(page, "下午签退开始")).to_have_attribute("aria-valuenow", str(16 * 60 + 55))


def test_an_edge_is_moved_the_list_looked_at_and_credit_given(
    page: Page, axe: Axe, served: Served, owner: Engine
) -> None:
    handle = edge(page, "下午签退开始")
    handle.focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#granted")).to_have_text(str(GRANTED + NEARLY_OUT))
    page.get_by_role("link", name="预览授分名单").click()
    button = page.get_by_role("button", name=f"给 {GRANTED + NEARLY_OUT + 1} 人授分")
    expect(button).to_be_visible()
    look(page, axe, "console-award-preview")

    button.click()
    expect(page.get_by_role("heading", name="正在授分")).to_be_visible()
    look(page, axe, "console-award-waiting")
    with owner.connect() as connection:
        waiting = connection.execute(
            text("select id from outbox_message where done_at is null order by id")
        ).scalars().all()  # fmt: skip
    for message in waiting:
        outbox.deliver(served.site, message)

    said = f"已给 {GRANTED + NEARLY_OUT + 1} 人授分"
    expect(page.get_by_role("heading", name=said)).to_be_visible()
    look(page, axe, "console-award-done")
    page.get_by_role("link", name="撤回授分").click()
    look(page, axe, "console-award-undo")


def look(page: Page, axe: Axe, name: str) -> None:
    """The page fits, and a reader of screens finds nothing wrong; at a desk and on a tablet."""
    for width in (768, 1366):
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        assert wide(page) == 0
        assert axe(page) == []
        shot(page, f"{name}-{width}")


def test_projects_records_and_reasons_are_whole(page: Page, axe: Axe, served: Served) -> None:
    for name, address in {
        "projects": "/console/projects/",
        "project": f"/console/projects/{NO}",
        "records": f"/console/records/{NO}/1",
        "why": f"/console/awards/{NO}/1/why/{number_of(BOTH + 2)}",
    }.items():
        page.goto(f"{served.url}{address}")
        look(page, axe, f"console-{name}")
