"""一个护士的一年 — activities of 2026 and 2012 with all that can become of a swipe, by machines.

Ask for the fixture `nurse_year`; the clock then stands at 16 November 2026, 09:20, and 何敏 has

    2026-01-01-010(国)  credit, once taken back and given again; 曹静 was eight minutes early
    2026-01-01-011(国)  eight minutes early for the second sign-out, so no credit
    2026-01-01-012(国)  swiped as asked, not awarded yet
    YS-2026-001         an in-house lecture, credit
    2012-01-01-020(国)  credit under the old rules, class I
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from app.awards import commands as awards
from app.awards.terms import Options
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from app.kernel.span import local
from app.standards import commands as standards
from tests.support.cast import CAO_JING, HE_MIN, OPERATOR
from tests.support.filing import batch, filed, project, session
from tests.support.terminal import MakeTerminal, at, held, package

if TYPE_CHECKING:
    from tests.conftest import Clock

GIVEN, EARLY, WAITING, LECTURE, OLD = (
    "2026-01-01-010(国)", "2026-01-01-011(国)", "2026-01-01-012(国)", "YS-2026-001",
    "2012-01-01-020(国)",
)  # fmt: skip
TODAY = local("2026-11-16T09:20")

_TITLES = {
    GIVEN: "心血管急症护理新进展学习班",
    EARLY: "心血管急症护理规范化培训",
    WAITING: "急诊急救规范化培训班",
    LECTURE: "院内讲座：静脉输液安全",
    OLD: "护理管理与专科护理发展学习班",
}
_DAYS = {GIVEN: "2026-09-12", EARLY: "2026-10-24", WAITING: "2026-11-08", LECTURE: "2026-06-10",
         OLD: "2012-09-15"}  # fmt: skip
_LEVELS = {LECTURE: "hospital"}
_CREDITS = {GIVEN: "9.0", EARLY: "5.0", WAITING: "2.0", LECTURE: "1.5", OLD: "5.0"}


def filed_for(no: str) -> dict[str, object]:
    """One of the nurse's projects, held on a day with a sign-in and a sign-out."""
    day = _DAYS[no]
    held_on = batch(
        starts_at=f"{day}T08:00",
        ends_at=f"{day}T18:00",
        venue="门诊楼三楼会议室",
        sessions=[
            session("s1", label="上午签到", opens_at=f"{day}T07:30", closes_at=f"{day}T08:30"),
            session("s2", label="下午签退", kind="end", opens_at=f"{day}T17:00",
                    closes_at=f"{day}T18:00"),
        ],
    )  # fmt: skip
    return project(
        no, name=_TITLES[no], level=_LEVELS.get(no, "national"), year=date.fromisoformat(day).year,
        credits=_CREDITS[no], hours=None, batches=[held_on],
        credit_class="I" if no == OLD else None,
    )  # fmt: skip


@pytest.fixture
def nurse_year(site: Site, clock: Clock, make_terminal: MakeTerminal) -> None:
    """The year, made by terminals and the commands of those who would."""
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    clock.set(local("2012-01-02T09:00"))
    machine = make_terminal()
    for no in (OLD, LECTURE, GIVEN, EARLY, WAITING):
        day = _DAYS[no]
        clock.set(local(f"{day}T07:00") - timedelta(days=1))
        filed(site, OPERATOR, filed_for(no))
        package(site, machine, no)
        clock.set(local(f"{day}T07:00"))
        machine.heartbeat()
        taps = [(HE_MIN, "07:52:00"), (HE_MIN, "12:06:00"),
                (HE_MIN, "16:52:00" if no == EARLY else "17:12:00")]  # fmt: skip
        if no == GIVEN:
            taps += [(CAO_JING, "08:01:00"), (CAO_JING, "16:52:00")]
        for person, moment in sorted(taps, key=lambda one: one[1]):
            clock.set(at(moment, day))
            machine.tap(held(person), at=at(moment, day))
        clock.set(local(f"{day}T18:40"))
        assert all(answer.status == 200 for answer in machine.upload())
        if no != WAITING:
            clock.advance(days=2)
            run_id = award(site, no)
        if no == GIVEN:
            clock.advance(days=1)
            with begin(site, OPERATOR) as work:
                awards.undo(work, run_id, "名单漏了一个科室")
            clock.advance(hours=2)
            award(site, no)
    clock.set(TODAY)


def award(site: Site, no: str) -> int:
    """Award the first batch of a project, by the job that a worker does."""
    with begin(site, OPERATOR) as work:
        run_id = awards.ask(work, no, 1, Options())
    for message in work.messages:
        outbox.deliver(site, message.id)
    return run_id
