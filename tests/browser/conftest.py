"""A real browser: Debian's Chromium, driven by Playwright, at the app of the test's own site.

served                     where the app answers on loopback: `served.url`, `served.site`
browser                    one Chromium for the run
axe(page)                  what axe-core finds on a page, in words; nothing on a good one
wide(page)                 by how many pixels the page scrolls sideways
at_desk(office.desk())     a page of the console in the browser of who sits there
whole(page, "name")        that page is whole at every width of the console
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app.base import cookies
from app.base.site import Site
from app.cli.bootstrap import chromium
from tests.support.office import Desk
from tests.support.serving import app_of
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, Official

VENDOR = Path(__file__).resolve().parent / "vendor"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# A root without a sandbox of its own, as in a container, starts Chromium in no other way.
_FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb")

Axe = Callable[[Page], list[str]]


@dataclass(frozen=True)
class Served:
    """The app on loopback."""

    url: str
    site: Site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run; without one the tests of this folder are skipped."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield started
        started.close()


@contextmanager
def serving(site: Site, **settings: str) -> Iterator[Served]:
    """The app of a site with these settings, at an address of its own."""
    server = make_server("127.0.0.1", 0, _later, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    at = replace(site, config=replace(site.config, public_url=url, **settings))
    server.app = app_of(at)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    yield Served(url, at)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def served(site: Site) -> Iterator[Served]:
    """The app of the test's own site."""
    with serving(site) as served:
        yield served


@pytest.fixture
def beside(site: Site, official: Official, simulator: Simulator) -> Iterator[Served]:
    """The app of the test's own site beside a WeChat of ours, which knows its accounts."""
    urls = {"wechat_api": simulator.url, "wechat_open": simulator.url}
    with serving(site, **urls) as served:
        for slug, account in ACCOUNTS.items():
            simulator.put(
                account, f"{served.url}/wechat/{slug}", phone_url=f"{served.url}/m/{slug}/"
            )
        yield served


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Ask axe-core about a page, by the rules of WCAG 2.2 A and AA and best practice."""
    source = (VENDOR / "axe.min.js").read_text()

    def ask(page: Page) -> list[str]:
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(source)
        found: list[dict[str, Any]] = page.evaluate(
            "tags => axe.run({runOnly: tags}).then(said => said.violations)", list(TAGS)
        )
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]

    return ask


def wide(page: Page) -> int:
    """By how many pixels the page scrolls sideways; 0 where it fits."""
    root = "document.documentElement"
    page.wait_for_load_state("load")
    return int(page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))


def _later(*_: object) -> list[bytes]:
    """Stands in for the app until the address is known that it needs."""
    raise AssertionError


@pytest.fixture
def at_desk(browser: Browser, served: Served) -> Iterator[Callable[[Desk], Page]]:
    """The browser of a desk: a page in which whoever sits there is signed in."""
    contexts = []

    def open_at(desk: Desk) -> Page:
        context = browser.new_context(locale="zh-CN")
        contexts.append(context)
        cookie = {"name": cookies.CONSOLE, "value": desk.token.reveal(), "url": served.url}
        context.add_cookies([cookie])  # type: ignore[list-item]  # only what it needs
        return context.new_page()

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture
def whole(axe: Axe) -> Callable[..., None]:
    """See a page of the console at a desk's, a tablet's and a narrow width.

    `briefly` asks axe at the first of them alone. KEJIAO_SHOTS names a folder for pictures of it.
    """
    shots = os.environ.get("KEJIAO_SHOTS")

    def see(page: Page, name: str, *, briefly: bool = False) -> None:
        for width, height in {1366: 768, 1024: 1366, 768: 1024}.items():
            page.set_viewport_size({"width": width, "height": height})
            assert wide(page) == 0, (name, width)
            assert (briefly and width != 1366) or axe(page) == [], (name, width)
            if shots:
                page.screenshot(path=Path(shots) / f"{name}-{width}.png", full_page=True)

    return see
