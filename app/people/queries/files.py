"""人员档案 — all that is kept of one person, and what was done to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from app.base.acts import Act, acts
from app.base.security import personal_tables
from app.base.trail import AuditEntry
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.org import queries as org
from app.people.queries.persons import known, people_of
from app.people.queries.photos import photo_marks
from app.people.rules.seen import mark_of
from app.people.tables import PersonRow, PostingRow, StatusRow
from app.people.terms import KnownPerson, PersonFile

# In the trail of a person: somebody looked at their whole numbers, and changed nothing.
LOOKED_AT = "person_numbers"
# Where somebody stood is told by itself, and each move of theirs with what made it.
_TOLD_APART = PostingRow.__tablename__


@query(Permission.PEOPLE_READ, reaches=True)
def file_of(work: Work, no: str) -> PersonFile:
    """人员档案 — of the person of that number within sight. NotFoundError otherwise."""
    found = known(work, [no], lock=False) if no.isprintable() else {}
    if no not in found:
        raise NotFoundError("people.person.unknown", person_no=no)
    person = found[no]
    wanted = {person.unit_id} | ({person.department_id} if person.department_id else set())
    with work.reaching():  # a secretary's people work in a unit out of the secretary's sight
        units = org.units_of(work, wanted)
    department = units[person.department_id] if person.department_id else None
    photo_mark = photo_marks(work, [person.id]).get(person.id, "")
    into = people_of(work, [person.merged_into] if person.merged_into else [])
    return PersonFile(
        no, person, units[person.unit_id], department, mark_of(person), photo_mark,
        next((one.no for one in into.values()), ""),
    )  # fmt: skip


@query(Permission.PEOPLE_READ)
def trail_of(work: Work, no: str) -> tuple[Act, ...]:
    """审计记录 — what was done to the person of that number within sight, the latest first.

    Also from before they moved here: the trail is the person's, wherever it was written.
    """
    found = known(work, [no], lock=False) if no.isprintable() else {}
    if no not in found:
        raise NotFoundError("people.person.unknown", person_no=no)
    person = found[no]
    own = and_(
        AuditEntry.table_name == PersonRow.__tablename__, AuditEntry.row_id == str(person.id)
    )
    moves = work.session.scalars(select(AuditEntry.change["path"]).where(own)).all()
    paths = {person.place.path, *_paths(moves)}
    tables = {LOOKED_AT, *(table.name for table in personal_tables())} - {_TOLD_APART}
    about = and_(AuditEntry.path.in_(paths), AuditEntry.table_name.in_(tables))
    return acts(work, or_(own, about))


def last_change(work: Work, person: KnownPerson) -> tuple[str, datetime] | None:
    """Who changed a person last, and when."""
    keys = [f"{person.id},{day}" for day, _ in person.history]
    asked = select(AuditEntry.actor, AuditEntry.at).where(
        or_(
            and_(
                AuditEntry.table_name == PersonRow.__tablename__,
                AuditEntry.row_id == str(person.id),
            ),
            and_(AuditEntry.table_name == StatusRow.__tablename__, AuditEntry.row_id.in_(keys)),
        )
    )
    row = work.session.execute(asked.order_by(AuditEntry.id.desc()).limit(1)).one_or_none()
    return None if row is None else (row.actor, row.at)


def _paths(told: Iterable[Any]) -> set[str]:
    """Paths as a trail tells them: one that was given, or one before another."""
    found: set[str] = set()
    for one in told:
        found |= {part for part in (one if isinstance(one, list) else [one]) if part}
    return found
