"""合并档案 — two records of one person become one, by the page of whoever sees both."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text

from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.credits import commands as ledger
from app.credits.rules import FORM as COURSE_FORM
from app.kernel import tidy
from app.kernel.table import pasted
from app.standards import commands as standards
from app.web.console import imports
from device.mbox.machine import Card
from tests.support import filing
from tests.support.cast import (
    CARDIOLOGY,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    STRANGER,
    ZHOU_LAN,
    csv_of,
    people_sheet,
)
from tests.support.crediting import credited
from tests.support.office import Desk, Office
from tests.support.terminal import MakeTerminal, held
from tests.support.wechat_client import SERVICE, Official

AGAIN, UID = "990100077", "04AABBCCDDEE80"
PAIR = f"/console/merge/{HE_MIN}/{AGAIN}"


@pytest.fixture
def desk(office: Office) -> Desk:
    """何敏 came back under a second number, with a permit instead of the identity card."""
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
        columns = (
            "person_no", "name", "id_type", "id_number", "birth_date", "unit_code",
            "department_code", "status", "card_no", "card_uid",
        )  # fmt: skip
        line = (
            AGAIN, "何敏", "other", "P12345678", "1980-03-14", HOSPITAL, CARDIOLOGY, "normal",
            AGAIN, UID,
        )  # fmt: skip
        cards.import_people(work, people_sheet(csv_of(columns, line)))
    return desk


def marks(desk: Desk) -> dict[str, str]:
    page = desk.get(PAIR).text
    return {f"seen_{one}": re.findall(f'name="seen_{one}" value="(\\w+)"', page)[0] for one in "ab"}


def test_two_records_become_one_with_all_that_hangs_on_them(
    desk: Desk, official: Official, make_terminal: MakeTerminal, owner: Engine, site: Site
) -> None:
    machine = make_terminal("MBX-00031", HOSPITAL)
    again = Card(uid=bytes.fromhex(UID))
    credited(site, machine, filing.NO, held(HE_MIN), again)
    credited(site, machine, "2013-03-01-012(国)", again)
    took(site, HE_MIN, "职业道德")
    took(site, AGAIN, "职业道德", "传染病防治")
    official.bind(SERVICE, "o-again", AGAIN)
    assert f"{HE_MIN}，{AGAIN}" in desk.get("/console/merge/").text
    side = desk.get(PAIR).text
    assert "P12345678" not in side
    assert "20.0 分" in side

    done = desk.send(PAIR, keep=HE_MIN, **marks(desk))

    assert done.status_code == 303, done.text
    page = desk.get(f"/console/people/{HE_MIN}").text
    assert "有 2 笔两份都有，只留一笔" in page
    assert "并入的编号：990100077" in page
    assert sums(owner) == {HE_MIN: 20, AGAIN: 0}
    assert "990100001</span> 在用" in page
    assert "990100077</span> 已换新卡" in page
    assert follower_of(owner) == HE_MIN
    with begin(site, OPERATOR) as work:
        assert ledger.reconcile(work) == 0
    closed = desk.get(f"/console/people/{AGAIN}").text
    assert f'已经并入编号 <a href="/console/people/{HE_MIN}">' in closed
    assert f'href="/console/people/{HE_MIN}"' in desk.get(f"/console/people?q={AGAIN}").text
    assert "没有看起来重复的档案" in desk.get("/console/merge/").text


def took(site: Site, no: str, *courses: str) -> None:
    """The person took these courses without a project, each for 5 credits."""
    lines = "\n".join(f"{no},2013,{course},5" for course in courses)
    table = pasted(f"编号,年度,课程,学分\n{lines}", "公需课")
    with begin(site, OPERATOR) as work:
        read = tidy.tidy(table, COURSE_FORM, imports.spelling(COURSE_FORM, []))
        ledger.take_courses(work, ledger.check_courses(work, table, read))


def sums(owner: Engine) -> dict[str, int]:
    asked = text("select p.person_no, sum(e.net)::int from credit_entry e"
                 " join person p on p.id = e.person_id group by 1")  # fmt: skip
    with owner.connect() as connection:
        return {no: total for no, total in connection.execute(asked) if no in {HE_MIN, AGAIN}}


def follower_of(owner: Engine) -> str:
    asked = text("select person_no from binding where openid = 'o-again' and ended_at is null")
    with owner.connect() as connection:
        return str(connection.execute(asked).scalar_one())


def test_two_who_are_not_one_are_proposed_no_more_until_somebody_says_so(
    desk: Desk, office: Office
) -> None:
    other = office.desk(name="王芳二")
    listed = f"{HE_MIN}，{AGAIN}"
    assert "不是同一个人，不再提示" in desk.get(PAIR).text

    for _ in range(2):  # a double click says nothing new
        assert desk.send(f"{PAIR}/apart").status_code == 303

    page = other.get("/console/merge/").text
    assert "没有看起来重复的档案" in page
    assert "记为不是同一人的 1 对" in page
    assert listed in page
    assert "记过：这是两个人" in other.get(PAIR).text
    assert other.send(f"{PAIR}/again").status_code == 303
    page = desk.get("/console/merge/").text
    assert "1 对档案姓名相同" in page
    assert "记为不是同一人" not in page
    for act in ("apart", "again"):
        assert desk.send(f"/console/merge/{HE_MIN}/{STRANGER}/{act}").status_code == 404


def test_what_changed_meanwhile_or_is_closed_is_not_merged(desk: Desk) -> None:
    seen = marks(desk)
    assert desk.send(PAIR, **seen).status_code == 422
    told = {"status": "maternity", "since": "2013-03-01", "seen": seen["seen_a"]}
    assert desk.send(f"/console/people/{HE_MIN}/status", **told).status_code == 303
    stale = desk.send(PAIR, keep=HE_MIN, **seen)
    assert stale.status_code == 409
    assert "已经改过何敏的资料" in stale.text.replace("</b>", "")
    seen = marks(desk)
    assert desk.send(PAIR, keep=HE_MIN, **seen).status_code == 303

    second = desk.send(PAIR, keep=HE_MIN, **seen)
    changed = desk.send(f"/console/people/{AGAIN}/status", **told | {"seen": "x"})

    assert second.status_code == changed.status_code == 409
    assert "已经并入编号" in second.text
    assert "已经并入另一份" in changed.text


def test_only_who_sees_both_may_merge_them(desk: Desk) -> None:
    typed = desk.send("/console/merge/", a=HE_MIN, b=STRANGER)

    assert typed.status_code == 404
    assert desk.get(f"/console/merge/{HE_MIN}/{STRANGER}").status_code == 404
    answer = desk.send(f"/console/merge/{HE_MIN}/{STRANGER}", keep=HE_MIN)
    assert answer.status_code == 404
    assert desk.send("/console/merge/", a=ZHOU_LAN, b=ZHOU_LAN).status_code == 422
