"""Card numbers taken in by the console, by the same machine as rosters."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    SHAN_XIAO,
    STRANGER,
    STRANGER_HOSPITAL,
    UIDS,
    XIE_FANG,
    ZHOU_LAN,
)
from tests.support.office import Desk, Office

IMPORT = "/console/import/cards"
HEAD = ("工号", "姓名", "一卡通号", "卡芯片号")


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk()


def pasted(desk: Desk, *rows: tuple[str, ...]) -> TestResponse:
    return desk.send(IMPORT, pasted="\n".join("\t".join(row) for row in rows))


def said(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", "", page)


def cards(owner: Engine) -> list[tuple[str, str, str, bool]]:
    asked = text(
        "select p.person_no, c.card_no, c.state, c.uid is null from card c"
        " join person p on p.id = c.person_id where p.person_no like '9901000%' order by c.id"
    )
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(asked)]


def test_cards_are_checked_taken_in_and_taken_back(desk: Desk, owner: Engine) -> None:
    assert "从 Excel 导入卡号" in desk.get(IMPORT).text
    assert 'href="/console/import/cards"' in desk.get("/console/cards").text
    before = cards(owner)

    address = pasted(
        desk, HEAD, (HE_MIN, "何 敏", "88-1", ""), (ZHOU_LAN, "周岚", ZHOU_LAN, "04aa bb cc"),
        (CAO_JING, "曹静", CAO_JING, ""), (SHAN_XIAO, "曹静", "88-2", ""),
    ).location  # fmt: skip

    page = desk.get(address).text
    assert "检查完了：3 行可以导入，1 行有错误" in page
    assert "新增 1 张，更新 1 张，1 张没有变化" in page
    assert "像是串行了" in page
    assert cards(owner) == before
    desk.send(address)
    assert (HE_MIN, HE_MIN, "replaced", False) in cards(owner)
    assert (HE_MIN, "88-1", "active", True) in cards(owner)
    again = pasted(desk, HEAD, (HE_MIN, "何敏", "88-1", "")).location
    assert "新增 0 张，更新 0 张，1 张没有变化" in desk.get(again).text

    desk.send(f"{address}/undo")

    assert "已整批撤回" in desk.get(address).text
    assert cards(owner) == before


def test_whose_card_changed_since_keeps_it(desk: Desk, owner: Engine) -> None:
    address = pasted(desk, HEAD, (HE_MIN, "何敏", "88-1", ""), (CAO_JING, "", "88-4", "")).location
    desk.send(address)
    desk.send("/console/cards/state", card_no="88-1", state="lost")

    desk.send(f"{address}/undo")

    assert f"保持现在的样子：{HE_MIN}" in desk.get(address).text
    assert (HE_MIN, "88-1", "lost", True) in cards(owner)
    assert (CAO_JING, CAO_JING, "active", False) in cards(owner)
    assert "88-4" not in {no for _, no, _, _ in cards(owner)}


def test_every_mistake_of_a_card_is_named(desk: Desk, office: Office) -> None:
    wrong = {
        ("", "", "88-3", ""): "编号不能空着",
        (STRANGER, "秦望", "88-3", ""): "没有编号是“990200001”的人",
        (HE_MIN, "", "", ""): "卡号不能空着",
        (HE_MIN, "", CAO_JING, ""): "一张卡只属于一个人",
        (HE_MIN, "", "88-3", "04A1"): "十六进制",
        (HE_MIN, "", "88-3", UIDS[CAO_JING]): "芯片号",
        (HE_MIN, "", "1.03E+08", ""): "科学计数",
        (HE_MIN, "", XIE_FANG + "9" * 30, ""): "最多32个",
    }

    for line, expected in wrong.items():
        page = said(desk.get(pasted(desk, HEAD, line).location).text)
        assert "0行可以导入，1行有错误" in page, line
        assert expected in page, line
    twice = pasted(desk, HEAD, (HE_MIN, "", "88-3", ""), (HE_MIN, "", "88-4", "")).location
    assert "1行可以导入，1行有错误" in said(desk.get(twice).text)
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="秦")
    assert stranger.get(twice).status_code == 404
    assert desk.get(twice.replace("cards", "people")).status_code == 404
