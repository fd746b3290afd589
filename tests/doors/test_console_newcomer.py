"""One person filled in by hand, by the rules of the import."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.base.work import begin
from app.standards import commands as standards
from tests.support.cast import CARDIOLOGY, HE_MIN, OPERATOR, STRANGER, id_number
from tests.support.office import Desk, Office

NEW = "/console/people/new"
LI = {
    "person_no": "990100099", "name": "李雯", "id_type": "id_card",
    "id_number": id_number(date(1985, 5, 5), 2), "department_code": CARDIOLOGY,
    "title": "主管护师", "phone": "139 0000 0021", "status": "normal", "card_no": "88-9",
}  # fmt: skip


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def said(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", "", page)


def test_a_newcomer_is_filled_in_and_there(desk: Desk) -> None:
    assert 'href="/console/people/new"' in desk.get("/console/people").text
    page = desk.get(f"{NEW}?unit={CARDIOLOGY}").text
    assert 'value="990100005"' in page
    assert f'<option value="{CARDIOLOGY}" selected>' in page

    answer = desk.send(NEW, **LI)

    assert answer.location == "/console/people/990100099"
    page = desk.get(answer.location).text
    assert "李雯已经加进来了" in page
    assert "主管护师（中级）" in page
    assert "139****0021" in page
    assert "88-9" in page
    assert "新增人员" in page


WRONG = (
    ({"person_no": ""}, "不能空着"),
    ({"person_no": HE_MIN}, f"编号{HE_MIN}是何敏"),
    ({"person_no": STRANGER}, "管辖范围以外"),
    ({"name": "李雯2"}, "姓名里有数字"),
    ({"id_number": LI["id_number"][:-1] + "?"}, "只能是数字"),
    ({"id_number": id_number(date(1980, 3, 14), 2)}, "已属于何敏"),
    ({"department_code": "H9-1"}, "没有这个名字"),
    ({"phone": "123"}, "电话"),
    ({"card_no": HE_MIN}, "一张卡只属于一个人"),
)


def test_what_cannot_stand_is_named_at_its_field_and_nothing_is_lost(desk: Desk) -> None:
    for wrong, expected in WRONG:
        answer = desk.send(NEW, **LI | wrong)

        assert answer.status_code == 422
        assert "还没有新增" in answer.text
        assert expected in said(answer.text), wrong
        [field] = wrong
        assert f'aria-describedby="n-{field}-f" aria-invalid="true"' in answer.text
        assert 'value="主管护师"' in answer.text
    assert desk.get("/console/people/990100099").status_code == 404
