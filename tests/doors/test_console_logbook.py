"""操作日志 — the log of a day in the console."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.accounts.queries import Looked, logbook
from app.base.work import begin
from app.kernel.actor import Role
from tests.support.cast import COUNTY_HOSPITAL, HE_MIN, MEDICINE, OPERATOR
from tests.support.office import Desk, Office

LOG = "/console/log"
SECOND = timedelta(seconds=1)


def _looked_at(desk: Desk) -> None:
    desk.send(f"/console/people/{HE_MIN}/numbers", reason="核对身份证原件")


def test_a_day_says_who_did_what_to_whom(office: Office) -> None:
    desk = office.desk()
    _looked_at(desk)

    page = desk.get(LOG).text

    [line] = [one for one in re.findall("<tr>.*?</tr>", page) if "看完整号码" in one]
    assert desk.login.name in line
    assert f'href="/console/people/{HE_MIN}">何敏</a>' in line
    assert "理由：核对身份证原件" in line
    assert "控制台" in line


def test_what_one_act_did_to_many_is_one_line_with_their_number(office: Office) -> None:
    page = office.desk().get(LOG).text

    [line] = [
        one for one in re.findall("<tr>.*?</tr>", page)
        if "导入花名册" in one and "新增人员资料" in one
    ]  # fmt: skip
    assert re.search(r"(\d+) 条", line)


def test_who_keeps_administrators_sees_when_they_came_in(office: Office) -> None:
    desk = office.desk()

    page = desk.get(f"{LOG}?about=accounts&who={desk.login.name}").text

    assert "登录" in page


@pytest.mark.parametrize("role", [Role.HOSPITAL_ADMIN, Role.AUDITOR])
def test_another_hospital_sees_none_of_it(office: Office, role: Role) -> None:
    desk = office.desk()
    _looked_at(desk)
    other = office.desk(role, COUNTY_HOSPITAL, name="外院的人")

    page = other.get(LOG).text

    assert "看完整号码" not in page
    assert "何敏" not in page
    assert desk.login.name not in page


def test_a_secretary_has_no_log(office: Office) -> None:
    desk = office.desk(Role.DEPARTMENT_SECRETARY, MEDICINE)

    assert desk.get(LOG).status_code == 403
    assert "操作日志" not in desk.get("/console/").text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", True),
        ("?about=accounts&via=console", True),
        ("?about=awards", False),
        ("?via=job", False),
        ("?who=没有这个人", False),
        ("?day=2013-05-24", False),
        ("?day=9999-99-99&until=never&about=x&via=y&who=%00", True),
        ("?until=0001-01-01T00:00:00", False),
    ],
)
def test_the_address_narrows_the_log(office: Office, asked: str, found: bool) -> None:
    desk = office.desk()
    _looked_at(desk)

    answer = desk.get(f"{LOG}{asked}")

    assert answer.status_code == 200
    assert ("看完整号码" in answer.text) is found


def test_a_long_day_is_read_part_by_part_and_nothing_is_twice(office: Office) -> None:
    desk, clock = office.desk(), office.entrance.clock
    for _ in range(7):
        clock.now += SECOND
        _looked_at(desk)

    seen, looked = [], Looked(clock.now - 10 * SECOND, clock.now + SECOND)
    while True:
        with begin(desk.site, OPERATOR) as work:
            found = logbook(work, replace(looked, about="accounts"), most=3)
        seen += [one.act.at for one in found.entries if one.act.action == "accounts.unmask"]
        if found.older is None:
            break
        looked = replace(looked, until=found.older)

    assert len(seen) == 7
    assert seen == sorted(set(seen), reverse=True)


def test_the_day_can_be_kept_as_a_list(office: Office) -> None:
    desk = office.desk()
    _looked_at(desk)

    answer = desk.get(f"{LOG}/export?about=accounts")

    assert answer.status_code == 200
    assert "spreadsheetml" in answer.headers["Content-Type"]


def test_whoever_takes_a_list_away_stands_in_the_log(office: Office) -> None:
    desk, clock = office.desk(), office.entrance.clock
    for address in ("people/export", "export/cards", "export/courses", "log/export"):
        clock.now += SECOND
        assert desk.get(f"/console/{address}").status_code == 200

    page = desk.get(f"{LOG}?about=accounts").text

    for kind in ("人员", "卡", "公需课", "操作日志"):
        assert f"名单：{kind}；" in page
