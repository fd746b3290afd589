"""Confirming who somebody is, and printing slips, at a desk."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine

from app.accounts import queries
from app.accounts.commands import requests
from app.base.site import Site
from app.kernel.actor import Role
from app.kernel.secret import Secret
from tests.support.binding import by_slip, follower, told
from tests.support.cast import (
    CARDIOLOGY,
    CITY_BUREAU,
    HE_MIN,
    STRANGER_HOSPITAL,
    ZHOU_LAN,
)
from tests.support.office import Desk, Office
from tests.support.paper import printed
from tests.support.wechat_client import SERVICE

NEW = "o-new"


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk()


def ask(site: Site, openid: str = NEW, name: str = "何敏", department: str = "心内科") -> int:
    with follower(site, openid)() as work:
        return requests.ask_human(work, SERVICE, openid, name, department, "换了手机")


def bound(site: Site, openid: str = NEW) -> str | None:
    found = queries.binding_of(site, SERVICE, openid)
    return found and found.person_no


def test_a_request_shows_who_it_may_be(desk: Desk) -> None:
    ask(desk.site)

    page = desk.get("/console/bindings").text

    assert "1 个微信在等你确认是谁" in page
    assert "留言：换了手机" in page
    assert re.search(r"何敏</b> 990100001<span class=\"dim\">心内科，主管护师", page)


def test_with_nothing_waiting_the_page_says_so(desk: Desk) -> None:
    assert "没有人在等确认" in desk.get("/console/bindings").text


def test_who_is_confirmed_is_bound_and_told(desk: Desk, owner: Engine) -> None:
    number = ask(desk.site)

    answer = desk.send(f"/console/bindings/{number}", act="approve", person=HE_MIN)

    assert (answer.status_code, answer.location) == (303, "/console/bindings")
    assert bound(desk.site) == HE_MIN
    assert "人员编号 990100001 的微信现在就绑定了" in desk.get("/console/bindings").text
    assert (SERVICE, NEW, "request_approved") in told(owner)


def test_another_person_may_be_named_by_number(desk: Desk) -> None:
    number = ask(desk.site)

    desk.send(f"/console/bindings/{number}", act="approve", person="other", no=ZHOU_LAN)

    assert bound(desk.site) == ZHOU_LAN


def test_who_has_another_wechat_waits_unless_a_reason_is_given(desk: Desk, office: Office) -> None:
    office.entrance.official.bind(SERVICE, "o-old", HE_MIN)
    waiting = ask(desk.site)
    desk.send(f"/console/bindings/{waiting}", act="approve", person=HE_MIN)

    page = desk.get("/console/bindings").text

    assert "5 月 26 日 09:00 起换绑到这个微信" in page
    assert (bound(desk.site), bound(desk.site, "o-old")) == (None, HE_MIN)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"act": "approve"}, 422, "请先选是哪一位"),
        ({"act": "approve", "person": "other", "no": "  "}, 422, "请先选是哪一位"),
        ({"act": "approve", "person": "other", "no": "123"}, 404, "123"),
        ({"act": "refuse", "reason": " "}, 422, "请写明不通过的原因"),
    ],
)
def test_an_answer_that_cannot_be_says_why_and_loses_nothing(
    desk: Desk, fields: dict[str, str], status: int, said: str
) -> None:
    number = ask(desk.site)

    answer = desk.send(f"/console/bindings/{number}", **fields)

    assert answer.status_code == status
    assert said in answer.text
    assert "何敏，心内科" in answer.text
    assert bound(desk.site) is None


def test_who_is_refused_is_told_and_not_bound(desk: Desk, owner: Engine) -> None:
    number = ask(desk.site)

    desk.send(f"/console/bindings/{number}", act="refuse", reason="查无此人")

    assert bound(desk.site) is None
    assert (SERVICE, NEW, "request_refused") in told(owner)
    assert "没有人在等确认" in desk.get("/console/bindings").text


def test_the_second_of_two_who_answer_is_told_so(desk: Desk) -> None:
    number = ask(desk.site)
    desk.send(f"/console/bindings/{number}", act="approve", person=HE_MIN)

    late = desk.send(f"/console/bindings/{number}", act="refuse", reason="不认识")

    assert late.status_code == 404
    assert "它可能已经有人处理" in late.text
    assert bound(desk.site) == HE_MIN


def test_another_hospital_sees_and_answers_nothing(desk: Desk, office: Office) -> None:
    number = ask(desk.site)
    stranger = office.desk(Role.HOSPITAL_ADMIN, STRANGER_HOSPITAL, "外院管理员")

    assert "何敏" not in stranger.get("/console/bindings").text
    answer = stranger.send(f"/console/bindings/{number}", act="approve", person=HE_MIN)
    assert answer.status_code == 404
    assert stranger.send("/console/bindings/slips", unit=CARDIOLOGY).status_code == 404
    assert bound(desk.site) is None


def test_who_may_not_bind_people_has_no_such_page(office: Office) -> None:
    city = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    assert city.get("/console/bindings").status_code == 403
    assert "/console/bindings" not in city.get("/console/").text


def test_slips_are_counted_printed_and_work(desk: Desk, office: Office) -> None:
    office.entrance.official.bind(SERVICE, "o-zhou", ZHOU_LAN)
    page = desk.get("/console/bindings").text
    assert re.search(r"心内科</td><td class=\"r\">2</td><td class=\"r\">1<", page)

    answer = desk.send("/console/bindings/slips", unit=CARDIOLOGY)

    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    # As servers must be able to write it, which know no Chinese.
    assert answer.headers["Content-Disposition"].isascii()
    sheet = printed(answer.data)
    assert "激活条：心内科，1 人" in sheet
    [code] = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", sheet)
    by_slip(desk.site, NEW, Secret(code))
    assert bound(desk.site) == HE_MIN
    assert "都绑定了" in desk.get("/console/bindings").text
