"""Departments in the console: made, named, put in order, merged and closed."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text

from app.base.work import begin
from app.kernel.actor import Role
from app.standards import commands as standards
from tests.support.cast import (
    ACUPUNCTURE,
    CARDIOLOGY,
    CITY_BUREAU,
    HOSPITAL,
    MEDICINE,
    NURSING,
    OPERATOR,
)
from tests.support.office import Desk, Office

LIST = "/console/departments"


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def listed(desk: Desk) -> list[str]:
    return re.findall(r'unit=[\w-]+">([^<]+)</a></td>', desk.get(LIST).text)


def made(desk: Desk, name: str, parent: str = HOSPITAL) -> str:
    """A new department; its code."""
    desk.send(LIST, name=name, parent=parent)
    found = re.search(r'unit=([\w-]+)">' + name, desk.get(LIST).text)
    assert found is not None
    return found[1]


def told(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", "", page)


def test_a_department_is_made_named_put_in_order_and_closed(desk: Desk) -> None:
    code = made(desk, "急诊科")
    assert listed(desk) == ["心内科", "护理部", "急诊科"]

    desk.send(f"{LIST}/{code}/place", before=CARDIOLOGY)
    assert listed(desk) == ["急诊科", "心内科", "护理部"]
    desk.send(f"{LIST}/{CARDIOLOGY}/place", before="")
    assert listed(desk) == ["急诊科", "护理部", "心内科"]

    desk.send(f"{LIST}/{code}/name", name="急诊医学科", seen="急诊科")
    assert listed(desk)[0] == "急诊医学科"
    assert "名称：急诊科 → 急诊医学科" in desk.get(LIST).text

    desk.send(f"{LIST}/{code}/close", name="急诊医学科")
    assert listed(desk) == ["护理部", "心内科"]
    assert "急诊医学科" not in desk.get("/console/people").text


def test_a_department_with_people_is_not_closed_and_the_page_says_what_to_do(desk: Desk) -> None:
    answer = desk.send(f"{LIST}/{CARDIOLOGY}/close", name="心内科")

    assert answer.status_code == 409
    assert "“心内科”里还有2人，不能关闭。先合并到别的科室" in told(answer.text)


def test_a_department_with_others_under_it_is_not_closed(desk: Desk) -> None:
    outer = made(desk, "外科")
    made(desk, "骨科", outer)

    answer = desk.send(f"{LIST}/{outer}/close", name="外科")

    assert "“外科”下面还有科室：骨科" in told(answer.text)


def test_a_merge_says_how_many_move_and_moves_them_with_all_that_is_theirs(
    desk: Desk, owner: Engine
) -> None:
    page = desk.get(f"{LIST}/{CARDIOLOGY}/merge").text
    assert "转 2 人，关闭心内科" in page

    desk.send(f"{LIST}/{CARDIOLOGY}/merge", into=NURSING, count="2")

    assert "“心内科”的 2 人已转到“护理部”" in desk.get(LIST).text
    assert listed(desk) == ["护理部"]
    with owner.connect() as connection:
        paths = connection.execute(
            text("select c.path = p.path from card c join person p on p.id = c.person_id")
        )
        assert all(same for (same,) in paths)
    assert "护理部<span>4</span>" in desk.get("/console/people").text


@pytest.mark.parametrize(
    ("into", "count", "said"),
    [
        (NURSING, "1", "现在有2人，和你看到的不一样"),
        (NURSING, "x", "现在有2人，和你看到的不一样"),
        (CARDIOLOGY, "2", "不能合并到"),
        (HOSPITAL, "2", "没有代码是"),
        (MEDICINE, "2", "没有代码是"),
        (ACUPUNCTURE, "2", "没有代码是"),
        ("", "2", "没有代码是"),
    ],
)
def test_what_cannot_be_one_is_not_merged(desk: Desk, into: str, count: str, said: str) -> None:
    answer = desk.send(f"{LIST}/{CARDIOLOGY}/merge", into=into, count=count)

    assert answer.status_code in {404, 409, 422}
    assert said in told(answer.text)
    assert listed(desk) == ["心内科", "护理部"]


def test_departments_of_two_hospitals_are_not_merged(office: Office, desk: Desk) -> None:
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    answer = city.send(f"{LIST}/{CARDIOLOGY}/merge", into=MEDICINE, count="2")

    assert "要在同一家单位" in told(answer.text)


@pytest.mark.parametrize("name", ["", "  ", "科" * 65])
def test_a_name_that_cannot_be_is_refused(desk: Desk, name: str) -> None:
    assert desk.send(LIST, name=name, parent=HOSPITAL).status_code == 422
    assert desk.send(f"{LIST}/{NURSING}/name", name=name, seen="护理部").status_code == 422


def test_two_departments_of_one_name_do_not_stand_beside_each_other(desk: Desk) -> None:
    answer = desk.send(LIST, name=" 心内 科", parent=HOSPITAL)

    assert answer.status_code == 409
    assert "已经有叫“心内科”的科室" in told(answer.text)


def test_who_was_second_does_not_rename(desk: Desk) -> None:
    desk.send(f"{LIST}/{NURSING}/name", name="护理科", seen="护理部")

    answer = desk.send(f"{LIST}/{NURSING}/name", name="看护部", seen="护理部")

    assert answer.status_code == 409
    assert "有人刚刚把“护理部”改成了“护理科”" in told(answer.text)


@pytest.mark.parametrize("act", ["name", "place", "close", "merge"])
def test_another_hospitals_department_is_not_there(desk: Desk, act: str) -> None:
    answer = desk.send(
        f"{LIST}/{ACUPUNCTURE}/{act}", name="x", seen="针灸科", before="", into=NURSING
    )

    assert answer.status_code == 404


def test_nothing_is_made_under_another_hospital(desk: Desk) -> None:
    assert desk.send(LIST, name="新", parent="H9").status_code == 404


def test_who_may_only_read_changes_nothing(desk: Desk, office: Office) -> None:
    auditor = office.desk(Role.AUDITOR)

    assert "科室</a></li>" not in auditor.get("/console/people").text
    assert auditor.send(LIST, name="新", parent=HOSPITAL).status_code == 403


def test_the_city_chooses_a_hospital_first(desk: Desk, office: Office) -> None:
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    assert "先选一家单位" in city.get(LIST).text
    assert "急诊科" in city.get(f"{LIST}?unit=H2").text
