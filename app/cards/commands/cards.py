"""Taking in people with their cards, and changing a card's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.accounts.queries import proofs as accounts_queries
from app.accounts.steps import binding as accounts
from app.accounts.terms.proofs import CardProof
from app.base.work import Work, command
from app.cards import queries, rules, steps
from app.cards.tables import CardRow
from app.cards.terms import (
    Card,
    CardChange,
    CardDraft,
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
    RowError,
)
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.sheet import Sheet
from app.kernel.span import shown
from app.kernel.tidy import Tidied
from app.people import queries as people_queries
from app.people import steps as people
from app.people.rules import roster
from app.people.terms import (
    Enrolment,
    Fate,
    ImportLine,
    KnownPerson,
    PersonId,
    PersonNo,
    PersonPlan,
    PostingAct,
)

# The column that each change of a card brings, and what it is for a list of cards.
_COLUMNS = {CardChange.REGISTERED: ("card_no",), CardChange.READ: ("card_uid",)}
_CARD_FATES = {CardChange.REGISTERED: Fate.ADDED, CardChange.READ: Fate.CHANGED}


@command(Permission.PEOPLE_IMPORT, reaches=True)
def import_people(
    work: Work, sheet: Sheet, *, dry_run: bool = False, act: PostingAct = PostingAct.IMPORT
) -> Enrolment:
    """Let the people of a file and their cards stand as it says, all or none; a trial is none.

    1. Judge every line: the people among themselves and against everyone, then their cards.
       InvalidError names every wrong cell. Reaches for one question: who anywhere has a number,
       an identity, a card or a chip that the file names.
    2. Store the people, then the cards at the people's new places; a card that is new for its
       person is active from now on, and the one that was is replaced.
    3. Tell whoever keeps records that wait for a person or a card.
    ConflictError when another import took one of these at the same moment.
    """
    judged = people.judge_roster(work, sheet, lock=not dry_run)
    drafts, changes = _judge_cards(work, sheet, judged.nos, judged.known, judged.faults)
    rows = [_fate(plan, change) for plan, change in zip(judged.plans, changes, strict=True)]
    if not dry_run:
        standing = people.store_roster(work, judged.plans, act)
        changed = (plan.known for plan in judged.plans if plan.columns)
        accounts.recheck(work, [known.id for known in changed if known is not None])
        card_ids = _store_cards(work, drafts, changes, standing)
        new = [standing[row.no][0] for row in rows if row.fate is Fate.ADDED]
        if card_ids or new:
            work.tell("cards.changed", place=Place.root(), card_ids=card_ids, person_ids=new)
    return Enrolment.of(rows)


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
    [row] = import_people(work, sheet, act=PostingAct.NEW).rows
    return PersonNo(row.no)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def import_cards(work: Work, sheet: Sheet, *, dry_run: bool = False) -> Enrolment:
    """Let the people of a file have the cards it says, all or none; a trial is none.

    As `import_people` does it of the cards of a roster; who is not known within sight is a fault.
    """
    nos = [line["person_no"] for line in sheet.lines]
    known = people_queries.known(work, nos, lock=not dry_run)
    faults = tuple(rules.holder_faults(sheet, known))
    drafts, changes = _judge_cards(work, sheet, nos, known, faults)
    rows = []
    for draft, change in zip(drafts, changes, strict=True):
        fate = Fate.SAME if change is None else _CARD_FATES[change]
        columns = () if change is None else _COLUMNS[change]
        name = known[draft.person_no].profile.name
        rows.append(ImportLine(draft.line.row, draft.person_no, name, fate, columns))
    if not dry_run:
        standing = {no: (one.id, one.place) for no, one in known.items()}
        if card_ids := _store_cards(work, drafts, changes, standing):
            work.tell("cards.changed", place=Place.root(), card_ids=card_ids, person_ids=[])
    return Enrolment.of(rows)


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


def _judge_cards(
    work: Work,
    sheet: Sheet,
    nos: Sequence[str],
    known: Mapping[str, KnownPerson],
    told: Sequence[RowError],
) -> tuple[Sequence[CardDraft], Sequence[CardChange | None]]:
    drafts, faults = rules.read(sheet, nos)
    with work.reaching():
        numbered = queries.held_by_no(work, [draft.no for draft in drafts if draft.no])
        chips = queries.held_by_uid(work, [draft.uid for draft in drafts])
    found: list[RowError] = []
    for draft in drafts:
        person = known.get(draft.person_no)
        found += rules.judge(draft, person.id if person else None, numbered, chips)
    sheet.refuse_faults(told, faults, found)
    return drafts, [rules.change(draft, numbered) for draft in drafts]


def _fate(plan: PersonPlan, change: CardChange | None) -> ImportLine:
    columns = plan.columns
    if plan.known is None:
        fate = Fate.ADDED
    else:
        columns = (*columns, *(() if change is None else _COLUMNS[change]))
        fate = Fate.CHANGED if columns else Fate.SAME
    draft = plan.draft
    return ImportLine(draft.line.row, draft.no, plan.profile.name, fate, columns, draft.notes)


def _store_cards(
    work: Work,
    drafts: Iterable[CardDraft],
    changes: Iterable[CardChange | None],
    standing: Mapping[str, tuple[PersonId, Place]],
) -> list[int]:
    """Register and complete cards; the ids of all that changed."""
    work_list = list(zip(drafts, changes, strict=True))
    new = [draft for draft, change in work_list if change is CardChange.REGISTERED]
    read = {draft.no: draft.uid for draft, change in work_list if change is CardChange.READ}
    changed = steps.replace_active(work, [standing[draft.person_no][0] for draft in new])
    numbers = literal(list(read), ARRAY(Text))
    for row in work.session.scalars(select(CardRow).where(CardRow.card_no == any_(numbers))):
        steps.write_uid(work, row, read[row.card_no])
        changed.append(row.id)
    # One active card a person: the old ones give way before the new ones come.
    steps.flush(work)
    ids = work.fresh_ids(CardRow, len(new))
    for card_id, draft in zip(ids, new, strict=True):
        person_id, place = standing[draft.person_no]
        row = CardRow(
            id=card_id, path=place.path, person_id=person_id, card_no=draft.no,
            state=CardState.ACTIVE, since=work.now,
        )  # fmt: skip
        steps.write_uid(work, row, draft.uid)
        work.session.add(row)
    steps.flush(work)
    return [*changed, *ids]
