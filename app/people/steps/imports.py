"""导入记录 — what was checked, what became of it, and how everybody stood before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, any_, delete, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.base import security
from app.base.security import personal_tables
from app.base.work import Work
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.people import queries
from app.people.queries.imports import packed
from app.people.rules.seen import mark_of
from app.people.steps.persons import write_dated, write_profile
from app.people.tables import ImportRow, PersonRow, StatusRow
from app.people.terms import (
    ID_NUMBER,
    IdType,
    ImportState,
    KnownPerson,
    Profile,
    Sex,
    Status,
    TitleLevel,
)

# As long as an import can be taken back.
KEPT = timedelta(hours=24)
# What goes with a person who was never here; of anything else there is, the person stays.
_THEIRS = frozenset({"card", "person_status"})


def keep_import(work: Work, name: str, body: Mapping[str, Any], counts: Mapping[str, int]) -> int:
    """The number under which a checked file is kept for a day, or until it is taken back.

    What is older is forgotten: nobody can take it in or back, and it holds numbers of people.
    """
    _forget(work)
    (import_id,) = work.fresh_ids(ImportRow, 1)
    work.session.add(
        ImportRow(
            id=import_id,
            path=work.actor.place.path,
            name=name,
            by=work.actor.name,
            at=work.now,
            state=ImportState.CHECKED,
            counts=dict(counts),
            body=packed(work, body),
            before=None,
        )
    )
    return import_id


def _forget(work: Work) -> None:
    old = work.now - KEPT
    stale = ImportRow.at < old, ImportRow.state == ImportState.CHECKED
    work.session.execute(delete(ImportRow).where(*stale))
    done = update(ImportRow).where(ImportRow.done_at < old, ImportRow.body.is_not(None))
    work.session.execute(done.values(body=None, before=None))


def locked_import(work: Work, import_id: int) -> ImportRow:
    """The import of that number within sight, locked. NotFoundError otherwise."""
    asked = select(ImportRow).where(ImportRow.id == import_id).with_for_update()
    row = work.session.scalars(asked).one_or_none()
    if row is None:
        raise NotFoundError("people.import.unknown", number=import_id)
    return row


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
    for no, person in same.items():
        if no in before:
            _restore(work, person, before[no])
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
    for row in work.session.scalars(select(StatusRow).where(StatusRow.person_id == _any(ids))):
        work.session.delete(row)
    work.session.flush()
    for person in work.session.scalars(select(PersonRow).where(PersonRow.id == _any(ids))):
        work.session.delete(person)
    work.session.flush()


def _restore(work: Work, person: KnownPerson, was: Mapping[str, Any]) -> None:
    row = work.session.get_one(PersonRow, person.id)
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
    row.department_id = was["department_id"]
    told = tuple((date.fromisoformat(day), Status(status)) for day, status in was["history"])
    rows = work.session.scalars(select(StatusRow).where(StatusRow.person_id == person.id)).all()
    place = Place(was["path"])
    row.status = write_dated(work, told, person.id, person.place, rows)
    if place.path != row.path:
        row.path = place.path
        work.session.flush()
        security.repath(work, {person.id: place})


def _any(ids: Collection[int]) -> Any:
    return any_(literal(list(ids), ARRAY(BigInteger)))
