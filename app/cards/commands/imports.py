"""导入 — rosters and lists of cards: checked first, then taken in, then perhaps taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.base.work import Work, command
from app.cards import queries, steps
from app.cards.tables import CardRow
from app.cards.terms import Card, CardState
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError
from app.kernel.place import Place
from app.kernel.sheet import Line, Sheet
from app.kernel.table import Cell, Table
from app.kernel.tidy import Tidied
from app.org import queries as org
from app.people import queries as people_queries
from app.people import steps as people
from app.people.rules import roster
from app.people.rules.seen import mark_of
from app.people.terms import Enrolment, Fate, ImportKind, KnownPerson, PostingAct

_ACTS = {ImportKind.PEOPLE: PostingAct.IMPORT, ImportKind.EDITS: PostingAct.EDITS}


@command(Permission.PEOPLE_IMPORT, reaches=True)
def check_roster(work: Work, table: Table, tidied: Tidied, import_id: int | None = None) -> int:
    """检查花名册 — what each line would do, and every wrong cell; the number it is kept under.

    Nothing of anybody is changed. The lines without a fault can be imported under that number.
    """
    nos = {line["person_no"] for line in tidied.sheet.lines}
    sheet = roster.settled(tidied.sheet, people_queries.known(work, nos, lock=False))

    def judge(some: Sheet) -> Enrolment:
        return steps.let_stand(work, some, PostingAct.IMPORT, dry_run=True)

    tidied = replace(tidied, sheet=sheet)
    return people.check(work, ImportKind.PEOPLE, table, tidied, judge, import_id)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def import_checked(work: Work, import_id: int) -> Enrolment:
    """导入 — the good lines of a checked file are taken in, once, and can be taken back for a day.

    ConflictError where somebody imported it already; InvalidError where people or units changed
    such that a line is good no more: then nothing is taken in.
    """
    return _taken(work, ImportKind.PEOPLE, import_id)


@command(Permission.PEOPLE_IMPORT)
def undo_import(work: Work, import_id: int) -> tuple[str, ...]:
    """撤回导入 — everybody stands as before it, for a day; the numbers of those who could not.

    Who was changed since stays as they are, and so does who is new and has something already.
    ConflictError where it was taken back, or is too long ago.
    """
    return _undone(work, ImportKind.PEOPLE, import_id)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def check_edits(work: Work, nos: Sequence[str], said: Mapping[str, str], name: str) -> int:
    """检查批量改动 — what would be another if this were said of all these people within sight.

    As a roster of them that says nothing else; nothing is changed. The number it is kept under,
    under that name. InvalidError where none of them is in sight.
    """
    known = people_queries.known(work, nos, lock=False)
    units = org.units_of(work, {one.unit_id for one in known.values()})
    lines = [
        {
            "person_no": no, "name": one.profile.name, "id_type": one.profile.id_type,
            "id_number": one.profile.id_number.reveal(), "unit_code": units[one.unit_id].code,
        } | dict(said)
        for no, one in sorted(known.items()) if one.unit_id in units
    ]  # fmt: skip
    if not lines:
        raise InvalidError("people.edit.nobody")
    columns = tuple(dict.fromkeys(name for line in lines for name in (*line, "status")))
    sheet = Sheet(columns, tuple(Line(row, cells) for row, cells in enumerate(lines, start=1)))
    at = {name: n for n, name in enumerate(lines[0])}
    tidied = Tidied(roster.settled(sheet, known), (), 0, at, ())
    rows = [(line.row, tuple(Cell(line[name]) for name in at)) for line in sheet.lines]

    def judge(some: Sheet) -> Enrolment:
        return steps.let_stand(work, some, PostingAct.IMPORT, dry_run=True)

    seen = {no: mark_of(one) for no, one in known.items()}
    table = Table(name, tuple(rows))
    return people.check(work, ImportKind.EDITS, table, tidied, judge, seen=seen)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def take_edits(work: Work, import_id: int) -> Enrolment:
    """批量改动 — as `import_checked` of a roster, of those who stand as they were seen then.

    Who was changed since by anybody stays as they are, and is told among the faults. ConflictError
    where they all were.
    """
    return _taken(work, ImportKind.EDITS, import_id)


@command(Permission.PEOPLE_IMPORT)
def undo_edits(work: Work, import_id: int) -> tuple[str, ...]:
    """撤回批量改动 — as `undo_import` of a roster."""
    return _undone(work, ImportKind.EDITS, import_id)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def check_cards(work: Work, table: Table, tidied: Tidied, import_id: int | None = None) -> int:
    """检查卡号表 — as `check_roster` of people; nothing of any card is changed."""

    def judge(some: Sheet) -> Enrolment:
        return steps.let_hold(work, some, dry_run=True)

    return people.check(work, ImportKind.CARDS, table, tidied, judge, import_id)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def take_cards(work: Work, import_id: int) -> Enrolment:
    """导入卡号 — as `import_checked` of people."""
    row, sheet = people.taking(work, ImportKind.CARDS, import_id)
    holders = people_queries.known(work, [line["person_no"] for line in sheet.lines], lock=True)
    ids = [one.id for one in holders.values()]
    before = _stood(queries.cards_of_people(work, ids, with_uid=True))
    enrolment = steps.let_hold(work, sheet)
    stand = _stood(queries.cards_of_people(work, ids, with_uid=True))
    nos = {str(one.id): no for no, one in holders.items()}
    touched = {row.no for row in enrolment.rows if row.fate is not Fate.SAME}
    people_ids = {key: no for key, no in nos.items() if no in touched}
    return people.taken(
        work, row, enrolment, {"cards": before, "after": stand, "people": people_ids}
    )


@command(Permission.PEOPLE_IMPORT)
def undo_cards(work: Work, import_id: int) -> tuple[str, ...]:
    """撤回卡号 — the cards stand as before the import; the numbers of whom that is not true of.

    Whoever has another card since, or one in another state, keeps what they have. ConflictError as
    `undo_import` says.
    """
    row, body, done_at = people.undoing(work, ImportKind.CARDS, import_id)
    held = queries.cards_of_people(work, [int(key) for key in body["people"]], with_uid=True)
    kept = {
        key for key in body["people"]
        if any(body["after"].get(name) != told for name, told in _stood(
            {int(key): held.get(int(key), ())}).items())
    }  # fmt: skip
    back = [int(key) for key in body["people"] if key not in kept]
    _tell(work, _cards_back(work, back, body["cards"], done_at))
    people.undone(work, row, len(back))
    return tuple(sorted(body["people"][key] for key in kept))


def _taken(work: Work, kind: ImportKind, import_id: int) -> Enrolment:
    row, sheet = people.taking(work, kind, import_id)
    nos = [line["person_no"] for line in sheet.lines]
    before = people_queries.known(work, nos, lock=True)
    if kind is ImportKind.EDITS:
        sheet = people.as_seen(work, row, sheet, before)
        before = {line["person_no"]: before[line["person_no"]] for line in sheet.lines}
    cards = queries.cards_of_people(work, [one.id for one in before.values()], with_uid=True)
    enrolment = steps.let_stand(work, sheet, _ACTS[kind])
    touched = {one.no for one in enrolment.rows if one.fate is not Fate.SAME}
    after = people_queries.known(work, touched, lock=False)
    return people.taken(work, row, enrolment, _before(before, after, cards))


def _undone(work: Work, kind: ImportKind, import_id: int) -> tuple[str, ...]:
    row, body, done_at = people.undoing(work, kind, import_id)
    people_now = people_queries.known(work, [*body["before"], *body["added"]], lock=True)
    kept = set(people.put_back(work, body["before"], body["added"]))
    back = [one.id for no, one in people_now.items() if no not in kept]
    _tell(work, _cards_back(work, back, body["cards"], done_at))
    people.undone(work, row, len(back))
    return tuple(sorted(kept))


def _tell(work: Work, changed: Sequence[int]) -> None:
    if changed:
        work.tell("cards.changed", place=Place.root(), card_ids=list(changed), person_ids=[])


def _before(
    before: Mapping[str, KnownPerson],
    after: Mapping[str, KnownPerson],
    cards: Mapping[int, tuple[Card, ...]],
) -> dict[str, Any]:
    """How those stood whom the import touched, and marks of how they stand since."""
    return {
        "before": {
            no: people.state_of(before[no]) | {"mark": mark_of(person)}
            for no, person in after.items()
            if no in before
        },
        "added": {no: mark_of(person) for no, person in after.items() if no not in before},
        "cards": _stood(cards),
    }


def _stood(cards: Mapping[int, tuple[Card, ...]]) -> dict[str, list[Any]]:
    """How cards stand, by id."""
    return {
        str(card.id): [card.state, card.since.isoformat(), card.uid and card.uid.reveal()]
        for some in cards.values()
        for card in some
    }


def _cards_back(
    work: Work, person_ids: Sequence[int], before: Mapping[str, list[Any]], at: datetime
) -> list[int]:
    """The cards that the import brought are gone, the others as before; which changed."""
    ids = any_(literal(list(person_ids), ARRAY(BigInteger)))
    rows = work.session.scalars(select(CardRow).where(CardRow.person_id == ids)).all()
    changed = []
    for row in rows:
        if str(row.id) not in before and row.since == at:
            work.session.delete(row)
            changed.append(row.id)
    work.session.flush()
    for row in rows:
        state, since, uid = before.get(str(row.id), (None, None, None))
        if row.state == CardState.REPLACED and row.since == at and state == CardState.ACTIVE:
            row.state, row.since = CardState.ACTIVE, datetime.fromisoformat(str(since))
            changed.append(row.id)
        if state is not None and uid is None and row.uid is not None:
            row.uid = row.uid_index = None
            changed.append(row.id)
    return changed
