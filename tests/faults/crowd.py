"""A hospital's staff, its one-day trainings, and the terminals at their doors, made by commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from app.attendance import commands as attendance
from app.attendance.terms import DeviceKind
from app.base import outbox
from app.base.site import Site
from app.base.work import Work, begin
from app.cards import commands as cards
from app.cards import rules as cards_rules
from app.kernel.span import Span
from app.org import commands as org
from app.projects import queries as projects
from app.standards import commands as standards
from device.mbox.machine import Machine
from tests.support.cast import HOSPITAL, OPERATOR, UNITS, csv_of, people_sheet, units_sheet
from tests.support.filing import batch, filed, project, session

CREDITS = "5.0"
_FIRST_DAY = date(2013, 3, 4)


@dataclass(frozen=True, slots=True)
class Training:
    """A project of one batch on a day of its own; who taps in both windows has its credits."""

    no: str
    batch_id: int
    opens: Span
    closes: Span

    @property
    def activity(self) -> str:
        """The name under which packages carry it."""
        return f"B{self.batch_id}"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who may come, and to what."""

    people: tuple[str, ...]
    trainings: tuple[Training, ...]


def gathered(site: Site, *, people: int, trainings: int) -> Crowd:
    """So many people with cards, whose numbers are theirs, and so many trainings."""
    numbers = tuple(f"9910{n:05d}" for n in range(people))
    with _delivered(site) as work:
        org.import_units(work, units_sheet(UNITS))
        standards.load_shipped(work)
    with _delivered(site) as work:
        cards.import_people(work, people_sheet(roster(numbers)))
    days = [_FIRST_DAY + timedelta(days=n) for n in range(trainings)]
    filed(site, OPERATOR, *(_project(n, day) for n, day in enumerate(days)))
    with begin(site, OPERATOR) as work:
        batches = [projects.batch_of(work, _number(n), 1) for n in range(trainings)]
    return Crowd(
        numbers,
        tuple(
            Training(one.project.no, one.id, *(session.span for session in one.sessions))
            for one in batches
        ),
    )


def equipped(site: Site, machine: Machine, crowd: Crowd) -> Machine:
    """The machine, which has now its key and the package of every training."""
    sn = machine.memory.device_sn
    with begin(site, OPERATOR) as work:
        code = attendance.register(work, sn, HOSPITAL, DeviceKind.MBOX).enrol_code
    assert code is not None
    machine.enrol(code.reveal())
    for training in crowd.trainings:
        with begin(site, OPERATOR) as work:
            attendance.make_package(work, sn, training.no, 1)
    machine.fetch()
    return machine


@contextmanager
def _delivered(site: Site) -> Iterator[Work]:
    """A unit of work whose messages are done at once."""
    with begin(site, OPERATOR) as work:
        yield work
    for message in work.messages:
        outbox.deliver(site, message.id)


def roster(numbers: tuple[str, ...]) -> str:
    """The sheet of these people, each with a card of the same number."""
    columns = tuple(cards_rules.COLUMNS)
    cells = dict.fromkeys(columns, "") | {
        "id_type": "other", "unit_code": HOSPITAL, "title": "护师", "title_level": "junior",
        "status": "normal",
    }  # fmt: skip
    rows = [
        cells | {"person_no": no, "name": f"员工{no}", "id_number": f"T{no}", "card_no": no}
        for no in numbers
    ]
    return csv_of(columns, *([row[column] for column in columns] for row in rows))


def _number(n: int) -> str:
    return f"2013-03-01-{n + 1:03d}(国)"


def _project(n: int, day: date) -> dict[str, object]:
    on = day.isoformat()
    sessions = [
        session("s1", opens_at=f"{on}T07:30", closes_at=f"{on}T08:30"),
        session("s2", opens_at=f"{on}T16:30", closes_at=f"{on}T18:00", kind="end"),
    ]
    days = {"starts_at": f"{on}T08:00", "ends_at": f"{on}T18:00", "sessions": sessions}
    return project(_number(n), name=f"培训{n + 1}", credits=CREDITS, batches=[batch(1, **days)])
