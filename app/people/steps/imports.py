"""导入 — a crooked table: checked first, then its good lines taken in, then perhaps taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, any_, delete, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.base.security import personal_tables
from app.base.work import Work
from app.kernel.errors import ConflictError, InvalidError, NotFoundError, RowError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.sheet import Line, Sheet
from app.kernel.span import shown
from app.kernel.table import Table
from app.kernel.tidy import Tidied, without
from app.people import queries
from app.people.queries.imports import opened, packed
from app.people.rules.seen import mark_of
from app.people.steps import postings
from app.people.steps.persons import write_dated, write_profile
from app.people.steps.postings import Move
from app.people.tables import ImportRow, PersonRow, PostingRow, StatusRow
from app.people.terms import (
    ID_NUMBER,
    UNDO_WITHIN,
    Enrolment,
    Fate,
    IdType,
    ImportKind,
    ImportState,
    KnownPerson,
    Profile,
    Sex,
    Status,
    TitleLevel,
)

# What goes with a person who was never here; of anything else there is, the person stays.
_THEIRS = frozenset({"card", "person_posting", "person_status"})
# Leaving lines out can find no new fault but one of a pair, and then one of the next.
_ROUNDS = 4

Judge: TypeAlias = Callable[[Sheet], Enrolment]


def keep_table(work: Work, kind: ImportKind, table: Table, why: str) -> int:
    """The number under which a file is kept whose columns nobody knows yet, and why not."""
    return _keep(work, kind, table.name, _body_of(table) | {"why": why}, {})


def check(
    work: Work, kind: ImportKind, table: Table, tidied: Tidied, judge: Judge,
    import_id: int | None = None, *, seen: Mapping[str, str] | None = None,
) -> int:  # fmt: skip
    """What each line would do, and every wrong cell, kept under a number, which is returned.

    `judge` tries a sheet without changing anything. The lines without a fault can be imported under
    that number. A file that was kept until its columns were known keeps its own. `seen` are the
    marks of people who are changed only as they stand now.
    """
    first = tidied.sheet
    faults = {(fault.row, fault.column): fault for fault in reversed(first.faults)}
    sheet = Sheet(first.columns, first.lines)
    enrolment, found = _judged(sheet, judge)
    for _ in range(_ROUNDS):
        if not found:
            break
        # A cell that could not be read is empty now: that it is empty is no second fault.
        for fault in found:
            faults.setdefault((fault.row, fault.column), fault)
        enrolment, found = _judged(without(sheet, {row for row, _ in faults}), judge)
    wrong = {row for row, _ in faults}
    good = without(sheet, wrong)
    if faults and enrolment is not None:
        enrolment, _ = _judged(good, judge)
    rows = enrolment.rows if enrolment else ()
    notes = [*tidied.notes, *(note for row in rows for note in row.notes)]
    notes = [note for note in notes if note.row not in wrong]
    body = _body_of(table) | {
        "columns": good.columns,
        "lines": [[line.row, dict(line.cells)] for line in good.lines],
        "faults": [_told(fault) for fault in sorted(faults.values(), key=lambda one: one.row)],
        "notes": [_told(note) for note in notes],
        "fates": [[one.row, one.no, one.name, one.fate, one.columns] for one in rows],
        "at": dict(tidied.at), "header": tidied.header, "ignored": tidied.ignored,
        "seen": dict(seen or {}),
    }  # fmt: skip
    fates = [one.fate for one in rows]
    counts: dict[str, int] = {
        "good": len(good.lines), "wrong": len(wrong), "noted": len({note.row for note in notes}),
        **{fate.value: fates.count(fate) for fate in Fate},
    }  # fmt: skip
    if import_id is None:
        return _keep(work, kind, table.name, body, counts)
    row = locked_import(work, kind, import_id)
    if row.state != ImportState.CHECKED:
        raise ConflictError("people.import.done", name=row.name, by=row.by)
    row.counts, row.body = counts, packed(work, body)
    return import_id


def taking(work: Work, kind: ImportKind, import_id: int) -> tuple[ImportRow, Sheet]:
    """The good lines of a checked file, locked. ConflictError where somebody imported it."""
    row = locked_import(work, kind, import_id)
    if row.state != ImportState.CHECKED:
        raise ConflictError("people.import.done", name=row.name, by=row.by)
    body = opened(work, row.body)
    if "columns" not in body:
        raise ConflictError("people.import.unread", name=row.name)
    lines = tuple(Line(number, cells) for number, cells in body["lines"])
    return row, Sheet(tuple(body["columns"]), lines)


def as_seen(work: Work, row: ImportRow, sheet: Sheet, known: Mapping[str, KnownPerson]) -> Sheet:
    """The lines of those who stand as they were seen; the others are faults of the file by now.

    ConflictError where nobody stands so.
    """
    body = opened(work, row.body)
    marks = {no: mark_of(person) for no, person in known.items()}
    other = [one for one in sheet.lines if marks.get(no := one["person_no"]) != body["seen"][no]]
    if not other:
        return sheet
    if len(other) == len(sheet.lines):
        raise ConflictError("people.edit.overtaken")
    faults = [one.wrong("person_no", "people.edit.changed", person=one["name"]) for one in other]
    rows = {fault.row for fault in faults}
    body["faults"] = [*body["faults"], *map(_told, faults)]
    body["fates"] = [fate for fate in body["fates"] if fate[0] not in rows]
    row.body = packed(work, body)
    row.counts = row.counts | {
        "good": row.counts["good"] - len(rows), "wrong": row.counts["wrong"] + len(rows),
        "overtaken": len(rows),
    }  # fmt: skip
    return without(sheet, rows)


def taken(work: Work, row: ImportRow, enrolment: Enrolment, before: Mapping[str, Any]) -> Enrolment:
    """The file was imported; `before` is what its undoing needs to know."""
    row.before = packed(work, before)
    row.state, row.done_at, row.by = ImportState.DONE, work.now, work.actor.name
    counts = enrolment.counts
    row.counts = row.counts | {
        "added": counts.added, "changed": counts.changed, "same": counts.same,
    }  # fmt: skip
    work.note("people_import", row.id, Place(row.path), kind="import", name=row.name)
    return enrolment


def undoing(
    work: Work, kind: ImportKind, import_id: int
) -> tuple[ImportRow, dict[str, Any], datetime]:
    """An import that is to be taken back, locked, what was kept for that, and when it was done.

    ConflictError where it was taken back, or is too long ago.
    """
    row = locked_import(work, kind, import_id)
    if row.state != ImportState.DONE or row.done_at is None:
        raise ConflictError("people.import.not_done", name=row.name)
    if work.now > row.done_at + UNDO_WITHIN:
        raise ConflictError("people.import.too_late", until=shown(row.done_at + UNDO_WITHIN))
    return row, opened(work, row.before), row.done_at


def undone(work: Work, row: ImportRow, count: int) -> None:
    """The import was taken back, as far as it could; of so many lines."""
    row.state, row.undone_at, row.before = ImportState.UNDONE, work.now, None
    work.note("people_import", row.id, Place(row.path), kind="undo", name=row.name, lines=count)


def _keep(
    work: Work, kind: ImportKind, name: str, body: Mapping[str, Any], counts: Mapping[str, int]
) -> int:
    """The number under which a file is kept for a day, or until it is taken back.

    What is older is forgotten: nobody can take it in or back, and it holds numbers of people.
    """
    _forget(work)
    (import_id,) = work.fresh_ids(ImportRow, 1)
    work.session.add(
        ImportRow(
            id=import_id, kind=kind, path=work.actor.place.path, name=name, by=work.actor.name,
            at=work.now, state=ImportState.CHECKED, counts=dict(counts),
            body=packed(work, body), before=None,
        )
    )  # fmt: skip
    return import_id


def _forget(work: Work) -> None:
    old = work.now - UNDO_WITHIN
    stale = ImportRow.at < old, ImportRow.state == ImportState.CHECKED
    work.session.execute(delete(ImportRow).where(*stale))
    done = update(ImportRow).where(ImportRow.done_at < old, ImportRow.body.is_not(None))
    work.session.execute(done.values(body=None, before=None))


def locked_import(work: Work, kind: ImportKind, import_id: int) -> ImportRow:
    """The import of that kind and number within sight, locked. NotFoundError otherwise."""
    asked = select(ImportRow).where(ImportRow.id == import_id, ImportRow.kind == kind)
    row = work.session.scalars(asked.with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError("people.import.unknown", number=import_id)
    return row


def _judged(sheet: Sheet, judge: Judge) -> tuple[Enrolment | None, tuple[RowError, ...]]:
    """What a sheet would do, or its wrong cells."""
    if not sheet.lines:
        return None, ()
    try:
        return judge(sheet), ()
    except InvalidError as refused:
        if not refused.rows:
            raise
        return None, refused.rows


def _body_of(table: Table) -> dict[str, Any]:
    rows = [[row, [[cell.kind, cell.text] for cell in cells]] for row, cells in table.rows]
    return {"table": rows, "unread": table.unread}


def _told(fault: RowError) -> dict[str, Any]:
    facts = [[name, str(fact)] for name, fact in fault.facts]
    return {
        "row": fault.row, "column": fault.column, "value": fault.value, "code": fault.code,
        "facts": facts,
    }  # fmt: skip


def state_of(person: KnownPerson) -> dict[str, Any]:
    """How a person stands, such that `put_back` can let them stand so again."""
    told = person.profile
    return {
        "name": told.name, "id_type": told.id_type, "id_number": told.id_number.reveal(),
        "sex": told.sex, "birth_on": told.birth_on and told.birth_on.isoformat(),
        "title": told.title, "title_level": told.title_level, "post": told.post,
        "education": told.education, "specialty": told.specialty, "phone": told.phone.reveal(),
        "department_id": person.department_id, "path": person.place.path,
        "history": [[day.isoformat(), status] for day, status in person.history],
        "identity": person.identity_index.hex(),
    }  # fmt: skip


def put_back(
    work: Work, before: Mapping[str, dict[str, Any]], added: Mapping[str, str]
) -> tuple[str, ...]:
    """People stand as before, and who was new is no more; the numbers of those who stay.

    `before` is `state_of` by number with the mark of how they stood after; `added` the marks of the
    new. Who was changed since stays, and of the new also who has anything of their own by now.
    """
    known = queries.known(work, [*before, *added], lock=True)
    same = {
        no: person
        for no, person in known.items()
        if mark_of(person) == (before[no]["mark"] if no in before else added[no])
    }
    new = {no: person for no, person in same.items() if no in added}
    busy = _busy(work, [person.id for person in new.values()])
    _restore(work, [(person, before[no]) for no, person in same.items() if no in before])
    gone = [no for no, person in new.items() if person.id not in busy]
    _remove(work, [new[no].id for no in gone])
    undone = {*gone, *(no for no in same if no in before)}
    return tuple(sorted({*before, *added} - undone))


def _busy(work: Work, ids: Collection[int]) -> set[int]:
    """Which of these people something of their own hangs on: credit, swipes, a binding."""
    found: set[int] = set()
    for table in personal_tables():  # a handful of tables, each asked once for all
        if table.name not in _THEIRS:
            asked = select(table.c.person_id).where(table.c.person_id == _any(ids)).distinct()
            found.update(work.session.scalars(asked))
    return found


def _remove(work: Work, ids: Collection[int]) -> None:
    for kind in (StatusRow, PostingRow):
        for row in work.session.scalars(select(kind).where(kind.person_id == _any(ids))):
            work.session.delete(row)
    work.session.flush()
    for person in work.session.scalars(select(PersonRow).where(PersonRow.id == _any(ids))):
        work.session.delete(person)
    work.session.flush()


def _restore(work: Work, people: Sequence[tuple[KnownPerson, Mapping[str, Any]]]) -> None:
    ids = _any([person.id for person, _ in people])
    asked = select(PersonRow).where(PersonRow.id == ids)
    rows = {row.id: row for row in work.session.scalars(asked)}
    statuses: dict[int, list[StatusRow]] = {}
    for status in work.session.scalars(select(StatusRow).where(StatusRow.person_id == ids)):
        statuses.setdefault(status.person_id, []).append(status)
    moves = []
    for person, was in people:
        row = rows[person.id]
        home = Place(was["path"].removesuffix(f"p{person.id}."))
        moves.append(Move.of(row, row.unit_id, was["department_id"], home))
        _write_back(work, row, person, was)
        told = tuple((date.fromisoformat(day), Status(status)) for day, status in was["history"])
        row.status = write_dated(work, told, person.id, person.place, statuses.get(person.id, ()))
    postings.settle_back(work, moves)


def _write_back(work: Work, row: PersonRow, person: KnownPerson, was: Mapping[str, Any]) -> None:
    profile = Profile(
        name=was["name"],
        id_type=IdType(was["id_type"]),
        id_number=Secret(was["id_number"]),
        sex=Sex(was["sex"]) if was["sex"] else None,
        birth_on=date.fromisoformat(was["birth_on"]) if was["birth_on"] else None,
        title=was["title"],
        title_level=TitleLevel(was["title_level"]) if was["title_level"] else None,
        post=was["post"],
        education=was["education"],
        specialty=was["specialty"],
        phone=Secret(was["phone"]),
    )
    differing = {
        part for part in ("name", "id_number", "phone")
        if getattr(profile, part) != getattr(person.profile, part)
    }  # fmt: skip
    write_profile(work, row, profile, differing)
    if "id_number" in differing:
        row.id_number = work.site.vault.seal(profile.id_number, ID_NUMBER)
        row.id_number_index = bytes.fromhex(was["identity"])


def _any(ids: Collection[int]) -> Any:
    return any_(literal(list(ids), ARRAY(BigInteger)))
