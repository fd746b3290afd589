"""The people of the console in a browser: whole at every width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from app.base.work import begin
from app.standards import commands as standards
from tests.browser.conftest import Served
from tests.support.cast import OPERATOR
from tests.support.office import Desk, Office

PAGES = {
    "people": "/people",
    "people-department": "/people?unit=H1-1",
    "people-nobody": "/people?q=何敏&status=maternity",
    "person": "/people/990100001",
    "person-edit": "/people/990100001/edit",
}


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def test_every_page_about_people_is_whole_at_every_width(
    served: Served,
    desk: Desk,
    at_desk: Callable[[Desk], Page],
    whole: Callable[[Page, str], None],
) -> None:
    page = at_desk(desk)

    for name, path in PAGES.items():
        page.goto(f"{served.url}/console{path}")
        whole(page, name)
