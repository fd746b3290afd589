"""Who comes at the same moment: awards, uploads and schedulers end as if they had come in turn."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from app.awards import commands as awards
from app.awards import queries as awarding
from app.awards.terms import Options
from app.base import outbox, progress
from app.base.security import personal_tables
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.cards.terms import CardState
from app.filing import commands as filing
from app.filing.rules.lists import FORM
from app.kernel import tidy
from app.kernel.errors import ConflictError
from app.kernel.table import pasted
from app.org import queries as org
from app.people import commands as people
from app.people import queries as staff
from app.standards import commands as standards
from app.web.console.imports import spelling
from device.mbox.machine import Card, Machine
from jobs import schedule
from tests.conftest import Clock
from tests.support.cast import CARDIOLOGY, HE_MIN, NURSING, OPERATOR, ZHENG_HAI, Cast
from tests.support.filing import NO, batch, filed, project
from tests.support.terminal import MakeTerminal, at, held, package

OTHER = "2013-03-01-008(国)"
ANY = {"strategy": "any"}
# Of the questions that an award puts, the last one before it reads who swiped when.
UNKNOWN_CARDS = "count(distinct"
# How long something that is blocked, as it should be, is waited for before the other goes on.
_BLOCKED_S = 1.5

R = TypeVar("R")


@pytest.fixture(autouse=True)
def _standards(site: Site) -> None:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)


def asked(site: Site, no: str = NO, number: int = 1, **options: Any) -> int:
    """Ask for a run; the message that a worker is to do."""
    with begin(site, OPERATOR) as work:
        awards.ask(work, no, number, Options(**options))
    return work.messages[0].id


def outcome(owner: Engine) -> tuple[int, int, dict[str, int]] | None:
    """What the run in force gave and refused, and why; None where there is none."""
    sql = "select granted_count, refused_count, reasons from award_run where state = 'done'"
    with owner.connect() as connection:
        row = connection.execute(text(sql)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def in_force(owner: Engine) -> dict[tuple[str, str, int], str]:
    """Credit by person, project and batch."""
    sums = """
    select p.person_no, j.project_no, b.no, sum(e.net)::text from credit_entry e
    join person p on p.id = e.person_id join batch b on b.id = e.batch_id
    join project j on j.id = b.project_id group by 1, 2, 3 having sum(e.net) <> 0"""
    with owner.connect() as connection:
        return {
            (no, project_no, b): net for no, project_no, b, net in connection.execute(text(sums))
        }


def at_once(count: int, act: Callable[[], object]) -> list[object]:
    """What so many who do the same at the same moment get: an answer, or the refusal's code."""
    barrier = threading.Barrier(count)

    def one(_: int) -> object:
        barrier.wait()
        try:
            return act()
        except ConflictError as refusal:
            return refusal.code

    with ThreadPoolExecutor(count) as hands:
        return list(hands.map(one, range(count)))


@contextmanager
def halfway(site: Site, words: str, act: Callable[[], R]) -> Iterator[list[R]]:
    """When somebody has put this statement to the database, another acts before it goes on.

    Whoever is made to wait for the first comes to an end after it. What the act answered is in the
    list when the block has ended.
    """
    hands = ThreadPoolExecutor(1)
    begun: list[Future[R]] = []
    answers: list[R] = []

    def meddle(_: object, __: object, statement: str, *___: object) -> None:
        if words in statement and not begun:
            begun.append(hands.submit(act))
            wait(begun, timeout=_BLOCKED_S)

    event.listen(site.engine, "after_cursor_execute", meddle)
    try:
        yield answers
        assert begun, f"nobody said {words}"
        answers.append(begun[0].result())
    finally:
        event.remove(site.engine, "after_cursor_execute", meddle)
        hands.shutdown()


def test_of_many_who_award_one_batch_at_once_one_is_heard(
    site: Site, owner: Engine, terminal: Machine, count: Callable[..., int]
) -> None:
    for day, clock in (("2013-05-18", "08:02:11"), ("2013-05-19", "17:31:40")):
        terminal.tap(held(HE_MIN), at=at(clock, day))
    terminal.upload()

    for round_no in range(1, 21):
        answers = at_once(8, lambda: asked(site))
        [message] = [one for one in answers if isinstance(one, int)]
        done = at_once(4, partial(outbox.deliver, site, message))

        assert Counter(answers)["awards.run.waiting"] == 7
        assert sorted(map(bool, done)) == [False] * 3 + [True]
        assert count("award_run") == round_no
        assert count("credit_entry") == 1

    assert in_force(owner) == {(HE_MIN, NO, 1): "5.00"}
    assert count("award_run", "state = 'done'") == 1


@pytest.fixture
def two_days(site: Site, make_terminal: MakeTerminal) -> Machine:
    """A project of six credits in two batches, of which a person may have ten."""
    days = [
        batch(n, starts_at=f"2013-05-{17 + n}T08:00", ends_at=f"2013-05-{17 + n}T18:00",
              sessions=[], plan=ANY)
        for n in (1, 2)
    ]  # fmt: skip
    filed(site, OPERATOR, project(credits="6.0", batches=days))
    machine = make_terminal()
    for n in (1, 2):
        package(site, machine, NO, n)
        machine.tap(held(HE_MIN), at=at("09:00:00", f"2013-05-{17 + n}"))
    machine.upload()
    return machine


def test_two_runs_at_once_do_not_both_take_what_is_left_under_a_limit(
    site: Site, owner: Engine, two_days: Machine
) -> None:
    first, second = asked(site, number=1), asked(site, number=2)

    with halfway(site, UNKNOWN_CARDS, lambda: outbox.deliver(site, second)):
        outbox.deliver(site, first)

    assert in_force(owner) == {(HE_MIN, NO, 1): "6.00", (HE_MIN, NO, 2): "4.00"}


def test_of_two_trainings_at_the_same_hours_the_one_asked_for_first_counts(
    site: Site, owner: Engine, make_terminal: MakeTerminal
) -> None:
    day = batch(starts_at="2013-05-18T08:00", ends_at="2013-05-18T18:00", sessions=[], plan=ANY)
    filed(site, OPERATOR, project(batches=[day]), project(OTHER, batches=[day]))
    for number, project_no in enumerate((NO, OTHER)):
        machine = make_terminal(f"MBX-{number}")
        package(site, machine, project_no)
        for clock in ("09:00:00", "11:00:00"):
            machine.tap(held(HE_MIN), at=at(clock))
        machine.upload()
    first, second = asked(site, NO), asked(site, OTHER)

    # A worker that was killed with the first message comes back to it after the second.
    done = [outbox.deliver(site, message) for message in (second, first, second)]

    assert done == [False, True, True]
    assert in_force(owner) == {(HE_MIN, NO, 1): "5.00"}


def test_an_award_sees_all_of_a_file_or_none_of_it(
    site: Site, owner: Engine, make_terminal: MakeTerminal
) -> None:
    filed(site, OPERATOR, project(batches=[batch(unit_only=True, plan=ANY)]))
    terminal = make_terminal()
    package(site, terminal)
    terminal.tap(held(HE_MIN), at=at("08:02:11"))
    terminal.upload()
    # Another house's nurse is refused, but only by who knows that she came.
    terminal.tap(Card(card_no=ZHENG_HAI), at=at("08:03:00"))
    terminal.tap(Card(card_no="nobody's"), at=at("08:04:00"))
    message = asked(site)

    with halfway(site, UNKNOWN_CARDS, terminal.upload) as answers:
        outbox.deliver(site, message)

    assert [answer.status for answer in answers[0]] == [200]
    assert outcome(owner) in [(1, 0, {}), (1, 1, {"OTHER_UNIT": 1, "CARD_UNKNOWN": 1})]
    outbox.deliver(site, asked(site))
    assert outcome(owner) == (1, 1, {"OTHER_UNIT": 1, "CARD_UNKNOWN": 1})
    assert in_force(owner) == {(HE_MIN, NO, 1): "5.00"}


def test_an_award_comes_after_a_file_that_is_under_way(
    site: Site, owner: Engine, terminal: Machine, clock: Clock
) -> None:
    for day, moment in (("2013-05-18", "08:02:11"), ("2013-05-19", "17:31:40")):
        terminal.tap(held(HE_MIN), at=at(moment, day))
    message = asked(site)

    with halfway(site, "UPDATE upload SET", lambda: outbox.deliver(site, message)) as done:
        terminal.upload()

    assert done == [False]
    assert outcome(owner) is None
    clock.advance(seconds=2)
    with begin(site, OPERATOR) as work:
        assert message in outbox.due(work.session, work.now, 10)
    assert outbox.deliver(site, message)
    assert outcome(owner) == (1, 0, {})


@pytest.fixture
def present(terminal: Machine) -> Machine:
    """A terminal with a nurse's taps at both ends of the batch, not yet uploaded."""
    for day, moment in (("2013-05-18", "08:02:11"), ("2013-05-19", "17:31:40")):
        terminal.tap(held(HE_MIN), at=at(moment, day))
    return terminal


def lost(site: Site) -> int:
    """The nurse's card turns out to have been lost before the batch; what a robot is to do then."""
    with begin(site, OPERATOR) as work:
        cards.set_state(work, HE_MIN, CardState.LOST, at("07:00:00"))
    return work.messages[0].id


def lost_and_settled(site: Site) -> bool:
    return outbox.deliver(site, lost(site))


REVOKED = (0, 1, {"CARD_REVOKED": 1})


def test_an_award_sees_a_loss_to_which_the_robot_has_not_come(
    site: Site, owner: Engine, present: Machine
) -> None:
    present.upload()
    message = lost(site)

    outbox.deliver(site, asked(site))

    assert outcome(owner) == REVOKED
    assert outbox.deliver(site, message)
    outbox.deliver(site, asked(site))
    assert outcome(owner) == REVOKED


def test_a_loss_that_is_reported_while_an_award_judges_comes_after_it(
    site: Site, owner: Engine, present: Machine
) -> None:
    present.upload()

    with halfway(site, UNKNOWN_CARDS, lambda: lost_and_settled(site)) as done:
        outbox.deliver(site, asked(site))

    assert done == [True]
    assert in_force(owner) == {(HE_MIN, NO, 1): "5.00"}
    outbox.deliver(site, asked(site))
    assert outcome(owner) == REVOKED
    assert in_force(owner) == {}


def test_what_an_award_lets_count_is_not_missed_by_a_loss_of_the_same_moment(
    site: Site, owner: Engine, present: Machine, count: Callable[..., int]
) -> None:
    lost_and_settled(site)
    present.upload()
    with begin(site, OPERATOR) as work:
        cards.set_state(work, HE_MIN, CardState.ACTIVE)

    with halfway(site, UNKNOWN_CARDS, lambda: lost_and_settled(site)):
        outbox.deliver(site, asked(site))

    assert in_force(owner) == {(HE_MIN, NO, 1): "5.00"}
    assert count("swipe", "state = 'quarantined' and hold = 'revoked_card'") == 2


def test_a_file_that_looked_a_card_up_before_its_loss_is_not_missed(
    site: Site, present: Machine, count: Callable[..., int]
) -> None:
    with halfway(site, "UPDATE upload SET", lambda: lost_and_settled(site)) as done:
        [answer] = present.upload()

    assert (answer.said["accepted"], done) == (2, [True])
    assert count("swipe", "state = 'quarantined' and hold = 'revoked_card'") == 2


def test_a_run_that_was_given_up_does_not_bar_the_next(
    site: Site, owner: Engine, two_days: Machine
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    message = asked(site)
    ill = replace(site, handlers={**site.handlers, "awards.run": broken})
    for _ in range(outbox.FAULTS):
        with pytest.raises(ZeroDivisionError):
            outbox.deliver(ill, message)
    with pytest.raises(ConflictError, match="waiting"):
        asked(site)

    with begin(site, OPERATOR) as work:
        told = outbox.due(work.session, work.now, 10)
    for one in told:
        outbox.deliver(site, one)

    outbox.deliver(site, asked(site))

    assert in_force(owner) == {(HE_MIN, NO, 1): "6.00"}


@pytest.mark.parametrize(
    ("said", "stopped"),
    [
        # While it judges, when all is written but the last look, and after the last look.
        (UNKNOWN_CARDS, False),
        ("insert into person_year", False),
        ("DELETE FROM progress", "awards.run.over"),
    ],
)
def test_a_run_that_is_stopped_is_not_done_and_one_that_is_done_is_not_stopped(
    site: Site,
    owner: Engine,
    present: Machine,
    count: Callable[..., int],
    said: str,
    stopped: object,
) -> None:
    present.upload()
    message = asked(site)

    with halfway(site, said, partial(stop, site)) as answers:
        assert outbox.deliver(site, message)

    assert answers == [stopped]
    done = stopped == "awards.run.over"
    assert outcome(owner) == ((1, 0, {}) if done else None)
    assert in_force(owner) == ({(HE_MIN, NO, 1): "5.00"} if done else {})
    assert count("award_verdict") == done
    assert count("award_run", "state = 'failed' and remark like 'tests 在办理当中停下了%'") != done
    assert count("project", "state = 'awarded'") == done
    assert count("progress") == 0
    became = f"change->'state' = '[\"queued\", \"{'done' if done else 'failed'}\"]'"
    assert count("audit_entry", f"table_name = 'award_run' and row_id <> 'None' and {became}") == 1


def stop(site: Site) -> object:
    """What whoever stops the run is told: whether it is stopped already, or why it cannot be."""
    try:
        with begin(site, OPERATOR) as work:
            return awards.cancel(work, work.session.scalars(text("select id from award_run")).one())
    except ConflictError as refusal:
        return refusal.code


def test_a_killed_worker_leaves_no_progress_standing_and_the_next_heeds_who_stopped_it(
    site: Site, owner: Engine, present: Machine, count: Callable[..., int]
) -> None:
    def kill() -> progress.Progress:
        before = how_far()
        with owner.connect() as connection:
            connection.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity"
                     " where datname = current_database() and backend_xid is not null")
            )  # fmt: skip
        return before

    def how_far() -> progress.Progress:
        with begin(site, OPERATOR) as work:
            [run] = awarding.own_runs(work).runs
        assert run.progress is not None
        return run.progress

    present.upload()
    message = asked(site)
    gone = (OperationalError, psycopg.OperationalError)  # wherever it is noticed first
    with halfway(site, UNKNOWN_CARDS, kill) as seen, pytest.raises(gone):
        outbox.deliver(site, message)

    assert [(one.step, one.under_way) for one in seen] == [("reading", True)]
    assert (how_far().step, how_far().under_way) == ("reading", False)
    assert count("award_run", "state = 'queued'") == 1
    assert stop(site) is True
    assert outbox.deliver(site, message)
    assert outcome(owner) is None
    assert count("progress") == 0


def test_whoever_is_moved_while_credit_is_written_has_it_where_they_stand(
    site: Site, owner: Engine, present: Machine
) -> None:
    def merged(source: str, target: str, count: int) -> None:
        with begin(site, OPERATOR) as work:
            people.merge_departments(work, source, target, count=count)

    present.upload()
    with begin(site, OPERATOR) as work:
        count = staff.head_count_at(work, org.units_by_code(work, [CARDIOLOGY])[CARDIOLOGY].place)

    # Verdicts stand as the nurse stood; the entries are yet to come.
    with halfway(site, "insert into award_verdict", partial(merged, CARDIOLOGY, NURSING, count)):
        outbox.deliver(site, asked(site))

    with owner.connect() as connection:
        astray = {
            table.name: connection.scalar(
                text(f"select count(*) from {table.name} r join person p on p.id = r.person_id"
                     " where r.path <> p.path")
            )
            for table in personal_tables()
        }  # fmt: skip
    assert not any(astray.values()), astray
    assert in_force(owner) == {(HE_MIN, NO, 1): "5.00"}


@pytest.fixture
def listed(site: Site, make_terminal: MakeTerminal, cast: Cast) -> tuple[Machine, int]:
    """A terminal with a tap for a project that a table brought, not yet uploaded; the table."""
    table = pasted(
        "期次,项目编号,名称,项目级别,年度,学分,学时,开始时间,结束时间,举办地点\n"
        f"1,{OTHER},讲座,市,2013,2,6,2013-05-18 08:00,2013-05-18 18:00,礼堂", "清单"
    )  # fmt: skip
    with begin(site, cast.hospital_admin) as work:
        units = org.tree(work)
        number = filing.check_list(work, table, tidy.tidy(table, FORM, spelling(FORM, units)))
        filing.take_list(work, number)
    machine = make_terminal()
    package(site, machine, OTHER)
    machine.tap(held(HE_MIN), at=at("09:00:00"))
    return machine, number


def test_what_is_uploaded_while_its_project_is_taken_back_belongs_to_no_batch(
    site: Site, listed: tuple[Machine, int], cast: Cast, count: Callable[..., int]
) -> None:
    machine, number = listed

    with halfway(site, "count(*) AS count_1 \nFROM swipe", machine.upload) as answers:
        assert taken_back(site, cast, number) == ()

    [[answer]] = answers
    assert (answer.status, answer.said["quarantined"]) == (200, 1)
    assert (count("batch"), count("swipe", "batch_id is null")) == (0, 1)


def test_a_project_for_which_something_is_being_uploaded_is_not_taken_back(
    site: Site, listed: tuple[Machine, int], cast: Cast, count: Callable[..., int]
) -> None:
    machine, number = listed

    with halfway(site, "FOR KEY SHARE", partial(taken_back, site, cast, number)) as answers:
        machine.upload()

    assert answers == [(OTHER,)]
    assert (count("batch"), count("swipe", "state = 'accepted'")) == (1, 1)


def taken_back(site: Site, cast: Cast, number: int) -> tuple[str, ...]:
    """The projects of a table that stay."""
    with begin(site, cast.hospital_admin) as work:
        return filing.undo_list(work, number)


def test_of_many_schedulers_each_turn_is_told_by_one(
    site: Site, clock: Clock, count: Callable[..., int]
) -> None:
    told = at_once(6, lambda: tuple(schedule.tell_due(site)))

    due = [job.topic for job in schedule.JOBS if job.turn(clock.now)]
    assert Counter(topic for one in told for topic in one) == Counter(due)
    assert count("outbox_message") == len(due)
