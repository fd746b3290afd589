"""转单位 — a person leaves one hospital and joins another, by the pages of both."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text

from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Role
from app.making import commands as making
from app.making.terms import Kind
from app.standards import commands as standards
from tests.conftest import Clock
from tests.support.cast import (
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    MEDICINE,
    OPERATOR,
    PROVINCE,
    STRANGER,
    STRANGER_HOSPITAL,
    ZHENG_HAI,
    ZHOU_LAN,
)
from tests.support.crediting import credited
from tests.support.filing import NO
from tests.support.office import Desk, Office
from tests.support.terminal import MakeTerminal, held

FILE = f"/console/people/{HE_MIN}"
HERE, THERE = "颍川市第一人民医院", "青禾县人民医院"


@pytest.fixture
def here(office: Office) -> Desk:
    """The desk of the first hospital."""
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


@pytest.fixture
def there(office: Office) -> Desk:
    """The desk of the county's hospital."""
    return office.desk(unit=COUNTY_HOSPITAL, name="李青")


def asked_in(desk: Desk, no: str = HE_MIN, name: str = "何敏") -> str:
    answer = desk.send("/console/transfers/join", no=no, name=name, to=f"{COUNTY_HOSPITAL}/")
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_a_person_goes_from_one_hospital_to_another_with_everything(
    here: Desk, there: Desk, owner: Engine, make_terminal: MakeTerminal
) -> None:
    run_id = credited(here.site, make_terminal("MBX-00041", HOSPITAL), NO, held(HE_MIN))
    with begin(here.site, OPERATOR) as work:
        batch = making.open_batch(work, HOSPITAL, Kind.EXCHANGE)
        making.add(work, batch, [HE_MIN])
    found = here.get(f"/console/transfers/leave/{HE_MIN}?q=青禾县人民").text
    assert f'value="{COUNTY_HOSPITAL}" required checked' in found

    sent = here.send(f"/console/transfers/leave/{HE_MIN}", unit=COUNTY_HOSPITAL)
    page = str(sent.location)

    assert f"已申请把何敏转到{THERE}" in here.get(page).text
    assert f"在途：转到{THERE}" in here.get(FILE).text
    assert there.get(FILE).status_code == 404
    assert '1</span><div><p class="t">人转单位等你办' in there.get("/console/").text
    assert "何敏" in there.get("/console/transfers/").text
    assert there.send(page, act="confirm", to=f"{COUNTY_HOSPITAL}/{MEDICINE}").status_code == 303
    assert f"已办完：何敏现在是{THERE}的人" in there.get(page).text
    assert f"{THERE}，内科" in there.get(FILE).text
    assert f"从{HERE}转到{THERE}" in there.get(FILE).text
    assert "心力衰竭诊疗新进展" in there.get(f"{FILE}?year=2013").text
    assert here.get(FILE).status_code == 404
    assert re.findall("校验码 \\w+", here.get(page).text) == re.findall(
        "校验码 \\w+", there.get(page).text
    )
    assert "2013 年 5.00 分，共 1 笔" in here.get(page).text
    assert "何敏" in here.get(f"/console/awards/runs/{run_id}").text
    assert "已转" in here.get("/console/transfers/?show=ended").text
    assert "何敏" not in there.get("/console/transfers/?show=open").text
    assert stands(owner) == {COUNTY_HOSPITAL}
    assert waiting_cards(owner) == 0


def stands(owner: Engine) -> set[str]:
    """In which hospitals rows about the person stand, in every table that has such rows."""
    with owner.connect() as connection:
        tables = connection.scalars(
            text("select c.table_name from information_schema.columns c"
                 " join information_schema.columns p using (table_name)"
                 " where c.column_name = 'person_id' and p.column_name = 'path'"
                 " and c.table_schema = 'public' and c.table_name not in"
                 " ('transfer', 'swipe', 'award_denial')"),
        ).all()  # fmt: skip
        asked = " union all ".join(
            f"select path from {table} t where person_id = (select id from person where"
            f" person_no = '{HE_MIN}')"
            for table in tables
        )
        paths = set(connection.scalars(text(asked)))
        units = connection.execute(text("select code, path from unit")).all()
    assert paths
    return {
        code for code, place in units for path in paths
        if code in {HOSPITAL, COUNTY_HOSPITAL} and path.startswith(place)
    }  # fmt: skip


def waiting_cards(owner: Engine) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text("select count(*) from card_order")).scalar_one())


def test_who_asks_by_number_and_name_learns_nothing_before_the_other_agrees(
    here: Desk, there: Desk
) -> None:
    for no, name in ((HE_MIN, "何敏敏"), ("990100099", "何敏"), ("", "")):
        refused = there.send("/console/transfers/join", no=no, name=name, to=f"{COUNTY_HOSPITAL}/")
        assert refused.status_code == 422
        assert "编号和姓名对不上" in refused.text

    page = asked_in(there)

    seen = there.get(page).text + there.get("/console/transfers/").text
    assert HERE not in seen
    assert "主管护师" not in seen
    assert "王芳" not in seen
    assert there.get(FILE).status_code == 404
    assert here.get(page).status_code == 200
    assert here.send(page, act="confirm").status_code == 303
    assert HERE in there.get(page).text
    assert "主管护师" in there.get(FILE).text


def test_a_refusal_has_a_reason_and_a_withdrawal_is_of_who_asked(here: Desk, there: Desk) -> None:
    page = asked_in(there)

    assert here.send(page, act="withdraw").status_code == 409
    assert here.send(page, act="refuse", reason=" ").status_code == 422
    assert here.send(page, act="refuse", reason="合同还没有到期").status_code == 303

    assert "合同还没有到期" in there.get(page).text
    assert there.send(page, act="withdraw").status_code == 409
    again = asked_in(there)
    assert there.send(again, act="withdraw").status_code == 303
    late = here.send(again, act="confirm")
    assert late.status_code == 409
    assert "已经撤回" in late.text
    assert "你的操作没有执行" in late.text
    assert here.get(FILE).status_code == 200


def test_a_second_click_and_a_second_request_change_nothing(here: Desk, there: Desk) -> None:
    page = asked_in(there)
    twice = there.send("/console/transfers/join", no=HE_MIN, name="何敏", to=f"{COUNTY_HOSPITAL}/")
    assert twice.status_code == 409
    assert "正在办" in twice.text

    assert here.send(page, act="confirm").status_code == 303
    second = here.send(page, act="confirm")

    assert second.status_code == 409
    assert "已经办完" in second.text


def test_what_nobody_answers_is_over_and_who_is_above_may_act_for_the_silent(
    here: Desk, there: Desk, office: Office, clock: Clock
) -> None:
    page = asked_in(there)
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    for act in ("complete", "confirm", "refuse", "withdraw", ""):
        assert city.send(page, act=act, reason="原单位没有回应").status_code in {404, 409}

    clock.advance(days=31)
    over = office.desk(name="王芳二").send(page, act="confirm")
    page = asked_in(office.desk(unit=COUNTY_HOSPITAL, name="李青二"))
    clock.advance(days=11)
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU, "市继教办二")

    assert over.status_code == 409
    assert "到期了，人还在原单位" in over.text
    assert "替转出单位办完" in city.get(page).text
    assert city.send(page, act="complete").status_code == 422
    assert city.send(page, act="complete", reason="原单位没有回应").status_code == 303
    assert f"已办完：何敏现在是{THERE}的人" in city.get(page).text
    assert "原单位没有回应" in city.get(page).text


def test_from_city_to_city_only_the_platform_completes_it(
    here: Desk, office: Office, there: Desk
) -> None:
    sent = here.send(f"/console/transfers/leave/{HE_MIN}", unit=STRANGER_HOSPITAL)
    page = str(sent.location)
    stranger = office.desk(unit=STRANGER_HOSPITAL, name="秦一")
    assert stranger.send(page, act="confirm", to=f"{STRANGER_HOSPITAL}/").status_code == 303
    assert here.get(FILE).status_code == 200
    assert there.get(page).status_code == 404
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    assert city.send(page, act="complete", reason="x").status_code == 409

    operator = office.desk(Role.OPERATOR, PROVINCE)

    assert "何敏" in operator.get("/console/transfers/").text
    assert "只等你办完，不会到期" in operator.get("/console/").text
    assert operator.send(page, act="complete").status_code == 303
    assert stranger.get(FILE).status_code == 200


@pytest.mark.parametrize(("no", "name"), [(ZHENG_HAI, "郑海"), (STRANGER, "秦望")])
def test_a_transfer_of_others_is_not_there(
    here: Desk, there: Desk, office: Office, no: str, name: str
) -> None:
    """Of two hospitals' request a third sees nothing, nor the number of the person."""
    page = str(there.send(f"/console/transfers/leave/{ZHENG_HAI}", unit=STRANGER_HOSPITAL).location)

    assert here.get(page).status_code == 404
    assert here.send(page, act="confirm").status_code == 404
    assert name not in here.get("/console/transfers/?show=open").text
    assert here.get(f"/console/transfers/leave/{no}").status_code == 404


def test_what_cannot_be_is_refused(here: Desk, site: Site) -> None:
    for no, unit, status in (
        (HE_MIN, HOSPITAL, 422), (HE_MIN, "H1-1", 422), (HE_MIN, "", 422), (ZHOU_LAN, "9901", 422),
    ):  # fmt: skip
        answer = here.send(f"/console/transfers/leave/{no}", unit=unit)
        assert answer.status_code == status
        assert re.search('role="alert"', answer.text)
    other = here.send("/console/transfers/join", no=STRANGER, name="秦望", to="H9/")
    assert other.status_code == 404
