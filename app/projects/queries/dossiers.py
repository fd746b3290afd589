"""项目 — lists of projects, one with all its batches, and what was done with it."""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    func,
    select,
)

from app.base.trail import AuditEntry
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.org import queries as org
from app.org.tables import UnitRow
from app.people import queries as people
from app.projects.queries.batches import any_of, batches_in, meant, project_of, selected
from app.projects.queries.files import on_file
from app.projects.rules import number_of
from app.projects.tables import BatchRow, ProjectRow
from app.projects.terms import (
    Batch,
    Dossier,
    Move,
    OnFile,
    ProjectId,
    ProjectState,
    Shelf,
    Sought,
)

A_PAGE = 20
MOST_LISTED = 10_000
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
    found = tuple(project_of(row, unit_name) for row, unit_name, _ in rows)
    batches: dict[ProjectId, tuple[Batch, ...]] = {one.id: () for one in found}
    own = selected().where(BatchRow.project_id == any_of([one.id for one in found]))
    for batch in batches_in(work, own.order_by(BatchRow.no)):
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
    project = project_of(*row)
    own = selected().where(BatchRow.project_id == project.id).order_by(BatchRow.no)
    batches = batches_in(work, own)
    lecturing = {one.person_id for batch in batches for one in batch.lecturers}
    with work.reaching():
        named = people.people_of(work, lecturing)
        unit = org.units_of(work, [project.unit_id])[project.unit_id]
    return Dossier(project, batches, {one.id: one.name for one in named.values()}, unit.realm)


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


def _sought(sought: Sought) -> list[ColumnElement[bool]]:
    wanted = []
    if sought.year is not None:
        wanted.append(ProjectRow.year == sought.year)
    if sought.level is not None:
        wanted.append(ProjectRow.level == sought.level)
    if sought.state is not None:
        wanted.append(ProjectRow.state == sought.state)
    if sought.words.split():
        wanted.append(meant(sought.words))
    return wanted


def _move(entry: AuditEntry) -> Move:
    def after(name: str) -> str:
        told = entry.change.get(name)
        return str((told[1] if isinstance(told, list) else told) or "")

    state = after("state")
    return Move(
        entry.at, entry.actor, entry.role, entry.action,
        ProjectState(state) if state else None, after("remark"),
    )  # fmt: skip
