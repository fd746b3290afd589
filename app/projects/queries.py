"""Questions about projects and their batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.expression import CollectionAggregate

from app.base.database import Base
from app.base.trail import AuditEntry
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.span import Span
from app.org.tables import UnitRow
from app.org.terms import UnitId
from app.people import queries as people
from app.people.terms import PersonId, PersonNo
from app.projects.rules import number_of
from app.projects.tables import BatchRow, LecturerRow, ProjectRow, SessionRow
from app.projects.terms import (
    Batch,
    BatchId,
    CourseKind,
    CreditClass,
    Dossier,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    Lecturer,
    Level,
    MedicalType,
    Move,
    OnFile,
    Project,
    ProjectId,
    ProjectState,
    Session,
    SessionKind,
    Shelf,
    Sought,
)

MOST_FOUND = 20
A_PAGE = 20
MOST_LISTED = 10_000
# What a batch is made of, and goes with it.
_OF_BATCH = (SessionRow.__table__, LecturerRow.__table__)
_MOST_MOVES = 100


@query(Permission.PROJECTS_READ)
def shelf(work: Work, sought: Sought, page: int = 1) -> Shelf:
    """项目列表 — a page of the projects within sight that are sought, the newest first."""
    wanted = _sought(sought)
    rows = work.session.execute(
        select(ProjectRow, UnitRow.name, func.count().over())
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
        .where(*wanted)
        .order_by(ProjectRow.year.desc(), ProjectRow.id.desc())
        .limit(A_PAGE)
        .offset((page - 1) * A_PAGE)
    ).all()
    found = tuple(_project(row, unit_name) for row, unit_name, _ in rows)
    batches: dict[ProjectId, tuple[Batch, ...]] = {one.id: () for one in found}
    own = _select().where(BatchRow.project_id == _any([one.id for one in found]))
    for batch in _batches(work, own.order_by(BatchRow.no)):
        batches[batch.project.id] = (*batches[batch.project.id], batch)
    years = select(ProjectRow.year).distinct().order_by(ProjectRow.year.desc())
    count = rows[0][2] if rows else 0
    return Shelf(found, batches, count, tuple(work.session.scalars(years)))


@query(Permission.PROJECTS_READ)
def listed(work: Work, sought: Sought) -> tuple[OnFile, ...]:
    """项目清单 — all projects within sight that are sought, whole, the newest first."""
    wanted = select(ProjectRow.project_no).where(*_sought(sought))
    newest = wanted.order_by(ProjectRow.year.desc(), ProjectRow.id.desc()).limit(MOST_LISTED)
    numbers = work.session.scalars(newest).all()
    found = on_file(work, numbers)
    return tuple(found[no] for no in numbers if no in found)


@query(Permission.PROJECTS_READ, reaches=True)
def dossier_of(work: Work, project_no: str) -> Dossier:
    """项目详情 — one project within sight. Reaches, once it is found, for its lecturers' names.

    NotFoundError where there is none within the actor's sight.
    """
    wanted = number_of(project_no).text
    row = work.session.execute(
        select(ProjectRow, UnitRow.name)
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
        .where(ProjectRow.project_no == wanted)
    ).one_or_none()
    if row is None:
        raise NotFoundError("projects.project.unknown", project_no=wanted)
    project = _project(*row)
    own = _select().where(BatchRow.project_id == project.id).order_by(BatchRow.no)
    batches = _batches(work, own)
    lecturing = {one.person_id for batch in batches for one in batch.lecturers}
    with work.reaching():
        named = people.people_of(work, lecturing)
    return Dossier(project, batches, {one.id: one.name for one in named.values()})


@query(Permission.PROJECTS_READ)
def moves_of(work: Work, project_no: str) -> tuple[Move, ...]:
    """进展 — what was done with a project within sight, the latest first; the latest hundred."""
    wanted = number_of(project_no).text
    row = work.session.scalar(select(ProjectRow.id).where(ProjectRow.project_no == wanted))
    if row is None:
        raise NotFoundError("projects.project.unknown", project_no=wanted)
    asked = (
        select(AuditEntry)
        .where(AuditEntry.table_name == ProjectRow.__tablename__, AuditEntry.row_id == str(row))
        .order_by(AuditEntry.id.desc())
        .limit(_MOST_MOVES)
    )
    return tuple(map(_move, work.session.scalars(asked)))


def _move(entry: AuditEntry) -> Move:
    def after(name: str) -> str:
        told = entry.change.get(name)
        return str((told[1] if isinstance(told, list) else told) or "")

    state = after("state")
    return Move(
        entry.at, entry.actor, entry.role, entry.action,
        ProjectState(state) if state else None, after("remark"),
    )  # fmt: skip


def _sought(sought: Sought) -> list[ColumnElement[bool]]:
    wanted = []
    if sought.year is not None:
        wanted.append(ProjectRow.year == sought.year)
    if sought.level is not None:
        wanted.append(ProjectRow.level == sought.level)
    if sought.state is not None:
        wanted.append(ProjectRow.state == sought.state)
    if sought.words.split():
        wanted.append(_meant(sought.words))
    return wanted


@query(Permission.PROJECTS_READ)
def batch_of(work: Work, project_no: str, no: int) -> Batch:
    """期次 — one batch of a project, by the project's number as anyone may write it.

    NotFoundError where there is none within the actor's sight.
    """
    wanted = number_of(project_no).text
    found = _batches(work, _select().where(ProjectRow.project_no == wanted, BatchRow.no == no))
    if not found:
        raise NotFoundError("projects.batch.unknown", project_no=wanted, batch=no)
    return found[0]


def batches_of(work: Work, ids: Collection[int]) -> dict[BatchId, Batch]:
    """The batches with these ids, with sessions and lecturers; what is out of sight is left out."""
    if not ids:
        return {}
    found = _batches(work, _select().where(BatchRow.id == _any(ids)))
    return {batch.id: batch for batch in found}


def batch_ids_of(work: Work, project_id: ProjectId) -> tuple[BatchId, ...]:
    """The ids of all batches of a project, in order of their numbers."""
    wanted = select(BatchRow.id).where(BatchRow.project_id == project_id).order_by(BatchRow.no)
    return tuple(map(BatchId, work.session.scalars(wanted)))


def batches_of_project(work: Work, project_no: str) -> tuple[Batch, ...]:
    """All batches of the project of that number, in order of their numbers; none if unknown."""
    wanted = _select().where(ProjectRow.project_no == number_of(project_no).text)
    return _batches(work, wanted.order_by(BatchRow.no))


def batch_ids_between(work: Work, start: datetime, end: datetime) -> tuple[BatchId, ...]:
    """The ids of the batches whose period shares time with [start, end)."""
    wanted = select(BatchRow.id).where(BatchRow.ends_at > start, BatchRow.starts_at < end)
    return tuple(map(BatchId, work.session.scalars(wanted)))


def on_file(
    work: Work, numbers: Collection[str], *, lock: bool = False
) -> dict[str, OnFile]:  # fmt: skip
    """在册项目 — the projects of these numbers within sight, as a file would have to say them."""
    asked = (
        select(ProjectRow, UnitRow.code)
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
        .where(ProjectRow.project_no.in_(numbers))
        .order_by(ProjectRow.id)
    )
    if lock:
        asked = asked.with_for_update(of=ProjectRow)
    rows = work.session.execute(asked.execution_options(populate_existing=True)).all()
    own = _select().where(BatchRow.project_id == _any([row.id for row, _ in rows]))
    batches: dict[int, list[Batch]] = defaultdict(list)
    for one in _batches(work, own.order_by(BatchRow.no).execution_options(populate_existing=True)):
        batches[one.project.id].append(one)
    return {
        row.project_no: OnFile(
            id=ProjectId(row.id), state=ProjectState(row.state),
            filed=_filed(row, unit, batches[row.id]),
            batches={one.no: one.id for one in batches[row.id]},
        )
        for row, unit in rows
    }  # fmt: skip


def hanging_on(work: Work, batch_ids: Collection[int]) -> dict[int, int]:
    """How much hangs on each of these batches: swipes, awards, credit. For who reaches."""
    found: dict[int, int] = defaultdict(int)
    for table in Base.metadata.sorted_tables:  # a handful of tables, each asked once for all
        if "batch_id" in table.c and table not in _OF_BATCH:
            column = table.c.batch_id
            asked = select(column, func.count()).where(column == _any(batch_ids)).group_by(column)
            for batch_id, count in work.session.execute(asked):
                found[batch_id] += count
    return found


def _filed(row: ProjectRow, unit_code: str, batches: Sequence[Batch]) -> FiledProject:
    return FiledProject(
        row=0, no=row.project_no, name=row.name, level=Level(row.level), promoted=row.promoted,
        medical_type=MedicalType(row.medical_type),
        credit_class=None if row.credit_class is None else CreditClass(row.credit_class),
        course_kind=CourseKind(row.course_kind), unit_code=unit_code, year=row.year,
        credits=row.credits.amount, hours=row.hours,
        cap=None if row.cap_project is None else row.cap_project.amount,
        batches=tuple(
            FiledBatch(
                no=one.no, span=one.span, venue=one.venue, unit_only=one.unit_only,
                limit_persons=one.limit_persons, plan=_plan(one.plan), sessions=one.sessions,
                lecturers=tuple(
                    FiledLecturer(
                        person_no=said.person_no, course=said.course, on=said.on, hours=said.hours
                    )
                    for said in one.lecturers
                ),
            )
            for one in batches
        ),
    )  # fmt: skip


def _plan(members: Mapping[str, Any]) -> FiledPlan:
    ratio = members.get("ratio")
    return FiledPlan(
        strategy=members["strategy"], windows=tuple(members.get("windows", ())),
        min_swipes=members.get("min_swipes"), ratio=None if ratio is None else Decimal(ratio),
        listed=tuple(members.get("listed", ())),
    )  # fmt: skip


def batches_between(work: Work, start: datetime, end: datetime) -> tuple[Batch, ...]:
    """The batches whose period shares time with [start, end), in order of time."""
    overlapping = _select().where(BatchRow.ends_at > start, BatchRow.starts_at < end)
    return _batches(work, overlapping.order_by(BatchRow.starts_at, BatchRow.id))


def find(work: Work, words: str, *, among: Collection[int] | None = None) -> tuple[Batch, ...]:
    """Batches by the project's number, or its beginning, or words of its name; at most 20.

    Among these ids only, where they are given. The number itself comes first, then the newest.
    """
    if not words.split() or (among is not None and not among):
        return ()
    wanted = _select().where(_meant(words))
    if among is not None:
        wanted = wanted.where(BatchRow.id == _any(among))
    exact_first = case((ProjectRow.project_no == number_of(words).text, 0), else_=1)
    newest = wanted.order_by(exact_first, BatchRow.ends_at.desc(), BatchRow.id.desc())
    return _batches(work, newest.limit(MOST_FOUND))


def _any(ids: Collection[int]) -> CollectionAggregate[bool]:
    return any_(literal(list(ids), ARRAY(BigInteger)))


def find_ids(work: Work, words: str) -> tuple[BatchId, ...]:
    """The ids of all batches that words mean, newest first; of a whole number its own alone."""
    if not words.split():
        return ()
    asked = (
        select(BatchRow.id, ProjectRow.project_no)
        .join(ProjectRow, ProjectRow.id == BatchRow.project_id)
        .where(_meant(words))
        .order_by(BatchRow.ends_at.desc(), BatchRow.id.desc())
    )
    rows = work.session.execute(asked).all()
    exact = [row for row in rows if row.project_no == number_of(words).text]
    return tuple(BatchId(row.id) for row in exact or rows)


def _meant(words: str) -> ColumnElement[bool]:
    """Whether a project is meant: by its number or its beginning, or by words of its name."""
    begins = ProjectRow.project_no.startswith(number_of(words).text, autoescape=True)
    named = and_(*(ProjectRow.name.icontains(word, autoescape=True) for word in words.split()))
    return or_(begins, named)


def _select() -> Select[BatchRow, ProjectRow, str]:
    return (
        select(BatchRow, ProjectRow, UnitRow.name)
        .join(ProjectRow, ProjectRow.id == BatchRow.project_id)
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
    )


def _batches(work: Work, wanted: Select[BatchRow, ProjectRow, str]) -> tuple[Batch, ...]:
    rows = work.session.execute(wanted).all()
    ids = [batch.id for batch, _, _ in rows]
    sessions = _sessions(work, SessionRow.batch_id == _any(ids)) if ids else {}
    lecturers = _lecturers(work, LecturerRow.batch_id == _any(ids)) if ids else {}
    return tuple(
        Batch(
            id=BatchId(batch.id),
            project=_project(project, unit_name),
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


def _project(row: ProjectRow, unit_name: str) -> Project:
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
