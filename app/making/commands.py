"""制卡 — a batch is opened, filled, handed in, sent to be made, and handed out card by card."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.errors import UniqueViolation
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.base.holidays import is_working
from app.base.work import Work, command
from app.cards import queries as cards
from app.cards import steps as registering
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError, RowError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.span import local_date
from app.making import queries, rules, steps
from app.making.tables import CardBatchRow, CardOrderRow
from app.making.terms import Form, Kind, MakingId, Material, State
from app.org import queries as org
from app.people import queries as people
from app.people.terms import PersonId, Status

MOST = 500
_LONGEST = 40
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended('making.open:' || :unit, 0))")


@command(Permission.CARDS_CHANGE)
def open_batch(work: Work, unit_code: str, kind: Kind) -> MakingId:
    """新批次 — an empty batch of one kind for a unit within sight. NotFoundError for any other.

    Where one stands empty it is that one: a second click opens nothing.
    """
    unit = org.unit_by_code(work, unit_code)
    work.session.execute(_ONE_AT_A_TIME, {"unit": unit.code})
    filled = select(CardOrderRow.person_id).where(CardOrderRow.card_batch_id == CardBatchRow.id)
    empty = work.session.scalar(
        select(CardBatchRow.id)
        .where(
            CardBatchRow.unit_id == unit.id, CardBatchRow.kind == kind,
            CardBatchRow.state == State.DRAFT, ~filled.exists(),
        )
        .order_by(CardBatchRow.id)
        .limit(1)
    )  # fmt: skip
    if empty is not None:
        return MakingId(empty)
    [batch_id] = work.fresh_ids(CardBatchRow, 1)
    work.session.add(
        CardBatchRow(
            id=batch_id, path=unit.place.path, unit_id=unit.id, kind=kind, state=State.DRAFT,
            opened_at=work.now, opened_by=work.actor.name,
        )
    )  # fmt: skip
    return MakingId(batch_id)


@command(Permission.CARDS_CHANGE)
def add(work: Work, batch_id: int, person_nos: Sequence[str]) -> int:
    """加人 — these people want a card in this batch, all or none; how many they are.

    InvalidError names everybody who may not have one, and why; who is in the batch stays.
    """
    batch = _in(work, batch_id, State.DRAFT)
    wanted = list(dict.fromkeys(no.strip() for no in person_nos if no.strip()))
    if not wanted or len(wanted) > MOST:
        raise InvalidError("making.order.count", count=len(wanted), most=MOST)
    known = people.people_by_no(work, wanted)
    held = cards.cards_of_people(work, [one.id for one in known.values()])
    today = people.status_on(work, [one.id for one in known.values()], local_date(work.now))
    here = set(
        work.session.scalars(
            select(CardOrderRow.person_id).where(CardOrderRow.card_batch_id == batch.id)
        )
    )
    waiting = queries.waiting_among(work, [one.id for one in known.values()]) - here
    faults, added = [], 0
    for row, no in enumerate(wanted, start=1):
        person = known.get(no)
        if person is None:
            faults.append(RowError(row, "person_no", no, "making.order.unknown"))
            continue
        if person.id in here:
            continue
        own = held.get(person.id, ())
        code = rules.objection(Kind(batch.kind), today.get(person.id, Status.NORMAL), own)
        if person.id in waiting:
            code = "making.order.waiting"
        if code:
            faults.append(RowError(row, "person_no", no, code, (("name", person.name),)))
            continue
        work.session.add(
            CardOrderRow(
                card_batch_id=batch.id, person_id=person.id, path=person.place.path,
                old_no=rules.old_card(own),
            )
        )  # fmt: skip
        added += 1
    if faults:
        raise InvalidError("making.order.faults", rows=faults, count=len(faults))
    _flush(work)
    return added


@command(Permission.CARDS_CHANGE)
def withdraw(work: Work, batch_id: int, person_no: str) -> None:
    """撤下 — the person wants no card any more; of a batch that is made, none comes."""
    batch = queries.locked(work, batch_id)
    row = _order(work, batch, person_no)
    if row.handed_at is not None:
        raise ConflictError("making.order.handed", person_no=person_no)
    work.session.delete(row)
    work.session.flush()
    steps.close_finished(work, batch)


@command(Permission.CARDS_CHANGE)
def hand_in(work: Work, batch_id: int) -> None:
    """提交 — nobody is added any more; twenty working days begin.

    InvalidError for an empty one, and for one of which a card could not be made: names everybody
    who has no photo, or may not have such a card any more.
    """
    batch = _in(work, batch_id, State.DRAFT)
    _, orders = queries.batch_of(work, batch_id)
    if not orders:
        raise InvalidError("making.batch.empty")
    ids = [one.person_id for one in orders]
    held = cards.cards_of_people(work, ids)
    today = people.status_on(work, ids, local_date(work.now))
    photos = people.photo_marks(work, ids)
    faults = []
    for row, one in enumerate(orders, start=1):
        status, own = today.get(one.person_id, Status.NORMAL), held.get(one.person_id, ())
        code = rules.objection(Kind(batch.kind), status, own)
        if not code and one.person_id not in photos:
            code = "making.order.no_photo"
        if code:
            facts = (("name", one.name),)
            faults.append(RowError(row, "person_no", one.person_no, code, facts))
    if faults:
        raise InvalidError("making.batch.incomplete", rows=faults, count=len(faults))
    batch.state = State.SUBMITTED
    batch.due_on = rules.due_on(local_date(work.now), is_working)


@command(Permission.CARDS_CHANGE)
def make(work: Work, batch_id: int) -> None:
    """送制 — the material is with who makes the cards."""
    _in(work, batch_id, State.SUBMITTED).state = State.MADE


@command(Permission.CARDS_CHANGE)
def take_material(work: Work, batch_id: int, form: Form) -> Material:
    """取制卡资料 — of a batch that was handed in; the trail says who took it, and as what.

    It holds names and photos, and no more: no number of an identity card is on a card.
    """
    row = _in(work, batch_id, State.SUBMITTED, State.MADE, State.DONE)
    batch, orders = queries.batch_of(work, batch_id)
    found = people.photos_of(work, [one.person_id for one in orders])
    work.note(
        "card_batch", batch_id, Place(row.path), kind="take", form=form.value,
        people=len(orders), photos=len(found),
    )  # fmt: skip
    return Material(batch, orders, {PersonId(key): one.jpeg for key, one in found.items()})


@command(Permission.CARDS_CHANGE, reaches=True)
def hand_out(
    work: Work, batch_id: int, person_no: str, card_no: str, received_by: str, uid: Secret
) -> None:
    """发放 — the new card counts from now on, and the one before it does not any more.

    InvalidError for a number or a chip that cannot be, or is in use; reaches for that question.
    """
    batch = _in(work, batch_id, State.SUBMITTED, State.MADE)
    row = _order(work, batch, person_no)
    if row.handed_at is not None:
        raise ConflictError("making.order.handed", person_no=person_no)
    received = " ".join(received_by.split())
    if not received or len(received) > _LONGEST:
        raise InvalidError("making.order.received_by", most=_LONGEST)
    person = people.within_sight(work, person_no)
    row.new_no = registering.register(work, person, card_no, uid)
    row.handed_at, row.received_by = work.now, received
    work.session.flush()
    steps.close_finished(work, batch)


def _in(work: Work, batch_id: int, *states: State) -> CardBatchRow:
    """The batch, locked, in one of these states. ConflictError where it is in another."""
    row = queries.locked(work, batch_id)
    if row.state not in states:
        raise ConflictError(f"making.batch.{row.state}", batch=batch_id)
    return row


def _order(work: Work, batch: CardBatchRow, person_no: str) -> CardOrderRow:
    person = people.within_sight(work, person_no)
    row = work.session.get(CardOrderRow, (batch.id, person.id))
    if row is None:
        raise NotFoundError("making.order.none", person_no=person_no)
    return row


def _flush(work: Work) -> None:
    try:
        work.session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise ConflictError("making.order.raced") from error
