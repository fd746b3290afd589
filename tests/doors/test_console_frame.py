"""What stands around every page of the console."""

from __future__ import annotations

import pytest

from app.kernel.actor import Role
from app.main import create_app
from tests.support.cast import CITY_BUREAU, HOSPITAL
from tests.support.entrance import Entrance
from tests.support.office import Office


@pytest.mark.parametrize(
    ("role", "unit", "acting"),
    [
        (Role.HOSPITAL_ADMIN, HOSPITAL, "颍川市第一人民医院·医院管理员"),
        (Role.CITY_OFFICE, CITY_BUREAU, "颍川市卫生局·市继教办"),
    ],
)
def test_who_governs_sees_the_menu_and_as_what_they_act(
    office: Office, role: Role, unit: str, acting: str
) -> None:
    page = office.desk(role, unit).get("/console/").text

    assert acting in page
    assert 'aria-label="主菜单"' in page
    assert 'aria-current="page">首页' in page


def test_who_governs_nothing_has_no_menu(entrance: Entrance) -> None:
    signed = entrance.claim()
    web = create_app(entrance.site).test_client()
    web.set_cookie("kejiao_console", signed.session.reveal())

    page = web.get("/console/").text

    assert "何敏，你好" in page
    assert "主菜单" not in page
