"""The console in a browser: every page whole at every width, seen as an administrator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.base import cookies
from tests.browser.conftest import Axe, Served, wide
from tests.support.office import Desk, Office

WIDTHS = {1366: 768, 1024: 1366, 768: 1024}


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk()


def test_the_first_page_is_whole_at_every_width(
    browser: Browser, served: Served, desk: Desk, axe: Axe
) -> None:
    context = browser.new_context(locale="zh-CN")
    context.add_cookies(
        [{"name": cookies.CONSOLE, "value": desk.token.reveal(), "url": served.url}]
    )
    page: Page = context.new_page()
    page.goto(f"{served.url}/console/")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert wide(page) == 0
        assert axe(page) == []
        if shots := os.environ.get("KEJIAO_SHOTS"):
            page.screenshot(path=Path(shots) / f"console-home-{width}.png", full_page=True)
    context.close()
