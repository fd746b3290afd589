"""待核刷卡 and 为什么 at a desk: what counts for nothing is decided, and anyone is answered."""

from __future__ import annotations

import html
import re

import pytest

from app.base.work import begin
from app.cards import commands as cards
from app.cards.terms import CardState
from app.kernel.actor import Role
from device.mbox.machine import Card
from tests.support.cast import CITY_BUREAU, COUNTY_HOSPITAL, HE_MIN, OPERATOR
from tests.support.filing import NO
from tests.support.holding import BOTH, NEARLY_OUT, PEOPLE, Training, name_of, number_of
from tests.support.office import Desk, Office
from tests.support.terminal import at

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


def test_an_unknown_card_may_be_of_who_lost_one_that_week(desk: Desk, training: Training) -> None:
    with begin(training.site, OPERATOR) as work:
        cards.set_state(work, HE_MIN, CardState.LOST, at("12:00:00", "2013-05-17"))
        cards.set_state(work, number_of(0), CardState.LOST, at("12:00:00", "2013-05-19"))

    page = desk.get(PAGE).text
    sent = {"ids": ids_of(page), "act": "attach", "reason": "本人说补过卡"}

    # Who swiped with their own card that day is not meant.
    assert "可能是这 1 个人的卡</summary>" in page
    assert re.search(rf'value="{HE_MIN}".*那几天卡挂失或者停用（5 月 17 日）', page)
    assert desk.send(PAGE, **sent, likely=HE_MIN, person_no="").status_code == 303
    assert f"认领给了人员编号 {HE_MIN}" in desk.get(PAGE).text


def test_swipes_for_an_activity_that_nobody_knows_are_claimed_for_a_batch_or_discarded(
    desk: Desk, office: Office, training: Training
) -> None:
    own = Card(uid=bytes([4, 0, PEOPLE - 1, 0x5A]), card_no=EVENING)
    for clock, activity in (("07:50:00", "A-77"), ("17:20:00", "A-77"), ("18:00:00", "A-78")):
        training.machine.tap(own, at=at(clock, "2013-05-18"), activity_id=activity)
    training.machine.upload()
    stranger = office.desk(Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL, name="other")
    page = desk.get("/console/records").text
    first, second = re.findall(r'name="ids" value="([^"]+)"', page)
    sent = {"ids": first, "act": "claim", "reason": "活动包没有更新"}

    assert '3</span><div><p class="t">条刷卡没有期次' in desk.get("/console/").text
    assert "每一条刷卡都有期次" in stranger.get("/console/records").text
    assert stranger.send("/console/records", **sent, batch=f"{NO}/1").status_code == 404
    undecided = desk.send("/console/records", **sent, other="第一期")
    assert (undecided.status_code, "还没有选是哪一期" in undecided.text) == (422, True)
    assert 'value="第一期"' in undecided.text
    assert f'value="{NO}/1"' in page
    assert desk.send("/console/records", **sent, batch=f"{NO}/1").status_code == 303
    assert "2 次刷卡归到了第 1 期" in desk.get("/console/records").text
    assert desk.send("/console/records", **sent, batch=f"{NO}/1").status_code == 409
    desk.send("/console/records", ids=second, act="discard", reason="试机器")
    assert "每一条刷卡都有期次" in desk.get("/console/records").text
    assert number_of_granted(desk) == BOTH


def number_of_granted(desk: Desk) -> int:
    return int(re.findall(r'id="granted">(\d+)', desk.get(ANALYSIS).text)[0])


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
