"""What stands around every page of the console."""

from __future__ import annotations

import pytest

from app.accounts.commands import requests
from app.awards import commands as awards
from app.awards.terms import Options
from app.base import outbox
from app.base.work import begin
from app.kernel.actor import Role
from app.standards import commands as standards
from device.mbox.machine import Machine
from tests.support.binding import follower
from tests.support.cast import CARDIOLOGY, CITY_BUREAU, HE_MIN, HOSPITAL, OPERATOR
from tests.support.entrance import Entrance
from tests.support.filing import NO
from tests.support.office import Office
from tests.support.serving import app_of
from tests.support.terminal import at, held
from tests.support.wechat_client import SERVICE


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


def test_a_batch_that_is_over_and_recorded_waits_to_be_awarded(
    terminal: Machine, office: Office
) -> None:
    desk = office.desk()
    nothing = desk.get("/console/").text
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    assert [answer.status for answer in terminal.upload()] == [200]

    waiting = desk.get("/console/").text
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
        awards.ask(work, NO, 1, Options())
    judging = desk.get("/console/").text
    for message in work.messages:
        assert outbox.deliver(desk.site, message.id)
    awarded = desk.get("/console/").text

    assert "没有事等你" in nothing
    assert "有 1 件事等你" in waiting
    assert "心力衰竭诊疗新进展" in waiting
    assert "后台正在授分：1 个期次" in judging
    assert "没有事等你" in awarded


def test_a_bureau_reads_what_is_late_below_and_counts_only_what_is_its_own_to_do(
    terminal: Machine, office: Office
) -> None:
    hospital, bureau = office.desk(), office.desk(Role.CITY_OFFICE, CITY_BUREAU)
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    assert [answer.status for answer in terminal.upload()] == [200]

    late = bureau.get("/console/").text
    with begin(hospital.site, OPERATOR) as work:
        standards.load_shipped(work)
        awards.ask(work, NO, 1, Options())
    for message in work.messages:
        assert outbox.deliver(hospital.site, message.id)
    with begin(hospital.site, OPERATOR) as work:
        awards.report(work, NO)
    reported = bureau.get("/console/").text

    assert "没有事等你" in late
    assert "所辖单位迟了的" in late
    assert "看这一期" in late
    assert "有 1 件事等你" in reported
    assert "个项目的授分待审" in reported
    assert "所辖单位迟了的" not in reported


def test_somebody_who_asks_to_be_confirmed_waits(office: Office) -> None:
    desk = office.desk()
    assert "都办完了" in desk.get("/console/").text
    with follower(desk.site, "o-new")() as work:
        requests.ask_human(work, SERVICE, "o-new", "何敏", "心内科", "")

    page = desk.get("/console/").text

    assert "人申请绑定微信" in page
    assert "何敏，没有别的证明" in page


def test_who_may_not_do_a_thing_is_told_so_without_codes_and_finds_the_way_back(
    office: Office,
) -> None:
    refused = office.desk(Role.DEPARTMENT_SECRETARY, CARDIOLOGY).get("/console/cards")

    assert refused.status_code == 403
    assert "不能办这件事" in refused.text
    assert "cards:" not in refused.text
    assert '<a href="/console/">回到首页</a>' in refused.text


def test_a_number_that_nothing_can_have_is_not_there(office: Office) -> None:
    assert office.desk().get(f"/console/awards/runs/{10**20}").status_code == 404


def test_who_governs_nothing_has_no_menu(entrance: Entrance) -> None:
    signed = entrance.claim()
    web = app_of(entrance.site).test_client()
    web.set_cookie("kejiao_console", signed.session.reveal())

    page = web.get("/console/").text

    assert "何敏，你好" in page
    assert "主菜单" not in page
