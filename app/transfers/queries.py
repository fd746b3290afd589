"""Questions about transfers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from app.base.work import Work, query
from app.kernel.actor import Permission, Role
from app.kernel.errors import NotFoundError
from app.org import queries as org
from app.org.terms import Unit, UnitKind
from app.people import queries as people
from app.transfers import rules
from app.transfers.tables import TransferRow
from app.transfers.terms import (
    Act,
    Case,
    Destination,
    Handed,
    Shelf,
    Show,
    Side,
    State,
    Step,
    Transfer,
    TransferId,
    Waiting,
)

# Of those that are over, the latest.
MOST = 200
_MOST_DESTINATIONS = 20
# What somebody has to do, and nobody does for them.
_DUTIES = frozenset({Act.CONFIRM, Act.COMPLETE})


@query(Permission.PEOPLE_TRANSFER, reaches=True)
def shelf(work: Work, show: Show, words: str = "") -> Shelf:
    """转单位一览 — those within sight that wait for the actor, or are open, or are over."""
    wanted: list[ColumnElement[bool]] = []
    if words:
        number = TransferRow.person_no == words
        wanted.append(number | TransferRow.name.contains(words, autoescape=True))
    still = _seen_by(work, _rows(work, TransferRow.state == State.OPEN))
    mine = [one for one in still if one.acts & _DUTIES]
    if show is Show.ENDED:
        late = [one.id for one in still if one.state is not State.OPEN]
        over = or_(TransferRow.state != State.OPEN, TransferRow.id.in_(late))
        found = _seen_by(work, _rows(work, over, *wanted, most=MOST + 1))
        return Shelf(found[:MOST], len(mine), len(found) > MOST)
    shown = mine if show is Show.MINE else [one for one in still if one.state is State.OPEN]
    named = [one for one in shown if not words or words == one.person_no or words in one.name]
    return Shelf(tuple(named[:MOST]), len(mine), len(named) > MOST)


@query(Permission.PEOPLE_TRANSFER, reaches=True)
def waiting(work: Work) -> Waiting:
    """等我办的转单位 — how many wait for the actor, the one that is over first named first."""
    still = _seen_by(work, _rows(work, TransferRow.state == State.OPEN))
    mine = sorted(
        (one for one in still if one.acts & _DUTIES), key=lambda one: (one.case.expires_at, one.id)
    )
    names = tuple(one.name for one in mine[:2])
    running = [one.case.expires_at for one in mine if not (one.case.left and one.case.joined)]
    return Waiting(len(mine), names, min(running, default=None))


@query(Permission.PEOPLE_TRANSFER, reaches=True)
def transfer_of(work: Work, transfer_id: int) -> Transfer:
    """转单位 — one that the actor's place sees from either end. NotFoundError for any other."""
    row = work.session.get(TransferRow, transfer_id)
    if row is None:
        raise NotFoundError("transfers.request.unknown", number=transfer_id)
    [found] = _seen_by(work, [row])
    return found


@query(Permission.PEOPLE_READ, reaches=True)
def transfers_of(work: Work, person_no: str) -> tuple[Transfer, ...]:
    """一个人的转单位 — how a person within sight came here, and what is under way, newest first.

    What other units had asked for before is not told to the unit where the person is now.
    """
    person = people.within_sight(work, person_no)
    with work.reaching():  # a secretary stands below both ends
        rows = _rows(work, TransferRow.person_id == person.id)
    return tuple(
        one
        for one, row in zip(_seen_by(work, rows), rows, strict=True)
        if one.state is State.DONE or (one.state is State.OPEN and row.source_id == person.unit_id)
    )


@query(Permission.PEOPLE_OWN, reaches=True)
def own(work: Work, person_no: str) -> tuple[Transfer, ...]:
    """我的转单位 — every one of a person's own, newest first."""
    person = people.within_sight(work, person_no)
    with work.reaching():  # both ends are out of a person's sight
        return _seen_by(work, _rows(work, TransferRow.person_id == person.id))


@query(Permission.PEOPLE_TRANSFER, reaches=True)
def destinations(work: Work, words: str) -> tuple[Destination, ...]:
    """去处 — units whose code or name is meant by these words, wherever they are."""
    return _destinations(work, words)


@query(Permission.PEOPLE_OWN, reaches=True)
def own_destinations(work: Work, words: str) -> tuple[Destination, ...]:
    """去处 — the same, for whoever wants to leave."""
    return _destinations(work, words)


def case_of(row: TransferRow) -> Case:
    """What of a row says who may do what about it."""
    return Case(
        state=State(row.state),
        started_by=Side(row.started_by),
        across=row.across,
        left=row.left_at is not None,
        joined=row.joined_at is not None,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
    )


def sides_in(work: Work, source: Unit, target: Unit) -> frozenset[Side]:
    """Who the actor is to a transfer between these units."""
    if work.actor.role is Role.PERSON:
        return frozenset({Side.PERSON})
    return rules.sides_of(work.actor.place, source, target)


def acts_in(work: Work, case: Case, sides: Collection[Side]) -> frozenset[Act]:
    """What the actor may do about a transfer of that case."""
    governs = work.actor.role is Role.OPERATOR
    return rules.acts_of(case, sides, work.now, governs=governs)


def cities_over(work: Work, unit: Unit) -> frozenset[int]:
    """The cities in which a unit stands; asked by a command that reaches."""
    above = [int(key) for key in unit.place.path.split(".") if key.isdecimal()]
    units = org.units_of(work, above).values()
    return frozenset(one.id for one in units if one.kind is UnitKind.CITY)


def _rows(work: Work, *wanted: ColumnElement[bool], most: int | None = None) -> list[TransferRow]:
    asked = select(TransferRow).where(*wanted).order_by(TransferRow.id.desc()).limit(most)
    return list(work.session.scalars(asked))


def _seen_by(work: Work, rows: Sequence[TransferRow]) -> tuple[Transfer, ...]:
    """Those rows as the actor may know them; names of units and people are out of sight."""
    ids = {id_ for row in rows for id_ in (row.source_id, row.target_id, row.department_id) if id_}
    with work.reaching():
        units = org.units_of(work, ids)
        known = people.people_of(work, {row.person_id for row in rows})
    titles = {key: one.title for key, one in known.items()}  # whose import was undone has none
    return tuple(_transfer(work, row, units, titles.get(row.person_id, "")) for row in rows)


def _transfer(work: Work, row: TransferRow, units: dict[int, Unit], title: str) -> Transfer:
    source, target = units[row.source_id], units[row.target_id]
    case = rules.as_of(case_of(row), work.now)
    sides = sides_in(work, source, target)
    hidden = rules.is_hidden(case, sides)
    return Transfer(
        id=TransferId(row.id),
        person_no=row.person_no,
        name=row.name,
        title=title if case.state is State.OPEN and not hidden else "",
        source="" if hidden else source.name,
        target=target.name,
        target_code=target.code,
        department=units[row.department_id].name if row.department_id else "",
        case=case,
        sides=sides,
        acts=acts_in(work, case, sides),
        steps=tuple(_steps(row, case, hidden=hidden)),
        reason=row.reason or "",
        ended_at=row.ended_at or (None if case.state is State.OPEN else row.expires_at),
        handed=None if row.handed is None else _handed(row.handed),
    )


def _handed(kept: Mapping[str, Any]) -> Handed:
    years = tuple((int(year), str(total)) for year, total in kept["years"])
    return Handed(years, kept["entries"], kept["sha256"])


def _steps(row: TransferRow, case: Case, *, hidden: bool) -> Iterable[Step]:
    """What was done, in order of time."""
    yield Step(f"asked_{row.started_by}", row.asked_at, row.asked_by)
    yield from sorted(_agreed(row, case), key=lambda step: step.at)
    if case.state is not State.OPEN:
        by = "" if row.ended_by is None or hidden else row.ended_by
        yield Step(case.state.value, row.ended_at or row.expires_at, by)


def _agreed(row: TransferRow, case: Case) -> Iterator[Step]:
    if row.left_at is not None and case.started_by is not Side.OUT:
        yield Step("left", row.left_at, row.left_by or "")
    if row.joined_at is not None and case.started_by is not Side.IN:
        yield Step("joined", row.joined_at, row.joined_by or "")


def _destinations(work: Work, words: str) -> tuple[Destination, ...]:
    with work.reaching():
        found = org.employers_called(work, words.strip(), _MOST_DESTINATIONS)
    return tuple(Destination(unit.code, unit.name) for unit in found)
