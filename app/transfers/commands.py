"""转单位 — asked for by either unit or by the person, agreed to by both units, done at once.

Whoever changes a transfer locks its row first, so of two at once the second sees what the first
did. The person is locked last, after the turn of awards: credit that is being given is given
where the person stands.
"""

from __future__ import annotations

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts import steps as desk
from app.accounts.steps.telling import tell_person
from app.awards import steps as awards
from app.base.work import Work, command
from app.credits import queries as ledger
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.span import SHANGHAI
from app.making import steps as making
from app.org import queries as org
from app.org.terms import Unit, UnitKind
from app.people import queries as people
from app.people import steps as staff
from app.people.terms import Person, Status
from app.transfers import queries, rules, steps
from app.transfers.tables import TransferRow
from app.transfers.terms import LIFE, Act, Side, State, TransferId

_EMPLOYERS = frozenset({UnitKind.HOSPITAL, UnitKind.BUREAU})


@command(Permission.PEOPLE_TRANSFER, reaches=True)
def ask_out(work: Work, person_no: str, unit_code: str) -> TransferId:
    """转出 — the unit of a person within sight lets them go to another, which is to agree.

    InvalidError for no such unit; ConflictError where it is asked already, or is not the actor's
    to ask for.
    """
    person = people.within_sight(work, person_no)
    with work.reaching():
        source, target = _ends(work, person, unit_code)
        _started_by(work, Side.OUT, source, target)
        row = _asked(work, Side.OUT, person, source, target)
        row.left_at, row.left_by = work.now, work.actor.name
        tell_person(work, person.id, "transfer_out")
        return _kept(work, row)


@command(Permission.PEOPLE_TRANSFER, reaches=True)
def ask_in(
    work: Work, unit_code: str, person_no: str, name: str, department_code: str = ""
) -> TransferId:
    """转入 — a unit within sight asks for the person of that number and name, whoever they are.

    One answer for a number that nobody has and for another's name; who guesses is held up. Nothing
    else of the person is told before they, or their unit, agree.
    """
    target = org.unit_by_code(work, unit_code)
    department = _department(work, target, department_code)
    if wait := desk.charge(work.site, rules.GUESSES, work.actor.name):
        raise ConflictError("transfers.person.guessed", minutes=-(-wait // 60))
    with work.reaching():
        person = people.people_by_no(work, [person_no.strip()]).get(person_no.strip())
        if person is None or person.name != "".join(name.split()):
            raise InvalidError("transfers.person.unknown")
        desk.refund(work.site, rules.GUESSES, work.actor.name)
        source, target = _ends(work, person, unit_code)
        _started_by(work, Side.IN, source, target)
        row = _asked(work, Side.IN, person, source, target)
        row.joined_at, row.joined_by = work.now, work.actor.name
        row.department_id = department.id if department else None
        tell_person(work, person.id, "transfer_in")
        return _kept(work, row)


@command(Permission.PEOPLE_OWN, reaches=True)
def ask_own(work: Work, person_no: str, unit_code: str) -> TransferId:
    """申请转单位 — a person asks for themselves; both units are to agree."""
    person = people.within_sight(work, person_no)
    with work.reaching():
        source, target = _ends(work, person, unit_code)
        return _kept(work, _asked(work, Side.PERSON, person, source, target))


@command(Permission.PEOPLE_TRANSFER, reaches=True)
def confirm(work: Work, transfer_id: int, department_code: str = "") -> State:
    """同意 — of the actor's unit; where the other agreed before, the person has moved.

    The unit that is joined names the department. From one city to another the platform completes
    it. ConflictError for whoever was second, or has nothing to agree to.
    """
    row = _locked(work, transfer_id)
    source, target = _units(work, row)
    sides = _allowed(work, row, source, target, Act.CONFIRM)
    if Side.IN in sides and row.joined_at is None:
        department = _department(work, target, department_code)
        row.department_id = department.id if department else None
        row.joined_at, row.joined_by = work.now, work.actor.name
    else:
        row.left_at, row.left_by = work.now, work.actor.name
    if row.left_at and row.joined_at and not row.across:
        _move(work, row, source, target)
    return State(row.state)


@command(Permission.PEOPLE_TRANSFER, reaches=True)
def complete(work: Work, transfer_id: int, reason: str = "") -> None:
    """代办 — who is above both units moves the person: across cities, or for a unit that is silent.

    InvalidError without a reason where the unit that is left did not agree.
    """
    row = _locked(work, transfer_id)
    source, target = _units(work, row)
    _allowed(work, row, source, target, Act.COMPLETE)
    if row.left_at is None:
        row.reason = _reason(reason)
    _move(work, row, source, target)


@command(Permission.PEOPLE_TRANSFER, reaches=True)
def refuse(work: Work, transfer_id: int, reason: str) -> None:
    """不同意 — the person stays where they are, and is told; the reason is kept."""
    row = _locked(work, transfer_id)
    source, target = _units(work, row)
    _allowed(work, row, source, target, Act.REFUSE)
    row.reason = _reason(reason)
    _end(work, row, State.REFUSED, "transfer_refused")


@command(Permission.PEOPLE_TRANSFER, reaches=True)
def withdraw(work: Work, transfer_id: int) -> None:
    """撤回 — the unit that asked does not ask any more; the person is told."""
    row = _locked(work, transfer_id)
    source, target = _units(work, row)
    _allowed(work, row, source, target, Act.WITHDRAW)
    _end(work, row, State.WITHDRAWN, "transfer_withdrawn")


@command(Permission.PEOPLE_OWN, reaches=True)
def withdraw_own(work: Work, person_no: str, transfer_id: int) -> None:
    """撤回 — a person does not ask any more."""
    person = people.within_sight(work, person_no)
    with work.reaching():
        row = work.session.get(TransferRow, transfer_id)
        if row is None or row.person_id != person.id:
            raise NotFoundError("transfers.request.unknown", number=transfer_id)
        _lock(work, row)
        _judge(work, row, frozenset({Side.PERSON}), Act.WITHDRAW)
        row.state, row.ended_at, row.ended_by = State.WITHDRAWN, work.now, work.actor.name


@command(Permission.SYSTEM_OPERATE)
def expire(work: Work) -> int:
    """到期 — what nobody agreed to in time is over, and its people are told; how many.

    Whoever looks before this came to it sees it as over already.
    """
    late = select(TransferRow).where(
        TransferRow.state == State.OPEN,
        TransferRow.expires_at <= work.now,
        TransferRow.left_at.is_(None) | TransferRow.joined_at.is_(None),
    )
    rows = work.session.scalars(late.order_by(TransferRow.id).with_for_update(skip_locked=True))
    expired = rows.all()
    for row in expired:
        row.state, row.ended_at = State.EXPIRED, row.expires_at
        tell_person(work, row.person_id, "transfer_expired")
    return len(expired)


def _ends(work: Work, person: Person, unit_code: str) -> tuple[Unit, Unit]:
    """Where a person comes from and goes to. InvalidError for nowhere, or where they are."""
    target = org.units_by_code(work, [unit_code]).get(unit_code)
    if target is None or target.kind not in _EMPLOYERS:
        raise InvalidError("transfers.unit.unknown")
    if target.id == person.unit_id:
        raise InvalidError("transfers.unit.same", unit=target.name)
    if person.status is Status.CANCELLED:
        raise ConflictError("transfers.person.cancelled")
    return org.units_of(work, [person.unit_id])[person.unit_id], target


def _started_by(work: Work, side: Side, source: Unit, target: Unit) -> None:
    if side not in queries.sides_in(work, source, target):
        raise ConflictError("transfers.request.above")


def _asked(work: Work, side: Side, person: Person, source: Unit, target: Unit) -> TransferRow:
    """A new request, once what stood open between the same and is over by now is ended."""
    older = select(TransferRow).where(
        TransferRow.person_id == person.id, TransferRow.target_id == target.id,
        TransferRow.state == State.OPEN,
    )  # fmt: skip
    before = work.session.scalar(older.with_for_update())
    if before is not None:
        if rules.as_of(queries.case_of(before), work.now).state is State.OPEN:
            raise ConflictError("transfers.request.open")
        before.state, before.ended_at = State.EXPIRED, before.expires_at
        work.session.flush()
    cities = queries.cities_over(work, source)
    [key] = work.fresh_ids(TransferRow, 1)
    return TransferRow(
        id=key, path=source.place.path, other_path=target.place.path, person_id=person.id,
        person_no=person.no, name=person.name, source_id=source.id, target_id=target.id,
        state=State.OPEN, started_by=side,
        across=not rules.same_city(source.place, target.place, cities), asked_at=work.now,
        asked_by=work.actor.name, expires_at=work.now + LIFE,
    )  # fmt: skip


def _kept(work: Work, row: TransferRow) -> TransferId:
    work.session.add(row)
    try:
        work.session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise ConflictError("transfers.request.open") from error
    return TransferId(row.id)


def _locked(work: Work, transfer_id: int) -> TransferRow:
    """The request, locked, as it is now. NotFoundError out of sight of both its ends."""
    row = work.session.get(TransferRow, transfer_id)
    if row is None:
        raise NotFoundError("transfers.request.unknown", number=transfer_id)
    with work.reaching():
        _lock(work, row)
    return row


def _lock(work: Work, row: TransferRow) -> None:
    """Hold it as it is now, and what else is open for the same person: one may end them all."""
    together = select(TransferRow).where(
        TransferRow.person_id == row.person_id,
        (TransferRow.state == State.OPEN) | (TransferRow.id == row.id),
    )
    work.session.scalars(
        together.order_by(TransferRow.id).with_for_update(),
        execution_options={"populate_existing": True},
    ).all()


def _units(work: Work, row: TransferRow) -> tuple[Unit, Unit]:
    with work.reaching():  # one of them is out of sight
        units = org.units_of(work, [row.source_id, row.target_id])
    return units[row.source_id], units[row.target_id]


def _allowed(work: Work, row: TransferRow, source: Unit, target: Unit, act: Act) -> frozenset[Side]:
    sides = queries.sides_in(work, source, target)
    _judge(work, row, sides, act)
    return sides


def _judge(work: Work, row: TransferRow, sides: frozenset[Side], act: Act) -> None:
    """ConflictError where these sides may not do that now; it says who was first."""
    case = rules.as_of(queries.case_of(row), work.now)
    if case.state is not State.OPEN:
        at = (row.ended_at or row.expires_at).astimezone(SHANGHAI)
        who = "" if rules.is_hidden(case, sides) else row.ended_by or ""
        raise ConflictError(
            f"transfers.over.{case.state}", name=row.name, who=who, month=at.month, day=at.day,
            clock=f"{at:%H:%M}",
        )  # fmt: skip
    if act not in queries.acts_in(work, case, sides):
        raise ConflictError("transfers.request.not_now", name=row.name)


def _reason(text: str) -> str:
    said = " ".join(text.split())
    if not said or len(said) > rules.LONGEST_REASON:
        raise InvalidError("transfers.reason.missing", most=rules.LONGEST_REASON)
    return said


def _department(work: Work, unit: Unit, code: str) -> Unit | None:
    """The open department of that code in the unit, or none. InvalidError for any other."""
    if not code:
        return None
    department = org.units_by_code(work, [code]).get(code)
    if (
        department is None
        or department.kind is not UnitKind.DEPARTMENT
        or unit.kind is not UnitKind.HOSPITAL
        or not unit.place.holds(department.place)
        or org.if_open(work, department.id) is None
    ):
        raise InvalidError("transfers.unit.department")
    return department


def _move(work: Work, row: TransferRow, source: Unit, target: Unit) -> None:
    """The person leaves the one unit and joins the other, with all that is theirs.

    1. In the turn of awards, so that no credit is written where the person no longer stands.
    2. No card of the old unit is made for them any more.
    3. What credit they have is noted, for both units; the person moves, and every row about them.
    4. Whatever else was asked for them is overtaken. They are told where they are now.
    """
    with work.reaching():
        awards.take_turn(work)
        making.drop_waiting(work, row.person_id)
        row.handed = ledger.statement_of(work, row.person_id)
        department = org.if_open(work, row.department_id) if row.department_id else None
        staff.relocate(work, row.person_id, target, department, source_id=source.id)
        steps.overtake(work, row.person_id, but=row.id)
        _end(work, row, State.DONE, "transfer_done")


def _end(work: Work, row: TransferRow, state: State, code: str) -> None:
    row.state, row.ended_at, row.ended_by = state, work.now, work.actor.name
    tell_person(work, row.person_id, code)
