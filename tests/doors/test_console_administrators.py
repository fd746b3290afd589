"""Who may do what where: seen, invited and ended at a desk."""

from __future__ import annotations

import re

import pytest

from app.accounts import queries
from app.kernel.actor import Role
from tests.support.cast import (
    CARDIOLOGY,
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    HOSPITAL,
    STRANGER_HOSPITAL,
)
from tests.support.office import Desk, Office

SECRETARY = {"role": "department_secretary", "unit": CARDIOLOGY, "name": "心内科秘书"}


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk()


def grant_of(desk: Desk, name: str) -> str:
    """The number of the grant in the form beside that name."""
    row = re.search(rf"<tr><td>{name}</td>.*?</tr>", desk.get("/console/administrators").text)
    found = re.search(r'name="grant" value="(\d+)"', row[0] if row else "")
    return found[1] if found else ""


def test_who_holds_what_is_listed_with_how_they_stand(desk: Desk) -> None:
    desk.send("/console/administrators", **SECRETARY)

    page = desk.get("/console/administrators").text

    assert re.search(
        "王芳</td><td>医院管理员</td><td>颍川市第一.*医院</td><td>密码，两步验证<", page
    )
    assert re.search("心内科秘书</td><td>科室秘书</td><td>心内科</td><td>.*链接还没用", page)
    assert grant_of(desk, "王芳") == ""


def test_an_invitation_shows_its_link_once_and_it_opens(desk: Desk) -> None:
    page = desk.send("/console/administrators", **SECRETARY).text

    [link] = re.findall(r"http://\S+/activate/\S+?(?=<)", page)
    assert "把这个链接交给 心内科秘书" in page
    assert desk.get("/activate/" + link.rpartition("/")[2]).status_code == 200
    assert "/activate/" not in desk.get("/console/administrators").text


def test_whose_role_is_ended_is_out_at_once(office: Office, desk: Desk) -> None:
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    assert desk.get("/console/").status_code == 200

    answer = city.send("/console/administrators/end", grant=grant_of(city, "王芳"), reason="调走了")

    assert (answer.status_code, answer.location) == (303, "/console/administrators")
    assert "王芳 的身份已经收回" in city.get("/console/administrators").text
    assert desk.get("/console/").status_code == 302
    assert queries.login_of(desk.site, desk.login.id).grants == ()


def test_ending_a_role_asks_for_a_reason_and_keeps_who_was_meant(
    office: Office, desk: Desk
) -> None:
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    answer = city.send("/console/administrators/end", grant=grant_of(city, "王芳"), reason=" ")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert desk.get("/console/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"role": "hospital_admin"}, 422, "你的身份不能邀请"),
        ({"role": "operator"}, 422, "你的身份不能邀请"),
        ({"role": "nonsense"}, 422, "你的身份不能邀请"),
        ({"unit": HOSPITAL}, 422, "要设在"),
        ({"unit": COUNTY_HOSPITAL}, 404, COUNTY_HOSPITAL),
        ({"name": ""}, 422, "登录名要有"),
        ({"name": "990100001"}, 422, "登录名不能全是数字"),
    ],
)
def test_an_invitation_that_cannot_be_says_why_and_keeps_what_was_typed(
    desk: Desk, fields: dict[str, str], status: int, said: str
) -> None:
    answer = desk.send("/console/administrators", **SECRETARY | fields)

    assert answer.status_code == status
    assert said in answer.text
    assert f'value="{(SECRETARY | fields)["name"]}"' in answer.text
    assert "链接还没用" not in answer.text


def test_nobody_ends_what_is_above_or_elsewhere(office: Office, desk: Desk) -> None:
    stranger = office.desk(Role.HOSPITAL_ADMIN, STRANGER_HOSPITAL, "外院管理员")
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    own = grant_of(city, "王芳")

    assert "王芳" not in stranger.get("/console/administrators").text
    assert stranger.send("/console/administrators/end", grant=own, reason="x").status_code == 404
    assert desk.send("/console/administrators/end", grant=own, reason="x").status_code == 403
    for strange in ("", "0", "-1", "9" * 30, "x"):
        answer = desk.send("/console/administrators/end", grant=strange, reason="x")
        assert answer.status_code == 404, strange
    assert desk.get("/console/").status_code == 200


def test_a_secretary_has_no_such_page(office: Office) -> None:
    secretary = office.desk(Role.DEPARTMENT_SECRETARY, CARDIOLOGY, "心内科秘书")

    assert secretary.get("/console/administrators").status_code == 403
    assert "/console/administrators" not in secretary.get("/console/").text
