"""Questions about cards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, LargeBinary, Row, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.base.work import Work, query
from app.cards import rules
from app.cards.tables import CardRow
from app.cards.terms import UID, Card, CardId, CardNo, CardState, HeldCard, Listed
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.people import queries as people
from app.people.tables import PersonRow
from app.people.terms import PersonId

_COLUMNS = (
    CardRow.id, CardRow.card_no, CardRow.person_id, CardRow.state, CardRow.since, CardRow.uid
)  # fmt: skip


def cards_by_no(work: Work, nos: Collection[str], *, with_uid: bool = False) -> dict[str, Card]:
    """The cards of these numbers, by number; UIDs are opened only where asked for."""
    texts = literal([no for no in nos if no.isprintable()], ARRAY(Text))
    found = _cards(work, CardRow.card_no == any_(texts), with_uid=with_uid)
    return {card.no: card for card in found}


def cards_of(work: Work, ids: Collection[int], *, with_uid: bool = False) -> dict[int, Card]:
    """The cards of these ids, by id."""
    numbers = literal(list(ids), ARRAY(BigInteger))
    return {card.id: card for card in _cards(work, CardRow.id == any_(numbers), with_uid=with_uid)}


def cards_of_people(
    work: Work, person_ids: Collection[int], *, with_uid: bool = False
) -> dict[int, tuple[Card, ...]]:
    """All cards of these people, oldest first, by person; who has none is left out."""
    numbers = literal(list(person_ids), ARRAY(BigInteger))
    found: dict[int, list[Card]] = {}
    for card in _cards(work, CardRow.person_id == any_(numbers), with_uid=with_uid):
        found.setdefault(card.person_id, []).append(card)
    return {person_id: tuple(cards) for person_id, cards in found.items()}


def cards_by_uid(work: Work, uids: Iterable[Secret]) -> dict[Secret, tuple[Card, ...]]:
    """The cards that carry these UIDs (upper-case hex), by UID, oldest first."""
    wanted = {work.site.vault.index(uid, UID): uid for uid in uids}
    found: dict[Secret, list[Card]] = {}
    condition = CardRow.uid_index == any_(literal(list(wanted), ARRAY(LargeBinary)))
    for card in _cards(work, condition, with_uid=True):
        if card.uid is not None:
            found.setdefault(card.uid, []).append(card)
    return {uid: tuple(cards) for uid, cards in found.items()}


def held_by_no(work: Work, nos: Collection[str]) -> dict[str, HeldCard]:
    """The cards of these numbers with whose they are; the caller reaches to see them all."""
    condition = CardRow.card_no == any_(literal(list(nos), ARRAY(Text)))
    return {held.card.no: held for held in _held(work, condition)}


def held_by_uid(work: Work, uids: Iterable[Secret]) -> dict[Secret, tuple[HeldCard, ...]]:
    """The cards that carry these UIDs with whose they are; the caller reaches to see them all."""
    indices = [work.site.vault.index(uid, UID) for uid in uids if uid]
    found: dict[Secret, tuple[HeldCard, ...]] = {}
    for held in _held(work, CardRow.uid_index == any_(literal(indices, ARRAY(LargeBinary)))):
        if held.card.uid is not None:
            found[held.card.uid] = (*found.get(held.card.uid, ()), held)
    return found


@query(Permission.CARDS_CHANGE)
def card_read(work: Work, seen: Secret) -> HeldCard:
    """读到的卡 — whose the card is that was held to a reader, or whose number was typed.

    A number of a card goes before that of a chip; of cards of one chip the one in use, else the
    newest. NotFoundError for a card that is nobody's within sight.
    """
    number = rules.card_no(seen.reveal())
    found = list(held_by_no(work, [number]).values()) if number else []
    if not found:
        chips = held_by_uid(work, rules.uids_read(seen.reveal()))
        found = [held for some in chips.values() for held in some]
    if not found:
        raise NotFoundError("cards.card.unread")
    return max(found, key=lambda held: (held.card.state is CardState.ACTIVE, held.card.id))


@query(Permission.CARDS_CHANGE)
def register(work: Work) -> tuple[Listed, ...]:
    """卡册 — every card within sight with its holder, by the holder's number, old ones first."""
    asked = (
        select(PersonRow.person_no, PersonRow.name, CardRow.card_no, CardRow.state, CardRow.since)
        .join(PersonRow, PersonRow.id == CardRow.person_id)
        .order_by(PersonRow.person_no, CardRow.id)
    )
    return tuple(
        Listed(no, name, CardNo(card_no), CardState(state), since)
        for no, name, card_no, state, since in work.session.execute(asked)
    )


@query(Permission.CARDS_OWN)
def own_cards(work: Work, person_no: str) -> tuple[Card, ...]:
    """我的卡 — all cards of the person of that number within sight, oldest first, without UIDs."""
    person = people.within_sight(work, person_no)
    return cards_of_people(work, [person.id]).get(person.id, ())


@query(Permission.PEOPLE_READ)
def holders_of_number(work: Work, card_no: str) -> tuple[int, ...]:
    """持卡人 — the id of whoever within sight has the card of that number; nobody for no number."""
    return tuple(card.person_id for card in cards_by_no(work, [card_no]).values())


@query(Permission.PEOPLE_READ)
def active_numbers(work: Work, person_ids: Collection[int]) -> dict[int, CardNo]:
    """在用的卡号 — of those of these people within sight who have an active card, by person."""
    asked = select(CardRow.person_id, CardRow.card_no).where(
        CardRow.person_id == any_(literal(list(person_ids), ARRAY(BigInteger))),
        CardRow.state == CardState.ACTIVE,
    )
    return {person: CardNo(no) for person, no in work.session.execute(asked)}


@query(Permission.PEOPLE_READ)
def held_by(work: Work, person_no: str) -> tuple[Card, ...]:
    """名下的卡 — all cards of the person of that number within sight, oldest first."""
    person = people.within_sight(work, person_no)
    return cards_of_people(work, [person.id]).get(person.id, ())


def _cards(work: Work, condition: ColumnElement[bool], *, with_uid: bool) -> Iterator[Card]:
    asked = select(*_COLUMNS).where(condition).order_by(CardRow.id)
    for row in work.session.execute(asked):
        yield _card(work, row, with_uid=with_uid)


def _held(work: Work, condition: ColumnElement[bool]) -> Iterator[HeldCard]:
    asked = (
        select(*_COLUMNS, CardRow.path, PersonRow.person_no)
        .join(PersonRow, PersonRow.id == CardRow.person_id)
        .where(condition)
        .order_by(CardRow.id)
    )
    for row in work.session.execute(asked):
        in_sight = work.actor.place.holds(Place(row.path))
        yield HeldCard(_card(work, row, with_uid=True), row.person_no, in_sight)


def _card(work: Work, row: Row[*tuple[Any, ...]], *, with_uid: bool) -> Card:
    sealed = row.uid if with_uid else None
    return Card(
        id=CardId(row.id),
        no=CardNo(row.card_no),
        person_id=PersonId(row.person_id),
        state=CardState(row.state),
        since=row.since,
        uid=None if sealed is None else work.site.vault.open(sealed, UID),
    )
