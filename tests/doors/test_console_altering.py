"""变更: an announced batch is held on other days or elsewhere, at once or by consent."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest

from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Role
from app.kernel.span import shown
from app.projects import queries as projects
from tests.support.cast import (
    CITY_BUREAU,
    COUNTY_HOSPITAL,
    HE_MIN,
    MEDICINE,
    OPERATOR,
    ZHOU_LAN,
)
from tests.support.filing import NO as HELD
from tests.support.filing import batch, filed, lecturer, project, session
from tests.support.office import Desk, Office
from tests.support.terminal import MakeTerminal, held, package

NO = "L2013-1"
PAGE = f"/console/projects/{NO}/batches/1/change"
ASKED = f"/console/projects/{NO}/batches/1/asked"
DAYS = {"starts_at": "2013-09-14T08:00", "ends_at": "2013-09-15T17:00"}
VENUE = "门诊楼三楼会议室"


@pytest.fixture
def desk(office: Office, site: Site) -> Desk:
    on_days = {"opens_at": "2013-09-15T16:30", "closes_at": "2013-09-15T17:30", "kind": "end"}
    first = batch(
        **DAYS,
        sessions=[
            session(opens_at="2013-09-14T07:30", closes_at="2013-09-14T08:30"),
            session("s2", **on_days),
        ],
        lecturers=[
            lecturer(HE_MIN, date="2013-09-14"),
            lecturer(ZHOU_LAN, course="心衰的康复", date="2013-09-15"),
        ],
    )
    second = {"starts_at": "2013-10-12T08:00", "ends_at": "2013-10-12T17:00"}
    other = batch(2, **second, sessions=[], plan=None)
    filed(site, OPERATOR, project(NO, hours="6.0", batches=[first, other]))
    return office.desk()


def told(desk: Desk, **fields: str) -> dict[str, str]:
    """What the page asks back once it was looked at: its form, with what was seen."""
    typed = DAYS | {"venue": VENUE} | fields
    page = desk.send(PAGE, act="look", **typed).text
    hidden = re.findall(r'name="(seen|looked)" value="([^"]*)"', page)
    return typed | dict(hidden) | {"act": "alter"}


def batch_now(site: Site) -> Any:
    with begin(site, OPERATOR) as work:
        return projects.batch_of(work, NO, 1)


def test_a_batch_is_held_a_week_later_at_once(
    desk: Desk, office: Office, site: Site, make_terminal: MakeTerminal
) -> None:
    make_terminal("MBX-00017")
    desk.send(f"/console/projects/{NO}/package", sn="MBX-00017", batch="1")
    office.entrance.clock.advance(minutes=5)
    later = {"starts_at": "2013-09-21T09:00", "ends_at": "2013-09-22T16:00", "venue": "五楼会议室"}

    looked = desk.send(PAGE, act="look", near="yes", **later)
    done = desk.send(PAGE, **told(desk, near="yes", **later))
    page = desk.get(f"/console/projects/{NO}").text

    assert "可以直接变更" in looked.text
    assert "MBX-00017" in looked.text
    assert done.status_code == 303
    now = batch_now(site)
    assert shown(now.span.start) == "2013-09-21T09:00:00+08:00"
    assert now.venue == "五楼会议室"
    # The sign-in keeps to the beginning, the sign-out to the end; lectures to their days.
    assert [shown(one.span.start)[5:16] for one in now.sessions] == ["09-21T08:30", "09-22T15:30"]
    assert [f"{one.on}" for one in now.lecturers] == ["2013-09-21", "2013-09-22"]
    for said in ("公布的是 2013-09-14", "2013-09-21", "考勤机 MBX-00017 里还是", "变更第 1 期"):
        assert said in page
    desk.send(f"/console/projects/{NO}/package", sn="MBX-00017", batch="1")
    assert "里还是变更以前" not in desk.get(f"/console/projects/{NO}").text
    # Whoever is asked to agree to nothing is not told to.
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    assert "申请变更时间地点" not in bureau.get("/console/").text


def test_another_place_and_fewer_days_are_for_the_bureau(
    desk: Desk, office: Office, site: Site
) -> None:
    short = {"starts_at": "2013-09-14T08:00", "ends_at": "2013-09-14T17:00", "venue": "市会展中心"}

    looked = desk.send(PAGE, act="look", **short).text
    silent = desk.send(PAGE, **told(desk, **short))
    sent = desk.send(PAGE, **told(desk, **short, reason="会议室漏水"))
    again = desk.send(PAGE, **told(desk, **DAYS, venue="七楼"))
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    home, before = bureau.get("/console/").text, bureau.get(PAGE).text

    for said in ("换到了另一个地点", "周岚的“心衰的康复”", "那一天不办了", "报卫健委同意"):
        assert said in looked
    assert silent.status_code == 422
    assert "请写变更的原因" in silent.text
    assert (sent.status_code, again.status_code) == (303, 409)
    assert batch_now(site).venue == VENUE
    assert "个期次申请变更时间地点" in home
    for said in ("会议室漏水", "市会展中心", "那一天不办了"):
        assert said in before

    [number] = re.findall(r'name="alteration" value="(\d+)"', before)
    wordless = bureau.send(ASKED, alteration=number, act="refused")
    refused = bureau.send(ASKED, alteration=number, act="refused", remark="请先报新场地的资质")
    late = bureau.send(ASKED, alteration=number, act="granted")
    assert (wordless.status_code, refused.status_code, late.status_code) == (422, 303, 409)
    assert "请先报新场地的资质" in desk.get(f"/console/projects/{NO}").text

    desk.send(PAGE, **told(desk, **short, reason="新场地的资质已附"))
    number = re.findall(r'name="alteration" value="(\d+)"', bureau.get(PAGE).text)[0]
    own = desk.send(ASKED, alteration=number, act="granted")
    assert own.status_code == 403
    assert bureau.send(ASKED, alteration=number, act="granted").status_code == 303
    now = batch_now(site)
    assert (now.venue, [f"{one.on}" for one in now.lecturers]) == (
        "市会展中心", ["2013-09-14", "2013-09-14"],
    )  # fmt: skip
    page = desk.get(f"/console/projects/{NO}").text
    for said in ("同意变更第 1 期", "不同意变更第 1 期", "申请变更第 1 期", VENUE):
        assert said in page
    pack = zipfile.ZipFile(io.BytesIO(desk.get(f"/console/projects/{NO}/archive").data))
    assert "新场地的资质已附" in pack.read("变更.csv").decode("utf-8-sig")


def test_what_cannot_be_is_said_at_its_field(desk: Desk) -> None:
    wrong = (
        ({"starts_at": "2012-09-14T08:00"}, "新的开始时间已经过了"),
        ({"starts_at": "2014-02-01T08:00", "ends_at": "2014-02-02T08:00"}, "不能改到别的年份"),
        ({"starts_at": "2013-10-12T08:00", "ends_at": "2013-10-13T17:00"}, "要办第 2 期"),
        ({"ends_at": "2013-09-14T07:00"}, "结束时间要晚于开始时间"),
        ({"venue": " "}, "请填地点"),
        ({"starts_at": "nonsense"}, "时间写成"),
        ({}, "时间和地点都没有变"),
    )

    for fields, said in wrong:
        answer = desk.send(PAGE, act="look", **DAYS | {"venue": VENUE} | fields)
        assert (answer.status_code, said in answer.text) == (422, True), said


def test_of_two_at_once_the_second_sees_what_the_first_did(desk: Desk, site: Site) -> None:
    mine = told(desk, starts_at="2013-09-14T09:00")
    theirs = told(desk, starts_at="2013-09-14T10:00")

    first, second = desk.send(PAGE, **theirs), desk.send(PAGE, **mine)

    assert (first.status_code, second.status_code) == (303, 409)
    assert "别人刚刚变更过第 1 期" in second.text
    assert shown(batch_now(site).span.start)[11:16] == "10:00"


def test_what_was_held_stays_and_who_is_not_the_host_asks_for_nothing(
    desk: Desk, office: Office, site: Site, make_terminal: MakeTerminal
) -> None:
    typed = told(desk, starts_at="2013-09-14T09:00")
    others = office.desk(unit=COUNTY_HOSPITAL, name="外院")
    secretary = office.desk(Role.DEPARTMENT_SECRETARY, MEDICINE)
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    assert others.get(PAGE).status_code == 404
    assert others.send(PAGE, **typed).status_code == 404
    assert secretary.send(PAGE, **typed).status_code == 404
    assert bureau.send(PAGE, **typed).status_code == 409
    assert "变更由举办单位提出" in bureau.get(PAGE).text
    own = batch(starts_at="2013-10-12T08:00", ends_at="2013-10-12T17:00", sessions=[], plan=None)
    filed(site, OPERATOR, project("L2013-2", unit_code=CITY_BUREAU, batches=[own]))
    page = bureau.get("/console/projects/L2013-2/batches/1/change").text
    assert "看变更后会怎样" in page
    assert "开班登记" in bureau.get("/console/projects/L2013-2").text

    terminal = make_terminal()
    package(site, terminal, NO)
    terminal.tap(held(HE_MIN), at=site.clock())
    terminal.upload()
    assert "已经有刷卡记录" in desk.send(PAGE, **typed).text
    filed(site, OPERATOR, project())
    assert "已经开始" in desk.get(f"/console/projects/{HELD}/batches/1/change").text
