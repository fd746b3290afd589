"""导入 — a crooked roster: checked first, then its good lines taken in, then perhaps taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.base.work import Work, command
from app.cards import queries
from app.cards.commands.cards import import_people
from app.cards.tables import CardRow
from app.cards.terms import Card, CardState, Enrolment
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, RowError
from app.kernel.place import Place
from app.kernel.sheet import Line, Sheet
from app.kernel.span import shown
from app.kernel.table import Table
from app.people import queries as people_queries
from app.people import steps as people
from app.people.queries.imports import opened, packed
from app.people.rules import tidy
from app.people.rules.seen import mark_of
from app.people.rules.tidy import Tidied
from app.people.terms import Fate, ImportState, KnownPerson

UNDO_WITHIN = people.KEPT
# Leaving lines out can find no new fault but one of a pair, and then one of the next.
_ROUNDS = 4
_SHOWN = ("row", "person_no", "name", "fate", "columns")


@command(Permission.PEOPLE_IMPORT, reaches=True)
def check_roster(work: Work, table: Table, tidied: Tidied) -> int:
    """检查花名册 — what each line would do, and every wrong cell; the number it is kept under.

    Nothing of anybody is changed. The lines without a fault can be imported under that number.
    """
    nos = {line["person_no"] for line in tidied.sheet.lines}
    sheet = tidy.settled(tidied.sheet, people_queries.known(work, nos, lock=False))
    faults = {(fault.row, fault.column): fault for fault in reversed(tidied.sheet.faults)}
    enrolment, found = _judged(work, Sheet(sheet.columns, sheet.lines))
    for _ in range(_ROUNDS):
        if not found:
            break
        wrong = {row for row, _ in faults}
        # A cell that could not be read is empty now: that it is empty is no second fault.
        for fault in found:
            faults.setdefault((fault.row, fault.column), fault)
        wrong = {row for row, _ in faults}
        enrolment, found = _judged(work, tidy.without(sheet, wrong))
    good = tidy.without(sheet, {row for row, _ in faults})
    if faults and enrolment is not None:
        enrolment, _ = _judged(work, good)
    rows = [asdict(row) for row in enrolment.rows] if enrolment else []
    said = [
        *tidied.notes,
        *(note for row in (enrolment.rows if enrolment else ()) for note in row.notes),
    ]
    wrong = {row for row, _ in faults}
    body = {
        "columns": good.columns,
        "lines": [[line.row, dict(line.cells)] for line in good.lines],
        "faults": [_told(fault) for fault in sorted(faults.values(), key=lambda one: one.row)],
        "notes": [_told(note) for note in said if note.row not in wrong],
        "fates": [[row[part] for part in _SHOWN] for row in rows],
        "table": [[row, [cell.text for cell in cells]] for row, cells in table.rows],
        "at": dict(tidied.at), "header": tidied.header, "ignored": tidied.ignored,
        "unread": table.unread,
    }  # fmt: skip
    fates = [row["fate"] for row in rows]
    counts: dict[str, int] = {
        "good": len(good.lines), "wrong": len(wrong),
        "noted": len({note.row for note in said if note.row not in wrong}),
        **{fate.value: fates.count(fate) for fate in Fate},
    }  # fmt: skip
    return people.keep_import(work, table.name, body, counts)


@command(Permission.PEOPLE_IMPORT, reaches=True)
def import_checked(work: Work, import_id: int) -> Enrolment:
    """导入 — the good lines of a checked file are taken in, once, and can be taken back for a day.

    ConflictError where somebody imported it already; InvalidError where people or units changed
    such that a line is good no more: then nothing is taken in.
    """
    row = people.locked_import(work, import_id)
    if row.state != ImportState.CHECKED:
        raise ConflictError("people.import.done", name=row.name, by=row.by)
    body = opened(work, row.body)
    sheet = Sheet(tuple(body["columns"]), tuple(Line(n, cells) for n, cells in body["lines"]))
    nos = [line["person_no"] for line in sheet.lines]
    before = people_queries.known(work, nos, lock=True)
    cards = queries.cards_of_people(work, [one.id for one in before.values()], with_uid=True)
    enrolment = import_people(work, sheet)
    touched = {one.person_no for one in enrolment.rows if one.fate is not Fate.SAME}
    after = people_queries.known(work, touched, lock=False)
    row.before = packed(work, _before(before, after, cards))
    row.state, row.done_at, row.by = ImportState.DONE, work.now, work.actor.name
    row.counts = row.counts | {
        "added": enrolment.counts.added, "changed": enrolment.counts.changed,
        "same": enrolment.counts.same,
    }  # fmt: skip
    work.note("people_import", import_id, Place(row.path), kind="import", name=row.name)
    return enrolment


@command(Permission.PEOPLE_IMPORT)
def undo_import(work: Work, import_id: int) -> tuple[str, ...]:
    """撤回导入 — everybody stands as before it, for a day; the numbers of those who could not.

    Who was changed since stays as they are, and so does who is new and has something already.
    ConflictError where it was taken back, or is too long ago.
    """
    row = people.locked_import(work, import_id)
    if row.state != ImportState.DONE or row.done_at is None:
        raise ConflictError("people.import.not_done", name=row.name)
    if work.now > row.done_at + UNDO_WITHIN:
        raise ConflictError("people.import.too_late", until=shown(row.done_at + UNDO_WITHIN))
    body = opened(work, row.before)
    people_now = people_queries.known(work, [*body["before"], *body["added"]], lock=True)
    kept = set(people.put_back(work, body["before"], body["added"]))
    back = [one.id for no, one in people_now.items() if no not in kept]
    changed = _cards_back(work, back, body["cards"], row.done_at)
    if changed:
        work.tell("cards.changed", place=Place.root(), card_ids=changed, person_ids=[])
    row.state, row.undone_at, row.before = ImportState.UNDONE, work.now, None
    work.note(
        "people_import", import_id, Place(row.path), kind="undo", name=row.name,
        people=len(back),
    )  # fmt: skip
    return tuple(sorted(kept))


def _judged(work: Work, sheet: Sheet) -> tuple[Enrolment | None, tuple[RowError, ...]]:
    """What a sheet would do, or its wrong cells."""
    if not sheet.lines:
        return None, ()
    try:
        return import_people(work, sheet, dry_run=True), ()
    except InvalidError as refused:
        if not refused.rows:
            raise
        return None, refused.rows


def _told(fault: RowError) -> dict[str, Any]:
    facts = [[name, str(fact)] for name, fact in fault.facts]
    return {
        "row": fault.row, "column": fault.column, "value": fault.value, "code": fault.code,
        "facts": facts,
    }  # fmt: skip


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
        "cards": {
            str(card.id): [card.state, card.since.isoformat(), card.uid and card.uid.reveal()]
            for person in before.values()
            for card in cards.get(person.id, ())
        },
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
