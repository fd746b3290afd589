"""一天的培训 — a day's training at H1, as the terminal at its door brought it home.

Ask for the fixture `training`: the project NO of filing, held on 18 May 2013 with sign-in from
07:30 to 08:30 and sign-out from 17:00 to 18:00, and 60 people beside the cast:

    43 swiped in both; of them 1 gives the lecture besides
     8 swiped in, and out at 16:52, 16:53, … 16:59: nearly
     2 swiped out, and in at 08:33 and 08:36: nearly
     5 left at noon
     2 came in the evening alone, and 1 card is nobody's
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.standards import commands as standards
from device.mbox.machine import Card, Machine
from tests.conftest import Clock
from tests.support.cast import CARDIOLOGY, HOSPITAL, OPERATOR, csv_of, id_number, people_sheet
from tests.support.filing import NO, batch, filed, lecturer, project, session
from tests.support.terminal import MakeTerminal, at, package

SURNAMES = "宋彭董许罗梁唐韩冯曾程袁邓傅沈吕苏卢蒋蔡"
GIVEN = ("桂芳", "亚楠", "建军", "国栋", "艳红", "文博", "佳宁")
PEOPLE = 60
BOTH, NEARLY_OUT, NEARLY_IN, NOON, EVENING = 43, 8, 2, 5, 2
MORNING = 28  # of those who came for both, who came before eight


@dataclass(frozen=True)
class Training:
    """The training, its terminal, and who came."""

    site: Site
    machine: Machine
    clock: Clock

    @property
    def no(self) -> str:
        return NO

    def tap(self, *moments: tuple[int, str], day: str = "2013-05-18") -> None:
        """Each of (person, clock) taps, in order of time, and the terminal uploads."""
        for one, clock in sorted(moments, key=lambda moment: moment[1]):
            self.machine.tap(card_of(one), at=at(clock, day))
        answers = self.machine.upload()
        assert [answer.status for answer in answers] == [200] * len(answers)


def number_of(one: int) -> str:
    """The number of the person, who has the card of that number."""
    return f"9903{one:05}"


def card_of(one: int) -> Card:
    """The card of the person, held to the reader."""
    return Card(uid=bytes([4, one // 256, one % 256, 0x5A]), card_no=number_of(one))


def name_of(one: int) -> str:
    return SURNAMES[one % len(SURNAMES)] + GIVEN[one % len(GIVEN)]


def moments() -> Iterator[tuple[int, str]]:
    """Who swiped when."""
    for one in range(BOTH):
        yield one, f"07:{32 + one}:10" if one < MORNING else f"08:{one - MORNING + 5:02}:20"
        yield one, f"17:{2 + one:02}:40"
    for one in range(0, BOTH, 3):
        yield one, f"12:0{one % 8}:00"
    early = BOTH + NEARLY_OUT
    for one in range(BOTH, early):
        yield one, f"07:{40 + one - BOTH}:05"
        yield one, f"16:{52 + one - BOTH}:30"
    late = early + NEARLY_IN
    for place, one in enumerate(range(early, late)):
        yield one, f"08:{33 + 3 * place}:00"
        yield one, f"17:{10 + place}:00"
    noon = late + NOON
    for place, one in enumerate(range(late, noon)):
        yield one, f"07:{50 + place}:00"
        yield one, f"12:0{place}:30"
    for place, one in enumerate(range(noon, noon + EVENING)):
        yield one, f"17:{40 + place}:00"
    yield 900, "08:04:00"  # nobody's card
    yield 900, "17:15:00"


@pytest.fixture
def training(site: Site, make_terminal: MakeTerminal, clock: Clock) -> Training:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
        cards.import_people(work, people_sheet(_people()))
    sessions = [
        session("in", label="上午签到"),
        session("c1", label="上午课", kind="course", opens_at="2013-05-18T08:30",
                closes_at="2013-05-18T11:30", hours="3.0"),
        session("c2", label="下午课", kind="course", opens_at="2013-05-18T14:00",
                closes_at="2013-05-18T16:50", hours="3.0"),
        session("out", label="下午签退", kind="end", opens_at="2013-05-18T17:00",
                closes_at="2013-05-18T18:00"),
    ]  # fmt: skip
    one = batch(
        ends_at="2013-05-18T18:00", sessions=sessions, lecturers=[lecturer(number_of(0))],
        plan={"strategy": "windows", "windows": ["in", "out"]},
    )  # fmt: skip
    filed(site, OPERATOR, project(name="基层高血压规范管理培训班", credits="4.0", batches=[one]))
    machine = make_terminal()
    package(site, machine)
    training = Training(site, machine, clock)
    training.tap(*moments())
    return training


def _people() -> str:
    columns = (
        "person_no", "name", "id_type", "id_number", "unit_code", "department_code", "status",
        "card_no", "card_uid",
    )  # fmt: skip
    rows = []
    for one in range(PEOPLE):
        born, no = id_number(date(1980, 1, 1 + one % 28), 100 + one), number_of(one)
        uid = f"04{one // 256:02X}{one % 256:02X}5A"
        where = (HOSPITAL, CARDIOLOGY, "normal")
        rows.append((no, name_of(one), "id_card", born, *where, no, uid))
    return csv_of(columns, *rows)
