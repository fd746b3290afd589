"""读卡 in a real browser: with nobody beside the reader, and with a program that answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count

from playwright.sync_api import Page, Route, expect

from app.web.headers import READER
from tests.browser.conftest import Served
from tests.support.cast import UIDS, ZHOU_LAN
from tests.support.office import Desk, Office

AtDesk = Callable[[Desk], Page]
Whole = Callable[[Page, str], None]


def test_a_card_on_the_reader_is_looked_up_by_itself(
    served: Served, office: Office, at_desk: AtDesk, whole: Whole
) -> None:
    page = at_desk(office.desk())
    page.route(f"{READER}/**", lambda route: route.abort())
    page.goto(f"{served.url}/console/cards/read")
    expect(page.get_by_text("这台电脑上没有读卡程序在运行")).to_be_visible()
    whole(page, "console-reading-none")

    asked = count(1)

    def answer(route: Route) -> None:
        number = next(asked)
        told = {"seq": "s1" if number > 1 else "", "reader": "ACS ACR122U",
                "uid": UIDS[ZHOU_LAN] if number > 1 else None}  # fmt: skip
        route.fulfill(
            body=json.dumps(told), content_type="application/json",
            headers={"Access-Control-Allow-Origin": served.url},
        )  # fmt: skip

    page.unroute(f"{READER}/**")
    page.route(f"{READER}/**", answer)
    expect(page.get_by_role("button", name="挂失这张卡")).to_be_visible()
    expect(page.get_by_role("heading", name="周岚")).to_be_visible()
    whole(page, "console-reading")
