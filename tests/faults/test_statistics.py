"""What the planner knows may be a minute old: no file and no award reads more than it must.

The tables are analysed while they are all but empty; then come the records. Counted is how many
records are read, of some 8,000: a limit is about twice what it takes; bad plans took up to ten
million.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, text

from app.awards import commands as awards
from app.awards.terms import Options
from app.base import outbox
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards.terms import CardState
from app.kernel.span import in_ms
from device.mbox.machine import Card, Machine, Memory
from device.mbox.machine.wire import Send
from tests.faults.crowd import Crowd, Training, equipped, gathered, roster
from tests.support.cast import OPERATOR, people_sheet

_READ = text("""
select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int from pg_stat_xact_user_tables
where relname = 'swipe'""")
_MANY, _FEW = 4_000, 40
_STRANGERS = tuple(f"X{n:05d}" for n in range(40))


@pytest.fixture
def crowd(site: Site, owner: Engine) -> Iterator[Crowd]:
    """Four hundred people, and statistics that know of nothing that came later."""
    found = gathered(site, people=400, trainings=2)
    tables = ("swipe", "quarantine", "upload", "award_run", "award_verdict")
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.execute(text(f"alter table {table} set (autovacuum_enabled = off)"))
        connection.execute(text("analyze"))
        yield found
        for table in tables:
            connection.execute(text(f"alter table {table} reset (autovacuum_enabled)"))


@pytest.fixture
def machines(site: Site, door: Send, crowd: Crowd) -> tuple[Machine, Machine]:
    """Two terminals, of which the first brought many records of both trainings."""
    both = tuple(
        Machine(Memory(device_sn=sn), clock=lambda: in_ms(site.clock()))
        for sn in ("MBX-1", "MBX-2")
    )
    for machine in both:
        machine.send = door
        equipped(site, machine, crowd)
    for training in crowd.trainings:
        tapped(both[0], training, crowd.people, _MANY)
        assert [answer.status for answer in both[0].upload()] == [200]
    return both[0], both[1]


def tapped(machine: Machine, training: Training, people: tuple[str, ...], count: int) -> None:
    """So many taps of these people in turn, from the opening to the close."""
    step = (training.closes.end - training.opens.start) / count
    machine.restart()
    for n in range(count):
        machine.tap(
            Card(card_no=people[n % len(people)]),
            at=training.opens.start + timedelta(seconds=int((n * step).total_seconds())),
            activity_id=training.activity,
        )


@contextmanager
def reading(site: Site) -> Iterator[Callable[[], int]]:
    """How many records the transactions of the block read."""
    counts: list[int] = []

    def look(connection: Connection) -> None:
        counts.append(connection.execute(_READ).scalar_one())

    # Plans are made anew: none is kept from when the tables were emptier still.
    site.engine.dispose()
    event.listen(site.engine, "commit", look)
    try:
        yield lambda: sum(counts)
    finally:
        event.remove(site.engine, "commit", look)


def test_a_small_file_reads_no_large_batch(
    site: Site, crowd: Crowd, machines: tuple[Machine, Machine]
) -> None:
    tapped(machines[1], crowd.trainings[0], crowd.people[:_FEW], _FEW)

    with reading(site) as read:
        machines[1].upload()

    assert read() < 1_000


def test_what_a_terminal_brings_again_is_looked_up_by_its_number(
    site: Site, crowd: Crowd, machines: tuple[Machine, Machine]
) -> None:
    machine = machines[0]
    last = machine.last_seq
    tapped(machine, crowd.trainings[1], crowd.people[:_FEW], _FEW)
    file = machine.export(first_seq=last - _FEW, last_seq=machine.last_seq)

    with reading(site) as read:
        assert machine.send_batch(file).status == 200

    assert read() < 2_000


def test_a_file_that_waited_is_joined_by_the_record_before_it(
    site: Site, crowd: Crowd, machines: tuple[Machine, Machine]
) -> None:
    machine = machines[0]
    for _ in range(3):
        tapped(machine, crowd.trainings[1], crowd.people[:_FEW], _FEW)
        machine.export()
    *_, first, second, third = machine.memory.batches

    with reading(site) as read:
        for file in (third, second, first):
            assert machine.send_batch(file).status == 200

    assert read() < 10_000


def test_a_card_that_becomes_known_is_settled_by_its_records(
    site: Site, crowd: Crowd, machines: tuple[Machine, Machine]
) -> None:
    tapped(machines[1], crowd.trainings[0], _STRANGERS, _MANY // 10)
    machines[1].upload()
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(roster(_STRANGERS)))

    with reading(site) as read:
        for message in work.messages:
            assert outbox.deliver(site, message.id)

    assert read() < 25_000


def test_an_award_reads_the_records_of_its_batch_and_of_those_that_may_clash(
    site: Site, crowd: Crowd, machines: tuple[Machine, Machine]
) -> None:
    reads = []
    for training in crowd.trainings:
        with begin(site, OPERATOR) as work:
            awards.ask(work, training.no, 1, Options())
        with reading(site) as read:
            for message in work.messages:
                assert outbox.deliver(site, message.id)
        reads.append(read())

    assert max(reads) < 100_000


def test_a_loss_reads_the_records_of_its_card(
    site: Site, crowd: Crowd, machines: tuple[Machine, Machine], count: Callable[..., int]
) -> None:
    with begin(site, OPERATOR) as work:
        cards.set_state(work, crowd.people[0], CardState.LOST, crowd.trainings[0].opens.start)

    with reading(site) as read:
        for message in work.messages:
            assert outbox.deliver(site, message.id)

    assert count("swipe", "state = 'quarantined' and hold = 'revoked_card'") == 2 * _MANY // 400
    assert read() < 300
