"""Every page of the console that there is, found by the map of addresses: whole at every width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from app.kernel.actor import Role
from tests.browser.conftest import Served
from tests.house.conftest import estate
from tests.house.estate import Estate
from tests.house.test_matrix import SEATS, addresses
from tests.support.office import Desk, Office

__all__ = ["estate"]

pytestmark = pytest.mark.timeout(300)


def test_every_page_of_the_console_is_whole(
    estate: Estate,
    served: Served,
    office: Office,
    at_desk: Callable[[Desk], Page],
    whole: Callable[..., None],
    deep: int,
) -> None:
    """As the first of these who may see it; what is no page, as a picture or a list, is left.

    With --deep 2 axe looks at each of them at every width.
    """
    seen: dict[str, str] = {}
    for role in (Role.HOSPITAL_ADMIN, Role.CITY_OFFICE):
        desk = office.desk(role, SEATS[role])
        page = at_desk(desk)
        for rule, method, address in addresses(desk, estate):
            if method != "GET" or rule.endpoint in seen:
                continue
            answer = desk.get(address)
            if answer.status_code == 200 and b"<html" in answer.data[:200]:
                page.goto(f"{served.url}{address}")
                whole(page, f"every-{rule.endpoint}", briefly=deep == 1)
                seen[rule.endpoint] = role
    assert len(seen) > 30
