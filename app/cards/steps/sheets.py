"""The people and cards of a sheet, for the imports and forms that take them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.accounts.steps import binding as accounts
from app.base.work import Work
from app.cards import queries, rules
from app.cards.steps import holding
from app.cards.tables import CardRow
from app.cards.terms import CardChange, CardDraft, CardState
from app.kernel.errors import RowError
from app.kernel.place import Place
from app.kernel.sheet import Sheet
from app.people import queries as people_queries
from app.people import steps as people
from app.people.terms import (
    Enrolment,
    Fate,
    ImportLine,
    KnownPerson,
    PersonId,
    PersonPlan,
    PostingAct,
)

# The column that each change of a card brings, and what it is for a list of cards.
_COLUMNS = {CardChange.REGISTERED: ("card_no",), CardChange.READ: ("card_uid",)}
_CARD_FATES = {CardChange.REGISTERED: Fate.ADDED, CardChange.READ: Fate.CHANGED}


def let_stand(work: Work, sheet: Sheet, act: PostingAct, *, dry_run: bool = False) -> Enrolment:
    """People and their cards stand as a sheet says, for a command that reaches and names the act.

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


def let_hold(work: Work, sheet: Sheet, *, dry_run: bool = False) -> Enrolment:
    """People have the cards that a sheet says, for a command that reaches.

    As `let_stand` does it of the cards of a roster; who is not known within sight is a fault.
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
    changed = holding.replace_active(work, [standing[draft.person_no][0] for draft in new])
    numbers = literal(list(read), ARRAY(Text))
    for row in work.session.scalars(select(CardRow).where(CardRow.card_no == any_(numbers))):
        holding.write_uid(work, row, read[row.card_no])
        changed.append(row.id)
    # One active card a person: the old ones give way before the new ones come.
    holding.flush(work)
    ids = work.fresh_ids(CardRow, len(new))
    for card_id, draft in zip(ids, new, strict=True):
        person_id, place = standing[draft.person_no]
        row = CardRow(
            id=card_id, path=place.path, person_id=person_id, card_no=draft.no,
            state=CardState.ACTIVE, since=work.now,
        )  # fmt: skip
        holding.write_uid(work, row, draft.uid)
        work.session.add(row)
    holding.flush(work)
    return [*changed, *ids]
