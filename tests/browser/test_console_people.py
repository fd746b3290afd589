"""The people of the console in a browser: whole at every width."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.base import cookies
from app.base.work import begin
from app.standards import commands as standards
from tests.browser.conftest import Axe, Served, wide
from tests.support.cast import OPERATOR
from tests.support.office import Desk, Office

WIDTHS = {1366: 768, 1024: 1366, 768: 1024}


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


@pytest.fixture
def page(browser: Browser, served: Served, desk: Desk) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN")
    context.add_cookies(
        [{"name": cookies.CONSOLE, "value": desk.token.reveal(), "url": served.url}]
    )
    yield context.new_page()
    context.close()


def whole(page: Page, axe: Axe, name: str) -> None:
    """The page fits and has no barrier at any width; a picture of each where one is asked for."""
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        if shots := os.environ.get("KEJIAO_SHOTS"):
            page.screenshot(path=Path(shots) / f"{name}-{width}.png", full_page=True)
        assert wide(page) == 0
        assert axe(page) == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("people", ""),
        ("people-department", "?unit=H1-1"),
        ("people-nobody", "?q=何敏&status=maternity"),
    ],
)
def test_the_list_is_whole_at_every_width(
    page: Page, served: Served, axe: Axe, name: str, path: str
) -> None:
    page.goto(f"{served.url}/console/people{path}")

    whole(page, axe, name)
