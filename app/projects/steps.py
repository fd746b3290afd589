"""Steps in the life of a project that other contexts take inside their own commands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.expression import CollectionAggregate

from app.base.work import Work
from app.kernel.credit import Credit
from app.kernel.errors import ConflictError, InvalidError, RowError
from app.kernel.place import Place
from app.org import queries as org
from app.org.terms import Unit
from app.people import queries as people
from app.people.terms import Person, PersonNo
from app.projects import rules
from app.projects.rules import reached
from app.projects.tables import BatchRow, LecturerRow, ProjectRow, SessionRow
from app.projects.terms import (
    Act,
    FiledBatch,
    FiledPlan,
    FiledProject,
    Imported,
    ProjectId,
    ProjectState,
)


def advance(
    work: Work, project_id: ProjectId, *acts: Act, remark: str | None = None
) -> ProjectState:
    """项目进展 — the state to which the acts bring the project, which is locked first.

    The remark stays with the project until its next act: why it was sent back.
    A project that is already where an act leads stays there, so an act may be told twice.
    ConflictError for an act that is not for its state.
    """
    row = work.session.get_one(ProjectRow, project_id, with_for_update=True, populate_existing=True)
    state = reached(ProjectState(row.state), acts)
    if state is None:
        raise ConflictError("projects.project.act_refused", project_no=row.project_no)
    row.state, row.remark = state, remark
    return state


def put(work: Work, filed: Sequence[FiledProject], *, unread: Sequence[RowError] = ()) -> Imported:
    """The projects and batches stand as they are given, all or none; what stands is changed.

    Inside a command that reaches. `unread` are faults that a door found, told together with those
    found here. InvalidError names every wrong row.
    """
    standing = _standing(work, filed)
    known = _known(work, filed)
    found = [*unread, *rules.faults(filed), *_strangers(filed, standing, known)]
    if found:
        rows = sorted(found, key=lambda fault: fault.row)
        raise InvalidError("projects.import.refused", rows=rows, count=len(rows))
    projects = _put_projects(work, filed, standing, known)
    batches = _put_batches(work, filed, projects)
    _put_sessions(work, filed, projects, batches)
    _put_lecturers(work, filed, projects, batches, known)
    return Imported(len(filed), len(batches))


def misfits(work: Work, filed: Sequence[FiledProject]) -> tuple[RowError, ...]:
    """What keeps these projects from standing as they are given; for a command that reaches."""
    standing, known = _standing(work, filed), _known(work, filed)
    return (*rules.faults(filed), *_strangers(filed, standing, known))


def hold(work: Work, batches: Collection[int]) -> frozenset[int]:
    """Which of these batches within sight there are; until this work ends they stay.

    For whoever hangs something on them. One that is being taken back is waited for, and is none.
    """
    if not batches:
        return frozenset()
    asked = select(BatchRow.id).where(BatchRow.id == _any(batches)).order_by(BatchRow.id)
    return frozenset(work.session.scalars(asked.with_for_update(read=True, key_share=True)))


def withdraw(work: Work, projects: Collection[int], batches: Collection[int]) -> None:
    """These projects and batches are no more; nobody may have swiped for them."""
    own = (SessionRow.batch_id, LecturerRow.batch_id)
    for column in own:
        rows = work.session.scalars(select(column.class_).where(column == _any(batches)))
        for row in rows:
            work.session.delete(row)
    work.session.flush()
    for table, ids in ((BatchRow, batches), (ProjectRow, projects)):
        for key in ids:
            work.session.delete(work.session.get_one(table, key))
        work.session.flush()


@dataclass(frozen=True, slots=True)
class _Known:
    """What the file names and others keep; `taken` are numbers that stand out of sight."""

    units: Mapping[str, Unit]
    people: Mapping[str, Person]
    taken: frozenset[str]


_Batches = dict[tuple[str, int], BatchRow]


def _standing(work: Work, filed: Sequence[FiledProject]) -> dict[str, ProjectRow]:
    """The projects of the file that stand already, locked: two imports of one come in turn."""
    wanted = select(ProjectRow).where(ProjectRow.project_no == _any_number(filed))
    rows = work.session.scalars(wanted.order_by(ProjectRow.id).with_for_update())
    return {row.project_no: row for row in rows}


def _known(work: Work, filed: Sequence[FiledProject]) -> _Known:
    units = org.units_by_code(work, {project.unit_code for project in filed})
    numbers = {person for _, _, person in _named_people(filed)}
    # A lecturer may belong to any unit, and a number is issued once for the whole country.
    with work.reaching():
        found = people.people_by_no(work, numbers)
        standing = work.session.execute(
            select(ProjectRow.project_no, ProjectRow.path).where(
                ProjectRow.project_no == _any_number(filed)
            )
        ).all()
    # One in sight that was not there a moment ago is another import's of this very number.
    here = work.actor.place
    taken = frozenset(no for no, path in standing if not here.holds(Place(path)))
    return _Known(units, found, taken)


def _named_people(
    filed: Sequence[FiledProject],
) -> Iterator[tuple[FiledProject, str, PersonNo]]:
    for project in filed:
        for place, batch in enumerate(project.batches):
            for turn, lecturer in enumerate(batch.lecturers):
                column = f"batches[{place}].lecturers[{turn}].person_no"
                yield project, column, lecturer.person_no
            for turn, listed in enumerate(batch.plan.listed):
                yield project, f"batches[{place}].plan.listed[{turn}]", listed


def _strangers(
    filed: Sequence[FiledProject], standing: Mapping[str, ProjectRow], known: _Known
) -> Iterator[RowError]:
    """What the file says that does not fit what others keep."""
    for project in filed:
        unit = known.units.get(project.unit_code)
        row = standing.get(project.no)
        if unit is None:
            yield _fault(project, "unit_code", project.unit_code, "projects.import.unit_unknown")
        elif row is not None and row.unit_id != unit.id:
            yield _fault(project, "unit_code", project.unit_code, "projects.import.unit_fixed")
        if row is None and project.no in known.taken:
            yield _fault(project, "project_no", project.no, "projects.import.number_taken")
    for project, column, person_no in _named_people(filed):
        if person_no not in known.people:
            yield _fault(project, column, person_no, "projects.import.person_unknown")


def _fault(project: FiledProject, column: str, value: str, code: str) -> RowError:
    return RowError(project.row, column, value, code)


def _put_projects(
    work: Work,
    filed: Sequence[FiledProject],
    standing: Mapping[str, ProjectRow],
    known: _Known,
) -> dict[str, ProjectRow]:
    fresh = iter(work.fresh_ids(ProjectRow, len(filed) - len(standing)))
    rows = dict(standing)
    for project in filed:
        unit = known.units[project.unit_code]
        values = _project_values(project, unit)
        if project.no in standing:
            _set(rows[project.no], values)
            continue
        rows[project.no] = ProjectRow(
            id=next(fresh), project_no=project.no, state=ProjectState.ANNOUNCED, **values
        )
        work.session.add(rows[project.no])
    try:
        work.session.flush()
    except IntegrityError as clash:
        raise ConflictError("projects.import.meanwhile") from clash
    return rows


def _project_values(project: FiledProject, unit: Unit) -> dict[str, Any]:
    return {
        "path": unit.place.path,
        "name": project.name,
        "level": project.level,
        "promoted": project.promoted,
        "medical_type": project.medical_type,
        "credit_class": project.credit_class,
        "course_kind": project.course_kind,
        "unit_id": unit.id,
        "year": project.year,
        "credits": Credit.of(project.credits),
        "hours": project.hours,
        "cap_project": None if project.cap is None else Credit.of(project.cap),
    }


def _put_batches(
    work: Work, filed: Sequence[FiledProject], projects: Mapping[str, ProjectRow]
) -> _Batches:
    ids = {row.id: no for no, row in projects.items()}
    wanted = select(BatchRow).where(BatchRow.project_id == _any(ids))
    standing = {(ids[row.project_id], row.no): row for row in work.session.scalars(wanted)}
    named = {(project.no, batch.no): batch for project in filed for batch in project.batches}
    fresh = iter(work.fresh_ids(BatchRow, len(named.keys() - standing.keys())))
    rows: _Batches = {}
    for key, batch in named.items():
        project = projects[key[0]]
        values = _batch_values(batch, project.path)
        if key in standing:
            rows[key] = standing[key]
            _set(rows[key], values)
            continue
        rows[key] = BatchRow(id=next(fresh), project_id=project.id, no=batch.no, **values)
        work.session.add(rows[key])
    work.session.flush()
    return rows


def _batch_values(batch: FiledBatch, path: str) -> dict[str, Any]:
    return {
        "path": path,
        "starts_at": batch.span.start,
        "ends_at": batch.span.end,
        "venue": batch.venue,
        "unit_only": batch.unit_only,
        "limit_persons": batch.limit_persons,
        "plan": _plan_members(batch.plan),
    }


def _plan_members(plan: FiledPlan) -> dict[str, Any]:
    """The plan as the file wrote it, without what it left out."""
    members: dict[str, Any] = {
        "strategy": plan.strategy,
        "windows": list(plan.windows),
        "min_swipes": plan.min_swipes,
        "ratio": None if plan.ratio is None else str(plan.ratio),
        "listed": list(plan.listed),
    }
    return {name: value for name, value in members.items() if value not in (None, [])}


def _put_sessions(
    work: Work,
    filed: Sequence[FiledProject],
    projects: Mapping[str, ProjectRow],
    batches: _Batches,
) -> None:
    wanted = select(SessionRow).where(
        SessionRow.batch_id == _any(row.id for row in batches.values())
    )
    standing = {(row.batch_id, row.key): row for row in work.session.scalars(wanted)}
    values: dict[tuple[int, str], dict[str, Any]] = {}
    for project, batch in _batches_of(filed):
        for order, session in enumerate(batch.sessions):
            values[batches[project.no, batch.no].id, session.key] = {
                "path": projects[project.no].path,
                "label": session.label,
                "kind": session.kind,
                "opens_at": session.span.start,
                "closes_at": session.span.end,
                "hours": session.hours,
                "sort_order": order,
            }
    fresh = iter(work.fresh_ids(SessionRow, len(values.keys() - standing.keys())))
    for key, row in standing.items():
        if key in values:
            _set(row, values[key])
        else:
            work.session.delete(row)
    for (batch_id, name), given in values.items():
        if (batch_id, name) not in standing:
            work.session.add(SessionRow(id=next(fresh), batch_id=batch_id, key=name, **given))
    work.session.flush()


_Course = tuple[int, str, str, object, object]


def _put_lecturers(
    work: Work,
    filed: Sequence[FiledProject],
    projects: Mapping[str, ProjectRow],
    batches: _Batches,
    known: _Known,
) -> None:
    """Keep the courses that are in the file, as often as they are; drop the rest, add the new."""
    wanted = select(LecturerRow).where(
        LecturerRow.batch_id == _any(row.id for row in batches.values())
    )
    standing: dict[_Course, list[LecturerRow]] = defaultdict(list)
    for row in work.session.scalars(wanted):
        key = (row.batch_id, row.person_no, row.course, row.given_on, row.hours)
        standing[key].append(row)
    missing: list[dict[str, Any]] = []
    for project, batch in _batches_of(filed):
        batch_id = batches[project.no, batch.no].id
        for one in batch.lecturers:
            key = (batch_id, one.person_no, one.course, one.on, one.hours)
            if standing[key]:
                standing[key].pop()
                continue
            missing.append(
                {
                    "path": projects[project.no].path,
                    "batch_id": batch_id,
                    "person_id": known.people[one.person_no].id,
                    "person_no": one.person_no,
                    "course": one.course,
                    "given_on": one.on,
                    "hours": one.hours,
                }
            )
    for rows in standing.values():
        for row in rows:
            work.session.delete(row)
    fresh = work.fresh_ids(LecturerRow, len(missing))
    work.session.add_all(
        LecturerRow(id=key, **given) for key, given in zip(fresh, missing, strict=True)
    )


def _batches_of(filed: Sequence[FiledProject]) -> Iterator[tuple[FiledProject, FiledBatch]]:
    return ((project, batch) for project in filed for batch in project.batches)


def _any_number(filed: Sequence[FiledProject]) -> CollectionAggregate[bool]:
    return any_(literal([project.no for project in filed], ARRAY(Text)))


def _any(ids: Iterable[int]) -> CollectionAggregate[bool]:
    return any_(literal(list(ids), ARRAY(BigInteger)))


def _set(row: ProjectRow | BatchRow | SessionRow, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def hand_over(work: Work, closed_id: int, kept: Person) -> None:
    """The lectures of a record that is closed are the kept one's; for a command that reaches."""
    theirs = select(LecturerRow).where(LecturerRow.person_id == closed_id)
    for row in work.session.scalars(theirs.order_by(LecturerRow.id).with_for_update()):
        row.person_id, row.person_no = kept.id, kept.no
