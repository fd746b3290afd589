"""Many people changed at once: seen before, done, taken back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text

from app.base.work import begin
from app.cards import commands as cards
from app.standards import commands as standards
from tests.support.cast import (
    CAO_JING,
    CARDIOLOGY,
    HE_MIN,
    NURSING,
    OPERATOR,
    STRANGER,
    ZHOU_LAN,
    csv_of,
    people_sheet,
)
from tests.support.office import Desk, Office

BATCH = "/console/people/batch?unit=H1"


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def stands(owner: Engine, *columns: str) -> dict[str, tuple[object, ...]]:
    asked = text(
        f"select p.person_no, {', '.join(columns)} from person p"
        " left join unit u on u.id = p.department_id"
    )
    with owner.connect() as connection:
        return {row[0]: tuple(row)[1:] for row in connection.execute(asked)}


def test_many_go_to_another_department_after_a_look_and_come_back(
    desk: Desk, owner: Engine
) -> None:
    page = desk.get("/console/people?unit=H1").text
    assert "批量改" in page
    assert f'name="no" value="{HE_MIN}"' in page
    before = stands(owner, "u.code", "p.path", "p.phone_index", "p.title")

    chosen = [HE_MIN, ZHOU_LAN, CAO_JING, STRANGER]
    address = desk.send(
        BATCH, no=chosen, act="department_code", to_department_code=NURSING
    ).location

    page = desk.get(address).text
    assert "检查完了：会改 2 人，1 人本来就是这样" in page
    assert "批量换科室：护理部，3 人。" in page
    assert "改 2 人</button>" in page
    assert stands(owner, "u.code", "p.path", "p.phone_index", "p.title") == before
    number = address.split("?")[0]
    desk.send(number)
    assert "已改 2 人" in desk.get(number).text
    after = stands(owner, "u.code", "p.title")
    assert {no: after[no][0] for no in chosen} == {
        HE_MIN: NURSING, ZHOU_LAN: NURSING, CAO_JING: NURSING, STRANGER: "H9-1"
    }  # fmt: skip
    assert after[HE_MIN][1] == "主管护师"

    desk.send(f"{number}/undo")
    assert "已撤回这次改" in desk.get(number).text
    assert stands(owner, "u.code", "p.path", "p.phone_index", "p.title") == before


def test_a_status_and_a_title_are_changed_with_what_hangs_on_them(
    desk: Desk, owner: Engine
) -> None:
    sent = {"act": "status", "to_status": "maternity", "since": "2013-05-01"}
    address = desk.send(BATCH, no=[HE_MIN, CAO_JING], **sent).location.split("?")[0]
    desk.send(address)
    assert "批量改状态：产假，从 2013-05-01 起" in desk.get(address).text
    address = desk.send(BATCH, no=[CAO_JING], act="title", to_title="主管护师").location.split("?")[
        0
    ]
    desk.send(address)

    told = stands(owner, "p.status", "p.title", "p.title_level")
    assert told[HE_MIN] == ("maternity", "主管护师", "middle")
    assert told[CAO_JING] == ("maternity", "主管护师", "middle")


def test_what_was_not_chosen_is_said_on_the_list(desk: Desk) -> None:
    for sent, expected in (
        ({"act": "status", "to_status": "normal"}, "还没有勾选要改的人"),
        ({"act": "status", "to_status": "", "no": HE_MIN}, "还没有选要改成什么"),
        ({"act": "person_no", "to_person_no": "1", "no": HE_MIN}, "还没有选要改成什么"),
        ({"act": "title", "to_title": "护师", "no": STRANGER}, "还没有勾选要改的人"),
    ):
        answer = desk.send(BATCH, **sent)
        assert answer.location == "/console/people?unit=H1"
        assert expected in desk.get(answer.location).text
    wrong = desk.send(BATCH, act="status", to_status="gone", no=HE_MIN, since="2013-05-01").location
    assert "会改 0 人，1 人有错误" in desk.get(wrong).text


def test_everybody_whom_a_filter_finds_is_changed_as_seen_and_comes_back(
    desk: Desk, owner: Engine
) -> None:
    columns = ("person_no", "name", "id_type", "id_number", "unit_code", "status", "title")
    lines = [(f"T{n:03}", "何同", "other", f"P{n:08}", "H1", "normal", "护士") for n in range(60)]
    with begin(desk.site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(columns, *lines)))
    page = desk.get("/console/people?unit=H1&q=何同").text
    assert "选中筛选出的全部 60 人" in page
    assert "选中筛选出的全部" not in desk.get("/console/people?unit=H1&q=何敏").text
    before = stands(owner, "u.code", "p.path", "p.title")

    sent = {"act": "department_code", "to_department_code": NURSING, "whole": "1", "no": HE_MIN}
    address = desk.send("/console/people/batch?unit=H1&q=何同", **sent).location

    page = desk.get(address).text
    assert "检查完了：会改 60 人" in page
    assert "60 人，第 1 至 50 人" in page
    number = address.split("?")[0]
    page = desk.get(f"{number}?show=changed&page=2").text
    assert "60 人，第 51 至 60 人" in page
    assert "T059" in page
    mark = re.findall(r'name="seen" value="(\w+)"', desk.get("/console/people/T007").text)[0]
    desk.send(
        "/console/people/T007/edit", name="何同", department=CARDIOLOGY, title="护师", seen=mark
    )
    assert desk.send(number).status_code == 303
    page = desk.get(number).text
    assert "已改 59 人。另有 1 人在你检查以后被改过" in page
    assert "何同在你检查以后又被改过，这次没有动。" in page
    after = stands(owner, "u.code", "p.title")
    assert after["T007"] == (CARDIOLOGY, "护师")
    assert after["T059"] == (NURSING, "护士")
    assert after[HE_MIN][0] == CARDIOLOGY

    desk.send(f"{number}/undo")
    back = stands(owner, "u.code", "p.path", "p.title")
    assert back | {"T007": None} == before | {"T007": None}
    assert back["T007"][0] == CARDIOLOGY


def test_where_everybody_was_changed_since_nobody_is(desk: Desk, owner: Engine) -> None:
    sent = {"act": "title", "to_title": "护师", "no": HE_MIN}
    first, second = (desk.send(BATCH, **sent).location.split("?")[0] for _ in range(2))
    assert desk.send(first).status_code == 303

    refused = desk.send(second)

    assert refused.status_code == 409
    assert "这次谁也没有动" in refused.text
