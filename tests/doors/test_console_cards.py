"""Cards at a desk: asked for in a batch, made, handed out; lost and found."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest
from sqlalchemy import Engine, text

from app.base.work import begin
from app.base.workbooks import read_workbook
from app.cards import commands as cards
from app.cards import queries
from app.cards.terms import CardState
from app.kernel.actor import Role
from app.people import queries as people
from tests.conftest import Clock
from tests.support.cast import (
    CAO_JING,
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    STRANGER_HOSPITAL,
    XIE_FANG,
    ZHENG_HAI,
    ZHOU_LAN,
)
from tests.support.office import Desk, Office
from tests.support.paper import photographed, printed


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    photographed(desk.site, HE_MIN, ZHOU_LAN)
    return desk


def opened(desk: Desk, kind: str = "exchange", unit: str = HOSPITAL) -> str:
    """The address of a new batch."""
    answer = desk.send("/console/cards", kind=kind, unit=unit)
    assert answer.status_code == 303
    return str(answer.location)


def held(desk: Desk, no: str) -> list[tuple[str, CardState]]:
    with begin(desk.site, OPERATOR) as work:
        [person] = people.people_by_no(work, [no]).values()
        found = queries.cards_of_people(work, [person.id]).get(person.id, ())
    return [(card.no, card.state) for card in found]


def hand_out(desk: Desk, batch: str, no: str, card_no: str, **more: str) -> int:
    sent = {"person_no": no, "name": "何敏", "card_no": card_no, "received_by": "何敏", "uid": ""}
    return desk.send(f"{batch}/hand-out", **sent | more).status_code


def test_with_no_batch_the_page_says_how_to_begin(desk: Desk) -> None:
    page = desk.get("/console/cards").text

    assert "还没有制卡批次" in page
    assert "帮助：这一页怎么用</summary><p>办卡分四步" in page
    assert "颍川市第一人民医院" in page


def test_a_batch_goes_from_a_draft_to_the_last_card_that_is_handed_out(desk: Desk) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=f"{HE_MIN}\n{ZHOU_LAN}\n{HE_MIN}")
    assert "换卡：颍川市第一人民医院，2 人" in desk.get(batch).text

    desk.send(f"{batch}/hand-in")
    assert "已提交，共 2 张，6 月 24 日到期" in desk.get(batch).text
    desk.send(f"{batch}/make")
    assert hand_out(desk, batch, HE_MIN, "880001") == 303
    assert "1 / 2" in desk.get("/console/cards").text
    assert hand_out(desk, batch, ZHOU_LAN, "880002", name="周岚") == 303

    assert "已发完" in desk.get(batch).text
    assert held(desk, HE_MIN) == [(HE_MIN, CardState.REPLACED), ("880001", CardState.ACTIVE)]


def test_the_old_card_counts_until_the_new_one_is_handed_out(desk: Desk) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=HE_MIN)
    desk.send(f"{batch}/hand-in")
    desk.send(f"{batch}/make")

    assert held(desk, HE_MIN) == [(HE_MIN, CardState.ACTIVE)]


def test_who_lost_a_card_gets_another_and_the_lost_one_stays_lost(desk: Desk) -> None:
    with begin(desk.site, OPERATOR) as work:
        cards.set_state(work, HE_MIN, CardState.LOST)
    batch = opened(desk, "replacement")
    desk.send(f"{batch}/people", nos=HE_MIN)
    desk.send(f"{batch}/hand-in")
    hand_out(desk, batch, HE_MIN, "880001")

    assert held(desk, HE_MIN) == [(HE_MIN, CardState.LOST), ("880001", CardState.ACTIVE)]


def test_every_number_that_may_not_have_a_card_is_named_and_nobody_is_added(desk: Desk) -> None:
    batch = opened(desk, "new")

    answer = desk.send(f"{batch}/people", nos=f"{HE_MIN} {ZHENG_HAI}，999")

    assert answer.status_code == 422
    assert "有 3 个编号不能加进这一批" in answer.text
    assert "何敏 已经有卡" in answer.text
    assert f"{ZHENG_HAI}：没有这个编号的人，或者不归你管" in answer.text
    assert f"{HE_MIN} {ZHENG_HAI}，999" in answer.text
    assert "这一批还没有人" in answer.text


def test_nobody_waits_for_two_cards_at_once(desk: Desk) -> None:
    first = opened(desk)
    assert opened(desk) == first  # a second click opens no second one
    desk.send(f"{first}/people", nos=HE_MIN)
    second = opened(desk)
    assert second != first

    answer = desk.send(f"{second}/people", nos=HE_MIN)
    assert "何敏 已经在另一批里等卡" in answer.text

    desk.send(f"{first}/withdraw", person_no=HE_MIN)
    assert desk.send(f"{second}/people", nos=HE_MIN).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"card_no": ""}, "请写新卡的卡号"),
        ({"card_no": ZHOU_LAN}, f"卡号 {ZHOU_LAN} 已经登记过"),
        ({"uid": "XYZ"}, "芯片号写得不对"),
        ({"uid": "04A1B201C3D480"}, ""),
        ({"uid": "04A1B202C3D480"}, "这个芯片号是别人在用的卡"),
        ({"received_by": " "}, "请写领卡人"),
    ],
)
def test_a_card_that_cannot_be_handed_out_says_why_and_keeps_what_was_typed(
    desk: Desk, fields: dict[str, str], said: str
) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=HE_MIN)
    desk.send(f"{batch}/hand-in")
    sent = {
        "person_no": HE_MIN,
        "name": "何敏",
        "card_no": "880001",
        "received_by": "何敏",
        "uid": "",
    }

    answer = desk.send(f"{batch}/hand-out", **sent | fields)

    assert answer.status_code == (422 if said else 303)
    assert said in answer.text
    if said:
        assert f'value="{(sent | fields)["card_no"]}"' in answer.text
        assert held(desk, HE_MIN) == [(HE_MIN, CardState.ACTIVE)]


def test_a_second_click_hands_out_nothing_twice(desk: Desk) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=f"{HE_MIN} {ZHOU_LAN}")
    desk.send(f"{batch}/hand-in")
    hand_out(desk, batch, HE_MIN, "880001")

    assert hand_out(desk, batch, HE_MIN, "880003") == 409
    assert desk.send(f"{batch}/hand-in").status_code == 409
    assert desk.send(f"{batch}/people", nos=CAO_JING).status_code == 409


def test_an_empty_batch_is_not_handed_in(desk: Desk) -> None:
    answer = desk.send(f"{opened(desk)}/hand-in")

    assert (answer.status_code, "先加人，再提交" in answer.text) == (422, True)


def test_a_batch_past_its_day_is_called_late(desk: Desk, office: Office, clock: Clock) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=HE_MIN)
    desk.send(f"{batch}/hand-in")

    clock.advance(days=30)
    due_today = office.desk(name="张一").get("/console/cards").text
    clock.advance(days=1)
    later = office.desk(name="张二")
    late, first_page = later.get("/console/cards").text, later.get("/console/").text

    assert "没有过期的批次" in due_today
    assert "1 批过了 20 个工作日还没发完" in late
    assert "批卡过期没有发完" in first_page
    assert "已过 1 天" in first_page


@pytest.mark.parametrize(("state", "said"), [("lost", "挂失"), ("revoked", "注销")])
def test_a_card_is_lost_or_revoked_at_once_and_may_count_again(
    desk: Desk, state: str, said: str
) -> None:
    desk.send("/console/cards/state", card_no=HE_MIN, state=state)
    assert f"卡 {HE_MIN} 现在是：{said}" in desk.get("/console/cards").text
    assert held(desk, HE_MIN) == [(HE_MIN, CardState(state))]

    desk.send("/console/cards/state", card_no=HE_MIN, state="active")
    assert held(desk, HE_MIN) == [(HE_MIN, CardState.ACTIVE)]


def test_another_hospital_sees_and_changes_nothing(desk: Desk, office: Office) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=HE_MIN)
    stranger = office.desk(Role.HOSPITAL_ADMIN, STRANGER_HOSPITAL, "外院管理员")

    assert stranger.get(batch).status_code == 404
    for act in ("material", "hand-in", "make", "people", "withdraw", "hand-out"):
        sent = {"person_no": HE_MIN, "nos": HE_MIN, "card_no": "1", "received_by": "某人"}
        assert stranger.send(f"{batch}/{act}", **sent).status_code == 404, act
    assert stranger.send("/console/cards", kind="new", unit=HOSPITAL).status_code == 404
    assert stranger.send("/console/cards/state", card_no=HE_MIN, state="lost").status_code == 404
    assert "第 1 批" not in stranger.get("/console/cards").text


def test_the_city_keeps_batches_of_every_unit_below(office: Office) -> None:
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    batch = opened(city, "new", COUNTY_HOSPITAL)

    desk = city.send(f"{batch}/people", nos=XIE_FANG)

    assert desk.status_code == 303
    assert "青禾县人民医院" in city.get("/console/cards").text


def test_who_makes_the_cards_gets_names_and_photos_and_the_trail_knows_who_took_them(
    desk: Desk, owner: Engine
) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=f"{HE_MIN} {ZHOU_LAN}")
    early = desk.send(f"{batch}/material", form="zip")
    desk.send(f"{batch}/hand-in")

    sheet = desk.send(f"{batch}/material", form="sheet")
    archive = desk.send(f"{batch}/material", form="zip")

    assert (early.status_code, "这一批还是草稿" in early.text) == (409, True)
    text_of_it = printed(sheet.data)
    assert "制卡资料：第" in text_of_it
    assert all(one in text_of_it for one in ("何敏", "周岚", f"旧卡号 {HE_MIN}", "领卡人 ____"))
    with zipfile.ZipFile(io.BytesIO(archive.data)) as file:
        told = json.loads(file.read("manifest.json"))
        hashes = {one["name"]: one["sha256"] for one in told["files"]}
        held_in_it = {name: hashlib.sha256(file.read(name)).hexdigest() for name in hashes}
        people_in_it = read_workbook(file.read("list.xlsx"), "list.xlsx")
        assert set(file.namelist()) == {*hashes, "manifest.json"}
    assert hashes == held_in_it
    assert set(hashes) == {
        "list.xlsx", "sheet.pdf", f"photos/{HE_MIN}.jpg", f"photos/{ZHOU_LAN}.jpg",
    }  # fmt: skip
    lines = [[cell.text for cell in cells] for _, cells in people_in_it.rows]
    assert lines[0][2:4] == ["人员编号", "姓名"]
    assert lines[1][2:4] == [HE_MIN, "何敏"]
    asked = text("select change ->> 'form' from audit_entry where action = :did order by id")
    with owner.connect() as connection:
        taken = connection.execute(asked, {"did": "making.take_material"}).scalars().all()
    assert taken == ["sheet", "zip"]
    tasks = desk.get("/console/tasks").text
    assert tasks.count("取“颍川市第一人民医院”的制卡资料") == 4  # each said twice, once for the ear
    assert "给制卡方的压缩包，2 人，2 张照片" in tasks


def test_a_batch_in_which_a_card_could_not_be_made_is_not_handed_in(desk: Desk) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=f"{HE_MIN} {ZHOU_LAN} {CAO_JING}")
    with begin(desk.site, OPERATOR) as work:
        cards.set_state(work, ZHOU_LAN, CardState.LOST)

    answer = desk.send(f"{batch}/hand-in")

    assert answer.status_code == 422
    assert "有 2 人还办不了，没有提交" in answer.text
    assert f"{CAO_JING}：曹静 没有照片。请在这个人的人员页传一张证件照" in answer.text
    assert f"{ZHOU_LAN}：周岚 没有在用的卡。丢了的办“补办”" in answer.text
    for no in (CAO_JING, ZHOU_LAN):
        desk.send(f"{batch}/withdraw", person_no=no)
    assert desk.send(f"{batch}/hand-in").status_code == 303


def test_what_was_done_stands_in_the_trail(desk: Desk, owner: Engine) -> None:
    batch = opened(desk)
    desk.send(f"{batch}/people", nos=HE_MIN)
    desk.send(f"{batch}/hand-in")
    hand_out(desk, batch, HE_MIN, "880001")

    told = desk.get(batch).text.partition("日志")[2]
    for said in (
        "开制卡批次",
        "加人办卡",
        "提交制卡批次",
        "发卡",
        "进度：草稿 → 已提交",
        "何敏；新卡：880001",
    ):
        assert said in told, said
    asked = text("select distinct action from audit_entry where actor = :who order by action")
    with owner.connect() as connection:
        done = set(connection.execute(asked, {"who": desk.login.name}).scalars())
    assert {"making.open_batch", "making.add", "making.hand_in", "making.hand_out"} <= done
