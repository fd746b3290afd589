"""为什么 — one person's question is answered by what is kept of that person alone."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sqlalchemy import Engine, text

from app.awards import commands as awards
from app.awards import queries
from app.awards.queries import judging
from app.awards.terms import NOTHING_KNOWN, Options, Why
from app.base import outbox
from app.base.site import Site
from app.base.work import Work, begin
from app.cards import commands as cards
from app.cards.rules import COLUMNS
from app.cards.terms import CardState
from app.kernel.span import in_ms, local
from app.people import queries as people
from app.projects import queries as projects
from app.standards import commands as standards
from device.mbox.machine import Card, Machine, Memory
from device.mbox.machine.wire import Send
from tests.faults.crowd import equipped, gathered
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    SHAN_XIAO,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
    csv_of,
    people_sheet,
)
from tests.support.filing import NO, batch, filed, lecturer, project
from tests.support.terminal import MakeTerminal, at, package

CANCELLED = "990100099"
OTHER = "2013-03-01-008(国)"
SECOND = {"starts_at": "2013-05-21T08:00", "ends_at": "2013-05-21T18:00", "sessions": []}
ANY = {"strategy": "any"}

_READ = text("""
select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int from pg_stat_xact_user_tables
where relname in ('swipe', 'quarantine', 'award_verdict', 'credit_entry')""")


def award(site: Site, no: str, number: int) -> None:
    with begin(site, OPERATOR) as work:
        awards.ask(work, no, number, Options())
    for message in work.messages:
        assert outbox.deliver(site, message.id)


def enter_cancelled(site: Site) -> None:
    row = dict.fromkeys(COLUMNS, "") | {
        "person_no": CANCELLED, "name": "员工九十九", "id_type": "other", "id_number": "T99",
        "unit_code": HOSPITAL, "status": "cancelled", "card_no": CANCELLED,
    }  # fmt: skip
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(tuple(row), list(row.values()))))


@pytest.fixture
def everything_bears(site: Site, cast: Cast, make_terminal: MakeTerminal) -> None:
    """A batch that is not awarded yet, and all that can bear on an award in it, on someone each."""
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
        cards.set_state(work, SHAN_XIAO, CardState.LOST, local("2013-05-18T07:00"))
    enter_cancelled(site)
    filed(
        site, OPERATOR,
        project(batches=[
            batch(1, unit_only=True, plan=ANY, lecturers=[lecturer(ZHOU_LAN)]),
            batch(2, plan=ANY, **SECOND),
        ]),
        project(OTHER, name="同时举办的另一个项目", batches=[batch(plan=ANY)]),
    )  # fmt: skip
    comers = {
        (NO, 1): [CAO_JING, HE_MIN, SHAN_XIAO, ZHENG_HAI, ZHOU_LAN, CANCELLED],
        (NO, 2): [CAO_JING],
        (OTHER, 1): [HE_MIN],
    }
    for (no, number), present in comers.items():
        machine = make_terminal(f"MBX-{no[-4]}{number}")
        package(site, machine, no, number)
        day = "2013-05-21" if number == 2 else "2013-05-18"
        for person in present:
            machine.tap(Card(card_no=person), at=at("09:00:00", day))
        assert [answer.status for answer in machine.upload()] == [200]
    award(site, NO, 2)
    award(site, OTHER, 1)


def case(work: Work) -> queries.Case:
    return queries.case_of(work, projects.batch_of(work, NO, 1))


def test_one_person_is_judged_alone_as_among_all(
    site: Site, cast: Cast, everything_bears: None
) -> None:
    with begin(site, OPERATOR) as work:
        ids = [one.id for one in people.people_by_no(work, [*cast.people, CANCELLED]).values()]
        among_all = judging.situations_of(work, case(work))

        alone = [judging.situations_of(work, case(work), person_id) for person_id in ids]

    assert {person: one for found in alone for person, one in found.items()} == among_all
    bearing = {
        name
        for one in among_all.values()
        for name in (field.name for field in fields(one))
        if getattr(one, name) != getattr(NOTHING_KNOWN, name)
    }
    assert bearing == {
        "cancelled", "other_unit", "lecturing", "uncounted", "held", "used_project",
    }  # fmt: skip


def test_the_question_of_one_person_reads_a_handful_of_rows(
    site: Site, door: Send, owner: Engine
) -> None:
    crowd = gathered(site, people=200, trainings=2)
    machine = Machine(Memory(device_sn="MBX-1"), clock=lambda: in_ms(site.clock()))
    machine.send = door
    equipped(site, machine, crowd)
    for training in crowd.trainings:
        machine.restart()
        for moment in (training.opens.start, training.closes.start):
            for no in crowd.people:
                machine.tap(Card(card_no=no), at=moment, activity_id=training.activity)
        assert [answer.status for answer in machine.upload()] == [200]
    awarded, waiting = crowd.trainings
    award(site, awarded.no, 1)
    with owner.begin() as connection:
        connection.execute(text("analyze swipe, quarantine, award_verdict, credit_entry"))
    site.engine.dispose()  # no plan is kept from when the tables were emptier

    with begin(site, OPERATOR) as work:
        # A table of a page or two is rightly read whole; the question is whether it must be.
        work.session.execute(text("set local enable_seqscan = off"))
        before = work.session.execute(_READ).scalar_one()
        told = queries.explain(work, crowd.people[7], waiting.no)
        read = work.session.execute(_READ).scalar_one() - before

    assert [reason.why for reason in told.explanation.reasons] == [Why.NOT_AWARDED_YET]
    assert read < 40
