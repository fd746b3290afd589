"""One person's page in the console."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import Engine, text

from app.base.work import begin
from app.kernel.actor import Role
from app.standards import commands as standards
from device.mbox.machine import Machine
from tests.support.cast import CARDIOLOGY, HE_MIN, NURSING, OPERATOR, STRANGER, id_number
from tests.support.holding import Training, name_of, number_of
from tests.support.office import Desk, Office
from tests.support.terminal import at, held

FILE = f"/console/people/{HE_MIN}"


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def mark(desk: Desk, address: str = FILE) -> str:
    found = re.search(r'name="seen" value="(\w+)"', desk.get(address).text)
    assert found is not None
    return found[1]


def form(desk: Desk, **other: str) -> dict[str, str]:
    told = {
        "name": "何敏", "department": CARDIOLOGY, "title": "主管护师", "level": "middle",
        "post": "", "education": "", "specialty": "", "phone": "", "seen": mark(desk),
    }  # fmt: skip
    return told | other


def test_the_page_says_who_it_is_and_where_they_stand(desk: Desk) -> None:
    page = desk.get(FILE).text

    assert "颍川市第一人民医院，心内科，主管护师，正常" in page
    assert "还差 <b>25</b> 分" in page
    assert "990100001</span> 在用" in page
    assert "139****0001" in page
    assert "还没有刷卡参加的活动" in page
    assert "<b>心内科</b>，颍川市第一人民医院" in page
    assert "建档至今，导入花名册" in page
    number = id_number(date(1980, 3, 14), 2)
    assert number not in page
    assert f"{number[:3]}*************{number[-2:]}" in page


def test_the_trail_says_in_words_who_did_what(desk: Desk) -> None:
    page = desk.get(FILE).text

    assert "导入花名册" in page
    assert "新增人员资料" in page
    assert "姓名：何敏" in page
    assert "import_people" not in page
    assert "bytes" not in page


def test_a_status_holds_from_a_day_on(desk: Desk) -> None:
    desk.send(f"{FILE}/status", status="maternity", since="2013-03-01", seen=mark(desk))

    page = desk.get(FILE).text
    assert "从 2013-03-01 起，状态改为“产假”。" in page
    assert "主管护师，产假" in page
    assert "<dt>2013-03-01 起</dt><dd>产假" in page
    assert "改状态" in page


def test_who_was_second_changes_nothing_and_is_told_who_was_first(
    desk: Desk, office: Office
) -> None:
    seen = mark(desk)
    desk.send(f"{FILE}/status", status="maternity", since="2013-03-01", seen=seen)

    answer = desk.send(f"{FILE}/status", status="cancelled", since="2013-03-01", seen=seen)

    assert answer.status_code == 409
    assert "已经改过何敏的资料。你的操作没有执行" in answer.text.replace("</b>", "")
    assert "主管护师，产假" in answer.text


@pytest.mark.parametrize("since", ["", "2013/3/1", "13-03-01", "1013-03-01", "9999-01-01"])
def test_a_day_that_cannot_be_is_refused_with_what_was_filled_in(desk: Desk, since: str) -> None:
    answer = desk.send(f"{FILE}/status", status="maternity", since=since, seen=mark(desk))

    assert answer.status_code == 422
    assert '<option value="maternity" selected>' in answer.text
    assert "主管护师，正常" in answer.text


def test_a_profile_and_a_department_are_changed_by_hand(desk: Desk) -> None:
    desk.send(
        f"{FILE}/edit", **form(desk, department=NURSING, title="副主任护师", phone="13800000000")
    )

    page = desk.get(FILE).text
    assert "颍川市第一人民医院，护理部，副主任护师，正常" in page
    assert "138****0000" in page
    assert "职称：主管护师 → 副主任护师" in page
    assert "科室：心内科 → 护理部" in page
    assert "电话已更改" in page


def test_a_person_who_moves_takes_everything_along(desk: Desk, owner: Engine) -> None:
    desk.send(f"{FILE}/edit", **form(desk, department=NURSING))

    with owner.connect() as connection:
        card, person = connection.execute(
            text("select c.path, p.path from card c join person p on p.id = c.person_id"
                 " where person_no = :no"), {"no": HE_MIN},
        ).one()  # fmt: skip
    assert card == person


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": ""}, "姓名不能空着"),
        ({"title": "师" * 65}, "最多 64 个字"),
        ({"phone": "139"}, "电话不对"),
        ({"phone": "12345678901"}, "电话不对"),
        ({"department": "H9-1"}, "不是这个人单位的科室"),
        ({"department": "H2-1"}, "不是这个人单位的科室"),
        ({"department": "H1"}, "不是这个人单位的科室"),
    ],
)
def test_what_cannot_be_is_refused_beside_what_was_filled_in(
    desk: Desk, other: dict[str, str], said: str
) -> None:
    answer = desk.send(f"{FILE}/edit", **form(desk, specialty="护理学", **other))

    assert answer.status_code == 422
    assert said in answer.text.replace("</b>", "")
    assert 'value="护理学"' in answer.text


def test_a_field_nobody_offers_changes_nothing(desk: Desk, owner: Engine) -> None:
    desk.send(f"{FILE}/edit", **form(desk), person_no="x", unit_id="1", path="", status="cancelled")

    with owner.connect() as connection:
        row = connection.execute(text("select status from person where name = '何敏'")).one()
    assert row.status == "normal"


@pytest.mark.parametrize("path", ["", "/edit", "/why/2013-03-01-007(国)/1"])
def test_another_hospitals_person_is_not_there(desk: Desk, path: str) -> None:
    assert desk.get(f"/console/people/{STRANGER}{path}").status_code == 404


@pytest.mark.parametrize("path", ["/edit", "/status"])
def test_another_hospitals_person_is_not_changed(desk: Desk, path: str) -> None:
    told = form(desk) | {"status": "cancelled", "since": "2013-03-01"}

    assert desk.send(f"/console/people/{STRANGER}{path}", **told).status_code == 404


def test_who_may_only_read_is_offered_and_allowed_nothing_else(desk: Desk, office: Office) -> None:
    auditor = office.desk(Role.AUDITOR)

    page = auditor.get(FILE)

    assert page.status_code == 200
    assert "改资料" not in page.text
    assert "从这天起改状态" not in page.text
    assert auditor.send(f"{FILE}/edit", **form(desk)).status_code == 403
    told = {"status": "cancelled", "since": "2013-03-01", "seen": mark(desk)}
    assert auditor.send(f"{FILE}/status", **told).status_code == 403


def test_why_there_is_no_credit_is_two_clicks_away_in_the_words_of_the_person(
    desk: Desk, terminal: Machine
) -> None:
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    assert [answer.status for answer in terminal.upload()] == [200]

    [address] = set(re.findall(r'href="(/console/people/\w+/why/[^"]+)"', desk.get(FILE).text))
    page = desk.get(address).text

    assert "举办单位还没有授分" in page
    assert "和本人在微信里看到的一样" in page
    assert 'href="/console/people/990100001">何敏' in page


def test_why_is_two_clicks_from_the_list(desk: Desk, training: Training) -> None:
    no = number_of(1)
    file = desk.get(desk_link(desk.get(f"/console/people?q={no}").text, rf"/console/people/{no}"))

    answer = desk.get(desk_link(file.text, rf"/console/people/{no}/why/[^\"]+"))

    assert file.status_code == answer.status_code == 200
    assert "逐条核对" in answer.text
    assert name_of(1) in answer.text


def desk_link(page: str, address: str) -> str:
    """The first link of a page to such an address."""
    found = re.search(rf'href="({address})"', page)
    assert found is not None
    return found[1]


def test_the_whole_numbers_are_shown_once_for_a_reason_that_stays_in_the_log(desk: Desk) -> None:
    number = id_number(date(1980, 3, 14), 2)

    shown = desk.send(f"{FILE}/numbers", reason="核对身份证原件")

    assert shown.status_code == 200
    assert number in shown.text
    assert "139****0001" not in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    page = desk.get(FILE).text
    assert number not in page
    assert "看完整号码" in page
    assert "理由：核对身份证原件" in page


def test_nobody_looks_at_whole_numbers_without_a_reason_or_more_often_than_is_allowed(
    desk: Desk, owner: Engine
) -> None:
    number = id_number(date(1980, 3, 14), 2)

    unsaid = desk.send(f"{FILE}/numbers", reason=" ")
    often = [desk.send(f"{FILE}/numbers", reason="核对") for _ in range(21)]

    assert unsaid.status_code == 422
    assert number not in unsaid.text
    assert [one.status_code for one in often] == [200] * 20 + [409]
    assert number not in often[-1].text
    assert "一天最多看 20 人的完整号码" in often[-1].text
    with owner.connect() as connection:
        looks = text("select count(*) from audit_entry where action = 'accounts.unmask'")
        assert connection.execute(looks).scalar_one() == 20


def test_whole_numbers_are_for_who_keeps_the_files_of_these_people(
    desk: Desk, office: Office
) -> None:
    assert office.desk(Role.AUDITOR).send(f"{FILE}/numbers", reason="核对").status_code == 403
    assert desk.send(f"/console/people/{STRANGER}/numbers", reason="核对").status_code == 404
