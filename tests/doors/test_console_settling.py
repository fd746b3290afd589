"""待核刷卡 and 为什么 at a desk: what counts for nothing is decided, and anyone is answered."""

from __future__ import annotations

import html
import re

import pytest

from app.kernel.actor import Role
from tests.support.cast import CITY_BUREAU, COUNTY_HOSPITAL
from tests.support.filing import NO
from tests.support.holding import BOTH, NEARLY_OUT, PEOPLE, Training, name_of, number_of
from tests.support.office import Desk, Office

PAGE = f"/console/records/{NO}/1"
ANALYSIS = f"/console/analysis/{NO}/1"
EVENING = number_of(PEOPLE - 1)


@pytest.fixture
def desk(office: Office, training: Training) -> Desk:
    return office.desk()


def ids_of(page: str) -> str:
    [found] = re.findall(r'name="ids" value="([^"]+)"', page)
    return found


def test_an_unknown_card_is_one_heap_of_all_its_swipes(desk: Desk) -> None:
    page = desk.get(PAGE).text

    assert "待核刷卡 2 条" in page
    assert "05-18 08:04、05-18 17:15" in page
    assert len(ids_of(page).split(",")) == 2


def test_an_unknown_card_is_claimed_for_a_person_and_counts(desk: Desk) -> None:
    before = desk.get(ANALYSIS).text
    ids = ids_of(desk.get(PAGE).text)

    done = desk.send(PAGE, ids=ids, act="attach", person_no=EVENING, reason="补办新卡，本人确认")

    assert done.status_code == 303
    page = desk.get(PAGE).text
    assert f"2 次刷卡认领给了人员编号 {EVENING}" in page
    assert "都核对完了" in page
    [was, now] = [int(re.findall(r'id="granted">(\d+)', one)[0])
                  for one in (before, desk.get(ANALYSIS).text)]  # fmt: skip
    assert now == was + 1


def test_an_unknown_card_is_discarded_with_a_reason(desk: Desk) -> None:
    ids = ids_of(desk.get(PAGE).text)

    desk.send(PAGE, ids=ids, act="discard", reason="不是本院的人")

    assert "2 次刷卡已作废" in desk.get(PAGE).text


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"act": "attach", "person_no": EVENING, "reason": " "}, 422, "理由"),
        ({"act": "attach", "person_no": "000", "reason": "本人确认"}, 404, "没有人员编号是“000”"),
        ({"act": "accept", "reason": "本人确认"}, 409, ""),
        ({"act": "nonsense", "reason": "本人确认"}, 404, ""),
    ],
)
def test_what_cannot_be_decided_is_said_and_what_was_typed_stays(
    desk: Desk, given: dict[str, str], status: int, said: str
) -> None:
    ids = ids_of(desk.get(PAGE).text)

    answer = desk.send(PAGE, ids=ids, **given)

    assert answer.status_code == status
    assert said in answer.text
    assert 'role="alert"' in answer.text
    assert given["reason"] in answer.text
    assert "待核刷卡 2 条" in desk.get(PAGE).text


def test_two_who_decide_at_once_are_told_apart(desk: Desk, office: Office) -> None:
    ids = ids_of(desk.get(PAGE).text)
    bureau = office.desk(Role.CITY_OFFICE, CITY_BUREAU)

    first = bureau.send(PAGE, ids=ids, act="discard", reason="不是本院的人")
    second = desk.send(PAGE, ids=ids, act="discard", reason="不是本院的人")

    assert (first.status_code, second.status_code) == (303, 409)


def test_records_of_another_hospital_are_not_there(desk: Desk, office: Office) -> None:
    ids = ids_of(desk.get(PAGE).text)
    other = office.desk(Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL, name="other")

    assert other.get(PAGE).status_code == 404
    assert other.send(PAGE, ids=ids, act="discard", reason="x").status_code == 404
    assert "待核刷卡 2 条" in desk.get(PAGE).text


def test_why_is_one_click_from_the_list_and_says_what_the_person_reads(desk: Desk) -> None:
    person = BOTH + NEARLY_OUT - 1
    listed = html.unescape(desk.get(ANALYSIS).text)
    [address] = re.findall(rf'href="(/console/awards/[^"]+/why/{number_of(person)})"', listed)

    page = desk.get(address).text

    assert name_of(person) in page
    assert "下午签退要在 17:00 到 18:00 之间刷卡。你最近的一次是 16:59:30，早了 1 分钟。" in page
    assert "逐条核对" in page
    assert "和本人在微信里看到的一样" in page


@pytest.mark.parametrize("person", ["990100002", "000", number_of(999)])
def test_of_who_never_came_there_is_nothing_to_tell(desk: Desk, person: str) -> None:
    assert desk.get(f"/console/awards/{NO}/1/why/{person}").status_code == 404
