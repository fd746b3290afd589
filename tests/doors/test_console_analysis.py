"""考情分析 — what the page says of a day's swipes, and what a moved edge would change."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.awards import commands as awarding
from app.awards import queries as awards
from app.awards.terms import Options
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards.terms import CardState
from app.kernel.actor import Role
from tests.support.cast import COUNTY_HOSPITAL, OPERATOR
from tests.support.filing import NO, batch, filed, project
from tests.support.holding import (
    BOTH,
    NEARLY_IN,
    NEARLY_OUT,
    NOON,
    Training,
    card_of,
    name_of,
    number_of,
)
from tests.support.office import Desk, Office
from tests.support.terminal import MakeTerminal, at, package

PAGE = f"/console/analysis/{NO}/1"
IN = {"label": "上午签到", "start": "2013-05-18T07:30", "end": "2013-05-18T08:30"}
OUT = {"label": "下午签退", "start": "2013-05-18T17:00", "end": "2013-05-18T18:00"}
GRANTED = BOTH - 1  # the lecturer is no attendee


@pytest.fixture
def desk(office: Office, training: Training) -> Desk:
    return office.desk()


def asked(*windows: dict[str, str], **more: str) -> dict[str, Any]:
    """The query of these windows."""
    found = {name: [one[name] for one in windows] for name in ("label", "start", "end")}
    return {"strategy": "windows", **found, **more}


def number(page: str, name: str) -> int:
    [found] = re.findall(rf'id="{name}">(\d+)', page)
    return int(found)


def test_the_page_tells_what_the_plan_as_filed_would_give(desk: Desk) -> None:
    page = desk.get(PAGE).text

    assert number(page, "granted") == GRANTED
    assert number(page, "gained") == number(page, "lost") == 0
    assert "另有 1 张未知卡" in page
    assert re.search(rf"缺下午签退</dt><dd>{NEARLY_OUT + NOON}<", page)
    assert f"差一点的人 {NEARLY_OUT + NEARLY_IN}" in page
    assert page.index(name_of(BOTH + NEARLY_OUT - 1)) < page.index(name_of(BOTH))


@pytest.mark.parametrize("where", [PAGE, f"{PAGE}/whatif"])
def test_an_earlier_edge_tells_who_gains(desk: Desk, where: str) -> None:
    moved = asked(IN, OUT | {"start": "2013-05-18T16:55"}, moved="1-start", show="gained")

    page = desk.get(where, query_string=moved).text

    gained = NEARLY_OUT - 3
    assert number(page, "granted") == GRANTED + gained
    assert number(page, "gained") == gained
    assert f"多 {gained} 人得分" in page
    assert "17:00 改到 16:55，无人失去" in page
    assert name_of(BOTH + NEARLY_OUT - 1) in page


def test_a_later_edge_tells_who_loses(desk: Desk) -> None:
    moved = asked(IN, OUT | {"start": "2013-05-18T17:20"}, show="lost")

    page = desk.get(f"{PAGE}/whatif", query_string=moved).text

    assert number(page, "lost") > 0
    assert number(page, "granted") + number(page, "lost") == GRANTED
    assert "早了" in page


def test_every_strategy_says_how_many_it_grants(desk: Desk) -> None:
    page = desk.get(PAGE).text

    counts = dict(re.findall(r'id="v-(\w+)" data-live>(\d+) 人', page))
    assert counts.keys() == {
        "windows", "any", "any_course", "all_courses", "prorata_hours", "min_swipes",
        "duration_ratio",
    }  # fmt: skip
    assert int(counts["windows"]) == GRANTED
    assert int(counts["any"]) > int(counts["min_swipes"]) > int(counts["windows"])


@pytest.mark.parametrize("strategy", ["any", "all_courses", "min_swipes", "duration_ratio"])
def test_another_strategy_is_looked_at_by_its_address(desk: Desk, strategy: str) -> None:
    page = desk.get(f"{PAGE}?strategy={strategy}").text

    [counted] = re.findall(rf'id="v-{strategy}" data-live>(\d+) 人', page)
    assert number(page, "granted") == int(counted)
    assert "恢复申报时的方案" in page


@pytest.mark.parametrize(
    "wrong",
    [
        asked(IN | {"start": "nonsense"}), asked(IN | {"end": "2013-05-18T07:00"}),
        asked(strategy="nonsense"), asked(strategy="min_swipes", min_swipes="0"),
        asked(strategy="duration_ratio", percent="101"), asked(IN | {"label": ""}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_is_lost(desk: Desk, wrong: dict[str, Any]) -> None:
    page = desk.get(PAGE, query_string=wrong)
    live = desk.get(f"{PAGE}/whatif", query_string=wrong)

    assert (page.status_code, live.status_code) == (422, 422)
    assert 'role="alert"' in page.text
    assert 'role="alert"' in live.text
    assert number(page.text, "granted") == GRANTED


def test_a_window_is_added_and_dropped_without_any_script(desk: Desk) -> None:
    more = desk.get(PAGE, query_string=asked(IN, OUT, add="1")).text
    less = desk.get(PAGE, query_string=asked(IN, OUT, drop="1")).text

    assert more.count('name="label"') == 3
    assert less.count('name="label"') == 1
    assert number(less, "granted") > GRANTED


def test_looking_changes_nothing(desk: Desk) -> None:
    desk.get(PAGE, query_string=asked(OUT))

    assert number(desk.get(PAGE).text, "granted") == GRANTED


def test_a_clock_that_is_wrong_is_proposed_and_tried(desk: Desk) -> None:
    late = asked(
        IN | {"start": "2013-05-18T10:30", "end": "2013-05-18T11:30"},
        OUT | {"start": "2013-05-18T20:00", "end": "2013-05-18T21:00"},
    )

    page = html.unescape(desk.get(PAGE, query_string=late).text)
    [address] = re.findall(r'href="([^"]+)">照这样试算', page)

    assert "MBX-00017的时钟可能慢" in page
    assert number(page, "granted") == 0
    assert number(desk.get(address).text, "granted") > GRANTED // 2
    assert "的时钟可能" not in desk.get(PAGE).text


def test_a_clock_that_is_wrong_is_repaired_once_and_back_again(
    desk: Desk, office: Office, site: Site, owner: Engine
) -> None:
    with begin(site, OPERATOR) as work:
        run_id = awarding.ask(work, NO, 1, Options())
    outbox.deliver(site, work.messages[0].id)
    clock = f"/console/clocks/{NO}/1"
    page = desk.get(clock, query_string={"terminal": "MBX-00017", "shift": "180"}).text
    [count] = re.findall(r'name="swipes" value="(\d+)"', page)
    sent = {"terminal": "MBX-00017", "shift": "180", "swipes": count, "reason": "断过电"}

    assert f"少 {GRANTED} 人" in page
    assert "已经授的分不会自己变" in page
    assert desk.send(clock, **sent | {"reason": " "}).status_code == 422
    assert desk.send(clock, **sent | {"shift": "900"}).status_code == 422
    assert desk.send(clock, **sent | {"swipes": "1"}).status_code == 409
    assert moved(owner) == {0}
    assert desk.send(clock, **sent).status_code == 303
    told = desk.get(PAGE).text
    assert f"的时钟慢 3 小时，{count} 条刷卡按修正后的时间计" in told
    assert (number(told, "granted"), number(told, "lost")) == (0, GRANTED)
    assert moved(owner) == {180}
    assert desk.send(clock, **sent).status_code == 409
    with begin(site, OPERATOR) as work:
        assert awards.run_of(work, run_id).granted == BOTH

    [undo] = re.findall(r'action="(/console/clocks/[^"]+/undo)"', told)
    stranger = office.desk(Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL, name="other")
    assert stranger.send(html.unescape(undo)).status_code == 404
    assert desk.send(html.unescape(undo)).status_code == 303
    assert desk.send(html.unescape(undo)).status_code == 303
    assert moved(owner) == {0}
    assert "已经由 王芳 撤回" in desk.get(PAGE).text


def test_one_of_two_terminals_is_repaired_and_cards_and_repeats_are_judged_by_the_right_time(
    desk: Desk, site: Site, owner: Engine, make_terminal: MakeTerminal
) -> None:
    back, again, lost = BOTH + NEARLY_OUT + NEARLY_IN, 5, BOTH + NEARLY_OUT + NEARLY_IN + 1
    second = make_terminal("MBX-SLOW")
    package(site, second)
    with begin(site, OPERATOR) as work:
        cards.set_state(work, number_of(lost), CardState.LOST, at("16:00:00"))
    outbox.deliver(site, work.messages[0].id)
    # Three hours late: two who swiped in alone come back, another swiped out a moment before.
    for clock, one in (("14:08:00", again), ("14:10:00", back), ("14:11:00", lost)):
        second.tap(card_of(one), at=at(clock))
    second.upload()
    asked_for = {"terminal": "MBX-SLOW", "shift": "180"}
    clock = f"/console/clocks/{NO}/1"

    page = desk.get(clock, query_string=asked_for).text
    before = fates(owner)
    desk.send(clock, **asked_for, swipes="3", reason="断过电")
    repaired = fates(owner)
    told = desk.get(PAGE).text
    [undo] = re.findall(r'action="(/console/clocks/[^"]+/undo)"', told)
    desk.send(html.unescape(undo))

    assert f"{GRANTED + 1} 人得分；和修正以前比，多 1 人，少 0 人" in page
    assert before == ["accepted", "accepted", "accepted"]
    assert repaired == ["duplicate", "accepted", "quarantined revoked_card"]
    assert number(told, "granted") == GRANTED + 1
    assert fates(owner) == ["accepted", "accepted", "accepted revoked_card"]
    assert moved(owner) == {0}


def fates(owner: Engine) -> list[str]:
    """What became of each record of the second terminal."""
    asked_for = text(
        "select concat_ws(' ', s.state, s.hold) from swipe s join device d on d.id = s.device_id"
        " where d.sn = 'MBX-SLOW' order by seq"
    )
    with owner.connect() as connection:
        return list(connection.execute(asked_for).scalars())


def moved(owner: Engine) -> set[int]:
    """By how many minutes the times that count differ from those that the terminal showed."""
    asked_for = text("select distinct round(extract(epoch from at - at_dev) / 60)::int from swipe")
    with owner.connect() as connection:
        return set(connection.execute(asked_for).scalars())


def test_a_batch_without_sessions_is_given_windows_of_its_own(desk: Desk, site: Site) -> None:
    bare = batch(sessions=[], plan={"strategy": "windows"}, ends_at="2013-05-18T18:00")
    filed(site, OPERATOR, project("2013-03-01-020(国)", batches=[bare]))

    page = desk.get("/console/analysis/2013-03-01-020(国)/1")
    [address] = re.findall(r'href="([^"]+)">自己定时段', html.unescape(page.text))
    own = desk.get(address)

    assert page.status_code == 422
    assert "没有登记场次" in page.text
    assert "还没有可以计的刷卡" in page.text
    assert own.status_code == 200
    assert 'value="08:00"' in own.text
    assert 'role="slider"' in own.text


def test_a_batch_of_another_hospital_is_not_there(office: Office, training: Training) -> None:
    other = office.desk(Role.HOSPITAL_ADMIN, COUNTY_HOSPITAL, name="other")

    assert other.get(PAGE).status_code == 404
    assert other.get(f"{PAGE}/whatif").status_code == 404


def test_the_day_of_the_windows_is_shown_first(desk: Desk) -> None:
    next_day = {"label": "签到", "start": "2013-05-19T07:30", "end": "2013-05-19T08:30"}

    page = desk.get(PAGE, query_string=asked(next_day)).text

    assert 'aria-current="true">05-19<' in page
    assert ">05-18</a>" in page
