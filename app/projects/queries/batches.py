"""期次 — questions about batches, and the projects they are of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    case,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.expression import CollectionAggregate

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.span import Span
from app.org.tables import UnitRow
from app.org.terms import UnitId
from app.people.terms import PersonId, PersonNo
from app.projects.rules import number_of
from app.projects.tables import BatchRow, LecturerRow, ProjectRow, SessionRow
from app.projects.terms import (
    Batch,
    BatchId,
    CourseKind,
    CreditClass,
    Lecturer,
    Level,
    Project,
    ProjectId,
    ProjectState,
    Session,
    SessionKind,
)

MOST_FOUND = 20


@query(Permission.PROJECTS_READ)
def batch_of(work: Work, project_no: str, no: int) -> Batch:
    """期次 — one batch of a project, by the project's number as anyone may write it.

    NotFoundError where there is none within the actor's sight.
    """
    wanted = number_of(project_no).text
    found = batches_in(work, selected().where(ProjectRow.project_no == wanted, BatchRow.no == no))
    if not found:
        raise NotFoundError("projects.batch.unknown", project_no=wanted, batch=no)
    return found[0]


def batches_of(work: Work, ids: Collection[int]) -> dict[BatchId, Batch]:
    """The batches with these ids, with sessions and lecturers; what is out of sight is left out."""
    if not ids:
        return {}
    found = batches_in(work, selected().where(BatchRow.id == any_of(ids)))
    return {batch.id: batch for batch in found}


def batch_ids_of(work: Work, project_id: ProjectId) -> tuple[BatchId, ...]:
    """The ids of all batches of a project, in order of their numbers."""
    wanted = select(BatchRow.id).where(BatchRow.project_id == project_id).order_by(BatchRow.no)
    return tuple(map(BatchId, work.session.scalars(wanted)))


def batches_of_project(work: Work, project_no: str) -> tuple[Batch, ...]:
    """All batches of the project of that number, in order of their numbers; none if unknown."""
    wanted = selected().where(ProjectRow.project_no == number_of(project_no).text)
    return batches_in(work, wanted.order_by(BatchRow.no))


def batch_ids_between(work: Work, start: datetime, end: datetime) -> tuple[BatchId, ...]:
    """The ids of the batches whose period shares time with [start, end)."""
    wanted = select(BatchRow.id).where(BatchRow.ends_at > start, BatchRow.starts_at < end)
    return tuple(map(BatchId, work.session.scalars(wanted)))


def batches_between(work: Work, start: datetime, end: datetime) -> tuple[Batch, ...]:
    """The batches whose period shares time with [start, end), in order of time."""
    overlapping = selected().where(BatchRow.ends_at > start, BatchRow.starts_at < end)
    return batches_in(work, overlapping.order_by(BatchRow.starts_at, BatchRow.id))


def find(work: Work, words: str, *, among: Collection[int] | None = None) -> tuple[Batch, ...]:
    """Batches by the project's number, or its beginning, or words of its name; at most 20.

    Among these ids only, where they are given. The number itself comes first, then the newest.
    """
    if not words.split() or (among is not None and not among):
        return ()
    wanted = selected().where(meant(words))
    if among is not None:
        wanted = wanted.where(BatchRow.id == any_of(among))
    exact_first = case((ProjectRow.project_no == number_of(words).text, 0), else_=1)
    newest = wanted.order_by(exact_first, BatchRow.ends_at.desc(), BatchRow.id.desc())
    return batches_in(work, newest.limit(MOST_FOUND))


def find_ids(work: Work, words: str) -> tuple[BatchId, ...]:
    """The ids of all batches that words mean, newest first; of a whole number its own alone."""
    if not words.split():
        return ()
    asked = (
        select(BatchRow.id, ProjectRow.project_no)
        .join(ProjectRow, ProjectRow.id == BatchRow.project_id)
        .where(meant(words))
        .order_by(BatchRow.ends_at.desc(), BatchRow.id.desc())
    )
    rows = work.session.execute(asked).all()
    exact = [row for row in rows if row.project_no == number_of(words).text]
    return tuple(BatchId(row.id) for row in exact or rows)


def meant(words: str) -> ColumnElement[bool]:
    """Whether a project is meant: by its number or its beginning, or by words of its name."""
    begins = ProjectRow.project_no.startswith(number_of(words).text, autoescape=True)
    named = and_(*(ProjectRow.name.icontains(word, autoescape=True) for word in words.split()))
    return or_(begins, named)


def any_of(ids: Collection[int]) -> CollectionAggregate[bool]:
    """Whether a column is one of these ids."""
    return any_(literal(list(ids), ARRAY(BigInteger)))


def selected() -> Select[BatchRow, ProjectRow, str]:
    """Batches with their projects and the names of the units, to be narrowed."""
    return (
        select(BatchRow, ProjectRow, UnitRow.name)
        .join(ProjectRow, ProjectRow.id == BatchRow.project_id)
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
    )


def batches_in(work: Work, wanted: Select[BatchRow, ProjectRow, str]) -> tuple[Batch, ...]:
    """The batches that are asked for, with sessions and lecturers."""
    rows = work.session.execute(wanted).all()
    ids = [batch.id for batch, _, _ in rows]
    sessions = _sessions(work, SessionRow.batch_id == any_of(ids)) if ids else {}
    lecturers = _lecturers(work, LecturerRow.batch_id == any_of(ids)) if ids else {}
    return tuple(
        Batch(
            id=BatchId(batch.id),
            project=project_of(project, unit_name),
            no=batch.no,
            span=Span(batch.starts_at, batch.ends_at),
            venue=batch.venue,
            unit_only=batch.unit_only,
            limit_persons=batch.limit_persons,
            plan=batch.plan,
            sessions=tuple(sessions.get(batch.id, ())),
            lecturers=tuple(lecturers.get(batch.id, ())),
        )
        for batch, project, unit_name in rows
    )


def project_of(row: ProjectRow, unit_name: str) -> Project:
    """The row of a project as a value."""
    return Project(
        id=ProjectId(row.id),
        no=row.project_no,
        name=row.name,
        level=Level(row.level),
        promoted=row.promoted,
        credit_class=None if row.credit_class is None else CreditClass(row.credit_class),
        course_kind=CourseKind(row.course_kind),
        unit_id=UnitId(row.unit_id),
        unit_name=unit_name,
        place=Place(row.path),
        year=row.year,
        credits=row.credits,
        hours=row.hours,
        cap=row.cap_project,
        state=ProjectState(row.state),
        remark=row.remark,
    )


def _sessions(work: Work, wanted: ColumnElement[bool]) -> dict[int, list[Session]]:
    found: dict[int, list[Session]] = defaultdict(list)
    rows: Sequence[SessionRow] = work.session.scalars(
        select(SessionRow).where(wanted).order_by(SessionRow.batch_id, SessionRow.sort_order)
    ).all()
    for row in rows:
        span = Span(row.opens_at, row.closes_at)
        found[row.batch_id].append(
            Session(row.key, row.label, SessionKind(row.kind), span, row.hours)
        )
    return found


def _lecturers(work: Work, wanted: ColumnElement[bool]) -> dict[int, list[Lecturer]]:
    found: dict[int, list[Lecturer]] = defaultdict(list)
    rows: Sequence[LecturerRow] = work.session.scalars(
        select(LecturerRow)
        .where(wanted)
        .order_by(LecturerRow.batch_id, LecturerRow.given_on, LecturerRow.id)
    ).all()
    for row in rows:
        person = PersonId(row.person_id)
        found[row.batch_id].append(
            Lecturer(person, PersonNo(row.person_no), row.course, row.given_on, row.hours)
        )
    return found
