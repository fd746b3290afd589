"""Parts of what is done with cards: one that is new counts, the one before it gives way."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.errors import UniqueViolation
from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from app.base.work import Work
from app.cards import queries, rules
from app.cards.tables import CardRow
from app.cards.terms import UID, CardNo, CardState
from app.kernel.errors import ConflictError, InvalidError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.people.terms import Person


def register(work: Work, person: Person, number: str, uid: Secret) -> CardNo:
    """登记新卡 — the person's card of that number counts from now on, the one before does not.

    InvalidError for a number or chip that cannot be, or is in use anywhere: the caller's door is
    declared to reach for that question. Whoever keeps records that wait for the card is told.
    """
    no, chip = rules.card_no(number), rules.uid(uid)
    if not no:
        raise InvalidError("cards.card.number", most=rules.LONGEST_NO)
    if chip is None:
        raise InvalidError("cards.card.uid")
    with work.reaching():
        numbered = queries.held_by_no(work, [no])
        chips = queries.held_by_uid(work, [chip])
    if no in numbered:
        raise InvalidError("cards.card.number_taken", card_no=no)
    if any(
        held.card.state is CardState.ACTIVE and held.card.person_id != person.id
        for held in chips.get(chip, ())
    ):
        raise InvalidError("cards.card.uid_taken")
    changed = replace_active(work, [person.id])
    flush(work)
    [card_id] = work.fresh_ids(CardRow, 1)
    row = CardRow(
        id=card_id, path=person.place.path, person_id=person.id, card_no=no,
        state=CardState.ACTIVE, since=work.now,
    )  # fmt: skip
    write_uid(work, row, chip)
    work.session.add(row)
    flush(work)
    told = {"card_ids": [*changed, card_id], "person_ids": []}
    work.tell("cards.changed", place=Place.root(), **told)
    return CardNo(no)


def hand_over(work: Work, closed_id: int, kept: Person) -> None:
    """The cards of a record that is closed are the kept one's, whose own active card stays so.

    For a command that reaches. Whoever keeps records that wait for a card is told.
    """
    rows = work.session.scalars(
        select(CardRow)
        .where(CardRow.person_id.in_([closed_id, kept.id]))
        .order_by(CardRow.id)
        .with_for_update()
    ).all()
    theirs = [row for row in rows if row.person_id == closed_id]
    if any(row.state == CardState.ACTIVE for row in rows if row.person_id == kept.id):
        for row in theirs:
            if row.state == CardState.ACTIVE:
                row.state, row.since = CardState.REPLACED, work.now
    for row in theirs:
        row.person_id, row.path = kept.id, kept.place.path
    flush(work)
    if theirs:
        told = {"card_ids": [row.id for row in theirs], "person_ids": [kept.id]}
        work.tell("cards.changed", place=Place.root(), **told)


def replace_active(work: Work, person_ids: Sequence[int]) -> list[int]:
    """Let the active cards of people who get a new one be replaced from now on."""
    replaced = select(CardRow).where(
        CardRow.person_id == any_(literal(list(person_ids), ARRAY(BigInteger))),
        CardRow.state == CardState.ACTIVE,
    )
    ids = []
    for row in work.session.scalars(replaced.with_for_update()):
        row.state, row.since = CardState.REPLACED, work.now
        ids.append(row.id)
    return ids


def write_uid(work: Work, row: CardRow, uid: Secret) -> None:
    """Seal the chip's number, and keep the hash by which it is found."""
    row.uid = work.site.vault.seal(uid, UID) if uid else None
    row.uid_index = work.site.vault.index(uid, UID) if uid else None


def flush(work: Work) -> None:
    """Write what stands so far. ConflictError where another took a number at the same moment."""
    try:
        work.session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise ConflictError("cards.card.raced") from error
