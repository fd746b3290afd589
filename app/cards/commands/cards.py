"""Taking in people with their cards, and changing a card's state."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.accounts.queries import proofs as accounts_queries
from app.accounts.steps import binding as accounts
from app.accounts.terms.proofs import CardProof
from app.base.work import Work, command
from app.cards import queries, rules, steps
from app.cards.tables import CardRow
from app.cards.terms import (
    Card,
    CardId,
    CardNo,
    CardState,
)
from app.kernel.actor import Permission
from app.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.sheet import Sheet
from app.kernel.span import shown
from app.kernel.tidy import Tidied
from app.people import queries as people_queries
from app.people.rules import roster
from app.people.terms import (
    Enrolment,
    PersonId,
    PersonNo,
    PostingAct,
)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def import_people(work: Work, sheet: Sheet, *, dry_run: bool = False) -> Enrolment:
    """Let the people of a file and their cards stand as it says, all or none; a trial is none.

    As `steps.let_stand`. InvalidError and ConflictError as there.
    """
    return steps.let_stand(work, sheet, PostingAct.IMPORT, dry_run=dry_run)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def enrol(work: Work, tidied: Tidied) -> PersonNo:
    """新增人员 — the one person of a form is there from now on; their number.

    InvalidError names every wrong cell, and a number that somebody has already.
    """
    sheet = roster.settled(tidied.sheet, {})
    [line] = sheet.lines
    known = people_queries.known(work, [line["person_no"]], lock=False)
    for person in known.values():
        fault = line.wrong("person_no", "people.import.no_taken", person=person.profile.name)
        raise InvalidError("imports.file.wrong_cells", rows=[fault], count=1, lines=1)
    [row] = steps.let_stand(work, sheet, PostingAct.NEW).rows
    return PersonNo(row.no)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def import_cards(work: Work, sheet: Sheet, *, dry_run: bool = False) -> Enrolment:
    """Let the people of a file have the cards it says, all or none; a trial is none.

    As `steps.let_hold`. InvalidError and ConflictError as there.
    """
    return steps.let_hold(work, sheet, dry_run=dry_run)


@command(Permission.CARDS_CHANGE)
def set_state(work: Work, card_no: str, state: CardState, since: datetime | None = None) -> Card:
    """Let a card be in a state since a moment (now, where left out); the card as it then stands.

    NotFoundError for a card out of sight; InvalidError for a moment that is far ahead of the clock;
    ConflictError where the person has another active card.
    """
    row, cards = _held(work, card_no)
    if since is not None and not rules.may_hold_since(since, work.now):
        raise InvalidError("cards.card.since", since=shown(since), now=shown(work.now))
    card = next(card for card in cards if card.id == row.id)
    for other in cards:
        if state is other.state is CardState.ACTIVE and other.id != card.id:
            raise ConflictError("cards.card.another_active", card_no=card_no, other=other.no)
    return _put(work, row, state, rules.since_of(card, state, since, work.now))


@command(Permission.CARDS_OWN)
def report_lost(work: Work, card_no: str) -> Card:
    """挂失 — a card within the holder's sight does not count from now on; the card as it stands.

    One that does not count any more stays as it is: only from active a card becomes lost, and only
    who keeps the cards can let it count again.
    """
    row, cards = _held(work, card_no)
    card = next(card for card in cards if card.id == row.id)
    if card.state is not CardState.ACTIVE:
        return card
    return _put(work, row, CardState.LOST, work.now)


@command(Permission.CARDS_PROVE)
def show_proof(
    work: Work, *, uid: Secret | None = None, card_no: str | None = None, slug: str | None = None
) -> CardProof:
    """刷卡凭证 — the address that proves for a minute that this card was just held to a reader.

    By the chip where a reader has it; by the number where somebody at a desk holds the card, who
    must be one who may bind people. The account is the one named, or the one people go to first.
    NotFoundError for a card that is not in use or out of sight: the answer is the same.
    """
    account = accounts_queries.face(work) if slug is None else slug
    if account is None or not accounts_queries.is_account(work, account):
        raise NotFoundError("accounts.official.unknown", slug=slug or "")
    if card_no is not None and Permission.ACCOUNTS_BIND not in work.actor.permissions:
        raise ForbiddenError("cards.proof.by_number")
    card = _in_use(work, uid, card_no)
    person = None if card is None else people_queries.people_of(work, [card.person_id])
    if card is None or not person:
        raise NotFoundError("cards.proof.refused")
    holder = person[card.person_id]
    token, expires_at = accounts.offer_card_proof(work, holder)
    work.note("card", card.id, holder.place, kind="proof", expires_at=shown(expires_at))
    url = f"{work.site.config.public_url}/m/{account}/bind/card/{token.reveal()}"
    return CardProof(Secret(url), expires_at)


def _in_use(work: Work, uid: Secret | None, card_no: str | None) -> Card | None:
    found: tuple[Card, ...] = ()
    if card_no is not None:
        found = tuple(queries.cards_by_no(work, [card_no]).values())
    elif uid is not None:
        found = queries.cards_by_uid(work, [uid]).get(uid, ())
    return next((card for card in found if card.state is CardState.ACTIVE), None)


def _held(work: Work, card_no: str) -> tuple[CardRow, tuple[Card, ...]]:
    """The card, locked, and all cards of whoever holds it. NotFoundError for one out of sight."""
    locked = select(CardRow).where(CardRow.card_no == card_no).with_for_update()
    row = work.session.scalars(locked).one_or_none() if card_no.isprintable() else None
    if row is None:
        raise NotFoundError("cards.card.unknown", card_no=card_no)
    return row, queries.cards_of_people(work, [row.person_id])[row.person_id]


def _put(work: Work, row: CardRow, state: CardState, since: datetime) -> Card:
    row.state, row.since = state, since
    steps.flush(work)
    work.tell("cards.changed", place=Place.root(), card_ids=[row.id], person_ids=[])
    return Card(CardId(row.id), CardNo(row.card_no), PersonId(row.person_id), state, since, None)
