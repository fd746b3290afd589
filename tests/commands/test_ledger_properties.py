"""学分账的性质 — what holds of the ledger whatever is swiped, uploaded, awarded and undone.

A machine drives the real commands by chance, with a model in plain Python beside it: the model
knows every tap, and works out by itself who has how much (trust.md I1 to I7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, text

from app.awards import commands as awards
from app.awards import queries
from app.awards.queries import judging
from app.awards.terms import Options
from app.base import outbox
from app.base.site import Site
from app.base.work import Work, begin
from app.cards import commands as cards
from app.cards import rules as cards_rules
from app.cards.terms import CardState
from app.credits import queries as credits
from app.kernel.errors import ConflictError
from app.kernel.span import local, local_date
from app.people import queries as people
from app.projects import queries as projects
from app.standards import commands as standards
from device.mbox.machine import Batch, Card, Machine
from tests.support.cast import COUNTY_HOSPITAL, HOSPITAL, OPERATOR, Cast, csv_of, people_sheet
from tests.support.filing import batch, filed, lecturer, project, session
from tests.support.terminal import MakeTerminal, package

PEOPLE = 4
LECTURER = 3
PROJECT_CAP, YEAR_CAP = Decimal(10), Decimal(10)  # cn-2006: PRJ-NAT a project, INHOUSE a year
LECTURER_GROSS = Decimal(4)  # two hours at two credits
NATIONAL, INHOUSE = "national", "hospital"
YEAR = 2013


@dataclass(frozen=True, slots=True)
class Training:
    """One day's batch, and what the model must know of it."""

    no: str
    number: int
    batch_id: int
    level: str
    credits: Decimal
    day: date
    lecturer: int | None

    def at(self, minute: int) -> datetime:
        """So many minutes after seven of the day, in Beijing."""
        return local(f"{self.day.isoformat()}T07:00") + timedelta(minutes=minute)


# Minutes after seven: around the two windows 07:30-08:30 and 16:30-18:00, on their edges, between
# them, and outside the period. Two minutes apart, so that only the same moment is a repeat.
MINUTES = st.sampled_from([0, 28, 30, 32, 60, 88, 90, 92, 200, 568, 570, 600, 658, 660, 662, 700])
Draw = Callable[[st.SearchStrategy[Any]], Any]
_WINDOWS = (range(30, 90), range(570, 660))
_PERIOD = range(30, 660)


@dataclass(frozen=True, slots=True)
class Tapped:
    """A tap: whom it counts for is told by what is known of its card, since whenever."""

    training: int
    minute: int
    card: str


@dataclass(slots=True)
class Held:
    """A card: whose it is, and from when it counts no more."""

    person: int
    gone: datetime | None = None


@dataclass(slots=True)
class Model:
    """What must come out, worked out from the taps alone."""

    trainings: list[Training]
    cards: dict[str, Held] = field(default_factory=dict)
    taken_in: list[Tapped] = field(default_factory=list)
    cancelled: dict[int, date] = field(default_factory=dict)
    plans: dict[int, tuple[str, int]] = field(default_factory=dict)
    runs: dict[int, int] = field(default_factory=dict)
    ledger: dict[tuple[int, int, str], Decimal] = field(default_factory=dict)

    def award(self, training: int, strategy: str, least: int) -> None:
        """The ledger after a run of that batch."""
        self.plans[training] = strategy, least
        due = self._due(training, strategy, least)
        self.undo(training)
        self.ledger |= {key: net for key, net in due.items() if net}

    def undo(self, training: int) -> None:
        """The batch has no credit in force."""
        self.ledger = {key: net for key, net in self.ledger.items() if key[0] != training}

    def _due(self, training: int, strategy: str, least: int) -> dict[tuple[int, int, str], Decimal]:
        one = self.trainings[training]
        moments: dict[int, set[int]] = defaultdict(set)
        for tap in self.taken_in:
            held = self.cards.get(tap.card)
            if tap.training != training or held is None:
                continue
            if held.gone is None or one.at(tap.minute) < held.gone:
                moments[held.person].add(tap.minute)
        due = {}
        for person, found in moments.items():
            if person != one.lecturer and _meets(found, strategy, least):
                due[training, person, "attendee"] = one.credits
        if one.lecturer is not None:
            due[training, one.lecturer, "lecturer"] = LECTURER_GROSS
        return {
            key: min(gross, self._left(training, key[1]))
            for key, gross in due.items()
            if self.cancelled.get(key[1], date.max) > one.day
        }

    def _left(self, training: int, person: int) -> Decimal:
        """What the limits leave to the person, this batch left out."""
        one = self.trainings[training]
        used = sum(
            net
            for (other, whose, _), net in self.ledger.items()
            if whose == person and other != training and self._shares(one, self.trainings[other])
        )
        return max(Decimal(), (PROJECT_CAP if one.level == NATIONAL else YEAR_CAP) - used)

    def _shares(self, one: Training, other: Training) -> bool:
        """Whether credit of both draws on one limit."""
        return one.no == other.no if one.level == NATIONAL else other.level == INHOUSE


def _meets(minutes: set[int], strategy: str, least: int) -> bool:
    inside = {minute for minute in minutes if minute in _PERIOD}
    match strategy:
        case "any":
            return bool(inside)
        case "windows":
            return all(any(minute in window for minute in minutes) for window in _WINDOWS)
        case _:
            return len(inside) >= least


class World:
    """Where the machines run: every example has people, trainings and terminals of its own."""

    def __init__(self, site: Site, owner: Engine, make_terminal: MakeTerminal) -> None:
        self.site = site
        self.owner = owner
        self._make_terminal = make_terminal
        self._examples = count()

    def example(self) -> tuple[str, tuple[str, ...], list[Training]]:
        """The mark of a new example, its people, and its trainings."""
        mark = f"{next(self._examples):04d}"
        people = tuple(f"88{mark}{n:03d}" for n in range(PEOPLE))
        for n in range(PEOPLE):
            self.enter(person_row(people[n], n, card=people[n]))
        national, house = f"2013-{mark}-01-001(国)", f"2013-{mark}-02-{{:03d}}"
        filed(
            self.site, OPERATOR,
            project(national, name="国家级培训", credits="6.0", level=NATIONAL, batches=[
                one_day(1, 6, lecturers=[lecturer(people[LECTURER], date="2013-05-06")]),
                one_day(2, 7),
            ]),
            *(project(house.format(n), name=f"院内讲座{n}", credits="4.0", level=INHOUSE,
                      credit_class="II", batches=[one_day(1, 8 + n)]) for n in range(3)),
        )  # fmt: skip
        named = [(national, 1), (national, 2), *((house.format(n), 1) for n in range(3))]
        with begin(self.site, OPERATOR) as work:
            trainings = [training(work, no, number) for no, number in named]
        return mark, people, trainings

    def terminal(self, mark: str, order: int, trainings: list[Training]) -> Machine:
        """A terminal with the packages of these trainings."""
        machine = self._make_terminal(f"MBX-{mark}-{order}", HOSPITAL)
        for one in trainings:
            package(self.site, machine, one.no, one.number)
        return machine

    def enter(self, row: dict[str, str]) -> None:
        """Import one person."""
        columns = tuple(cards_rules.COLUMNS)
        sheet = people_sheet(csv_of(columns, [row[column] for column in columns]))
        with begin(self.site, OPERATOR) as work:
            cards.import_people(work, sheet)
        self.drain()

    def drain(self) -> None:
        """Do what is left to be done, as a worker does."""
        while ids := self.asked("select id from outbox_message where done_at is null order by id"):
            for (message,) in ids:
                outbox.deliver(self.site, message)

    def asked(self, sql: str, **facts: object) -> list[tuple[object, ...]]:
        """The rows of a question to the database."""
        with self.owner.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), facts)]


def one_day(number: int, day: int, **members: object) -> dict[str, object]:
    on = f"2013-05-{day:02d}"
    sessions = [
        session("s1", opens_at=f"{on}T07:30", closes_at=f"{on}T08:30"),
        session("s2", opens_at=f"{on}T16:30", closes_at=f"{on}T18:00", kind="end"),
    ]
    return batch(
        number, starts_at=f"{on}T08:00", ends_at=f"{on}T18:00", sessions=sessions, **members
    )


def training(work: Work, no: str, number: int) -> Training:
    found = projects.batch_of(work, no, number)
    return Training(
        no, number, found.id, found.project.level.value, found.project.credits.amount,
        local_date(found.span.start), LECTURER if found.lecturers else None,
    )  # fmt: skip


def person_row(
    no: str, n: int, *, card: str = "", cancelled_from: date | None = None
) -> dict[str, str]:
    """A line of a file of people."""
    return dict.fromkeys(cards_rules.COLUMNS, "") | {
        "person_no": no, "name": f"员工{n}", "id_type": "other", "id_number": f"T{no}",
        "unit_code": COUNTY_HOSPITAL if n == 2 else HOSPITAL,
        "status": "cancelled" if cancelled_from else "normal",
        "status_from": cancelled_from.isoformat() if cancelled_from else "", "card_no": card,
    }  # fmt: skip


persons = st.integers(0, PEOPLE - 1)
chosen_training = st.integers(0, 4)
strategies = st.sampled_from(["any", "windows", "min_swipes", None])


class House(RuleBasedStateMachine):
    """One house's year, driven by chance, beside the model."""

    files: Bundle[int] = Bundle("files")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.mark, self.people, trainings = world.example()
        self.model = Model(trainings, {no: Held(n) for n, no in enumerate(self.people)})
        self.strangers = [f"S{self.mark}{n}" for n in range(3)]
        self.machines = [world.terminal(self.mark, n, trainings) for n in range(2)]
        self.tapped: list[list[Tapped]] = [[], []]
        self.sent: list[set[int]] = [set(), set()]
        self.taken: list[int] = [0, 0]
        self.made: list[tuple[int, Batch, range]] = []
        self.changed = True

    # What happens in front of the terminals.

    @rule(
        which=st.integers(0, 1),
        training=chosen_training,
        taps=st.lists(st.tuples(st.integers(0, PEOPLE + 2), MINUTES), min_size=1, max_size=8),
    )
    def tap(self, which: int, training: int, taps: list[tuple[int, int]]) -> None:
        machine, one = self.machines[which], self.model.trainings[training]
        machine.restart()
        for card, minute in sorted(taps, key=lambda tap: tap[1]):
            no = [*self.people, *self.strangers][card]
            machine.tap(Card(card_no=no), at=one.at(minute), activity_id=f"B{one.batch_id}")
            self.tapped[which].append(Tapped(training, minute, no))
        machine.meet(machine.clock())

    @initialize(
        absent=st.sets(st.tuples(chosen_training, persons), max_size=6),
        otherwise=st.dictionaries(st.tuples(chosen_training, persons), MINUTES, max_size=6),
    )
    def begin_the_year(
        self, absent: set[tuple[int, int]], otherwise: dict[tuple[int, int], int]
    ) -> None:
        """Most people come to most trainings, and stay; one terminal's files come in late."""
        for training in range(len(self.model.trainings)):
            present = [n for n in range(PEOPLE) if (training, n) not in absent]
            taps = [(n, 60) for n in present]
            taps += [(n, otherwise.get((training, n), 600)) for n in present]
            self.tap(training % 2, training, taps)
        self.bring(0)

    @rule(which=st.integers(0, 1))
    def bring(self, which: int) -> None:
        """All that a terminal has not exported yet comes in, file after file."""
        for made in self.machines[which].export_all():
            self.send(self._made(which, made))

    @precondition(lambda self: any(one.last_seq for one in self.machines))
    @rule(target=files, which=st.integers(0, 1), first=st.integers(0, 30), size=st.integers(1, 12))
    def export(self, which: int, first: int, size: int) -> object:
        """Some records as a file: the next ones, or some that were exported before."""
        machine = self.machines[which]
        start = first if 1 <= first <= machine.memory.exported_to else None
        begins = start or machine.memory.exported_to + 1
        if begins > machine.last_seq:
            return multiple()
        try:
            made = machine.export(
                first_seq=start, last_seq=min(begins + size - 1, machine.last_seq)
            )
        except ConflictError:  # another package was in use for some of them
            made = machine.export(first_seq=start)
        return self._made(which, made)

    def _made(self, which: int, made: Batch) -> int:
        count_of = made.data.count(b'\n{"t":"R"')
        first = int(made.data.split(b'"first_seq":', 1)[1].split(b",", 1)[0])
        self.made.append((which, made, range(first, first + count_of)))
        return len(self.made) - 1

    # What the server hears of it.

    @rule(file=files)
    def send(self, file: int) -> None:
        """A file comes in, in any order, and perhaps not for the first time."""
        which, made, numbers = self.made[file]
        answer = self.machines[which].send_batch(made)
        assert answer.status in {200, 202}, answer.body
        self.sent[which].update(numbers)
        while self.taken[which] + 1 in self.sent[which]:
            self.taken[which] += 1
            self.model.taken_in.append(self.tapped[which][self.taken[which] - 1])
        self.world.drain()

    @rule(file=consumes(files))
    def send_for_the_last_time(self, file: int) -> None:
        self.send(file)

    # What becomes known of people and cards.

    @rule(data=st.data())
    def become_known(self, data: st.DataObject) -> None:
        """Something of a card or a person changes."""
        changes = [self._lose, self._find, self._register, self._cancel, self._restore]
        data.draw(st.sampled_from(changes))(data.draw)

    def _lose(self, draw: Draw) -> None:
        no = draw(st.sampled_from(sorted(self.model.cards)))
        since = self.model.trainings[draw(chosen_training)].at(draw(MINUTES))
        with begin(self.world.site, OPERATOR) as work:
            cards.set_state(work, no, CardState.LOST, since)
        self._known(no, since)

    def _find(self, draw: Draw) -> None:
        no = draw(st.sampled_from(sorted(self.model.cards)))
        person = self.model.cards[no].person
        others = [one for other, one in self.model.cards.items() if other != no]
        if all(one.gone for one in others if one.person == person):
            with begin(self.world.site, OPERATOR) as work:
                cards.set_state(work, no, CardState.ACTIVE)
            self._known(no, None)

    def _register(self, draw: Draw) -> None:
        no, person = draw(st.sampled_from(self.strangers)), draw(persons)
        if no not in self.model.cards:
            self._enter(person, card=no)
            for held in self.model.cards.values():
                if held.person == person and held.gone is None:
                    held.gone = self.world.site.clock()
            self.model.cards[no] = Held(person)
            self._known(no, None)

    def _cancel(self, draw: Draw) -> None:
        person = draw(persons)
        self.model.cancelled[person] = date(2013, 5, draw(st.integers(5, 11)))
        self._enter(person)

    def _restore(self, draw: Draw) -> None:
        person = draw(persons)
        self.model.cancelled.pop(person, None)
        self._enter(person)

    def _enter(self, person: int, card: str = "") -> None:
        no = self.people[person]
        gone = self.model.cancelled.get(person)
        self.world.enter(person_row(no, person, card=card, cancelled_from=gone))

    def _known(self, no: str, gone: datetime | None) -> None:
        self.model.cards[no].gone = gone
        self.world.drain()

    # What the office does.

    @rule(training=chosen_training, strategy=strategies, least=st.integers(1, 3))
    def award(self, training: int, strategy: str | None, least: int) -> None:
        """Award, and award again at once: the second time changes nothing (I3)."""
        self._award(training, strategy, least)
        entries = self._entries()
        self.model.runs[training] = self._run(training, Options())
        assert self._entries() == entries
        self._recompute(training)

    @rule(order=st.permutations(range(5)), strategy=strategies)
    def award_all(self, order: list[int], strategy: str | None) -> None:
        """Who comes first has more of what is limited."""
        for training in order:
            self._award(training, strategy, 2)

    @precondition(lambda self: self.model.runs)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        training = data.draw(st.sampled_from(sorted(self.model.runs)))
        with begin(self.world.site, OPERATOR) as work:
            awards.undo(work, self.model.runs.pop(training), "名单有误")
        self.model.undo(training)
        self.changed = True

    def _award(self, training: int, strategy: str | None, least: int) -> None:
        chosen = (strategy, least) if strategy else self.model.plans.get(training, ("windows", 2))
        swipes = str(least) if strategy == "min_swipes" else None
        options = Options(strategy=strategy, min_swipes=swipes)
        self.model.runs[training] = self._run(training, options)
        self.model.award(training, *chosen)
        self.changed = True

    def _run(self, training: int, options: Options) -> int:
        one = self.model.trainings[training]
        with begin(self.world.site, OPERATOR) as work:
            run_id = awards.ask(work, one.no, one.number, options)
        self.world.drain()
        [(state,)] = self.world.asked("select state from award_run where id = :run", run=run_id)
        assert state == "done"
        return run_id

    def _entries(self) -> int:
        [(number,)] = self.world.asked("select count(*) from credit_entry")
        return int(str(number))

    def _recompute(self, training: int) -> None:
        """I5: the stored swipes judged anew give what the ledger holds; each person by themselves
        is seen as among all.
        """
        one = self.model.trainings[training]
        with begin(self.world.site, OPERATOR) as work:
            judged = queries.preview(work, one.no, one.number, Options())
            among_all = judging.situations_of(work, judged.case)
            ids = [held.id for held in people.people_by_no(work, self.people).values()]
            alone = [judging.situations_of(work, judged.case, person_id) for person_id in ids]
        ours = {one: known for one, known in among_all.items() if one in ids}
        assert {one: known for found in alone for one, known in found.items()} == ours
        anew = sum(verdict.net for verdict in judged.every())
        held = sum(net for key, net in self.model.ledger.items() if key[0] == training)
        assert anew == held * 100

    # What must hold after every step.

    @invariant()
    def the_ledger_is_what_the_taps_earned(self) -> None:
        """I4 among others: the model knows nothing of files, of their order or their terminals."""
        if self.changed:
            assert self._ledger() == self.model.ledger

    @invariant()
    def every_account_adds_up_and_no_limit_is_passed(self) -> None:
        """I1, I2, I6; the tallies of all examples before this one as well."""
        if not self.changed:
            return
        self.changed = False
        with begin(self.world.site, OPERATOR) as work:
            assert credits.unequal_tallies(work) == 0
            for person, no in enumerate(self.people):
                account = credits.account_of(work, no, YEAR)
                held = {key: net for key, net in self.model.ledger.items() if key[1] == person}
                total = sum(held.values())
                shown = Decimal(account.standing.have.shown()["total"])
                lines = sum(line.net.amount for line in account.lines if line.state == "active")
                assert shown == total == lines >= 0
                assert self._drawn(held, NATIONAL) <= PROJECT_CAP
                assert self._drawn(held, INHOUSE) <= YEAR_CAP

    def _drawn(self, held: dict[tuple[int, int, str], Decimal], level: str) -> Decimal:
        of_level = [net for key, net in held.items() if self.model.trainings[key[0]].level == level]
        return sum(of_level, Decimal())

    def _ledger(self) -> dict[tuple[int, int, str], Decimal]:
        places = {one.batch_id: n for n, one in enumerate(self.model.trainings)}
        rows = self.world.asked(
            "select e.batch_id, p.person_no, e.part, sum(e.net) from credit_entry e "
            "join person p on p.id = e.person_id where e.batch_id = any(:batches) "
            "group by 1, 2, 3 having sum(e.net) <> 0",
            batches=list(places),
        )
        return {
            (places[int(str(batch_id))], self.people.index(str(no)), str(part)): Decimal(str(net))
            for batch_id, no, part, net in rows
        }

    def teardown(self) -> None:
        """The year is closed with all files in; I7, over all that the example entered."""
        for which in range(2):
            self.bring(which)
            for file, (whose, *_) in enumerate(self.made):
                if whose == which:
                    self.send(file)
        self.award_all(list(range(5)), None)
        self.the_ledger_is_what_the_taps_earned()
        self.every_account_adds_up_and_no_limit_is_passed()
        assert self.world.asked(_WITHOUT_CAUSE) == []
        assert self.world.asked(_NOT_UNDONE) == []


_WITHOUT_CAUSE = """
select e.id from credit_entry e
left join award_run r on r.id = e.run_id and r.batch_id = e.batch_id
left join standard_edition s on s.id = e.edition_id
where r.id is null or s.id is null or e.entered_by = ''
  or (e.reverses is null) <> (e.reason is null)
"""
_NOT_UNDONE = """
select r.id from credit_entry r left join credit_entry e on e.id = r.reverses
where r.reverses is not null and (e.id is null or e.reverses is not null or
  (e.person_id, e.year, e.item, e.part, -e.gross, -e.net, -e.hours)
  is distinct from (r.person_id, r.year, r.item, r.part, r.gross, r.net, r.hours))
"""


@pytest.fixture
def world(site: Site, owner: Engine, cast: Cast, make_terminal: MakeTerminal) -> World:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    made = World(site, owner, make_terminal)
    made.drain()
    return made


@pytest.mark.timeout(0)
def test_the_ledger_holds_whatever_happens_in_a_house(world: World, deep: int) -> None:
    run_state_machine_as_test(
        lambda: House(world),
        settings=settings(
            max_examples=12 * deep,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
