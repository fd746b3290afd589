"""在册 — projects as a file would have to say them, and what hangs on their batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    func,
    select,
)

from app.base.database import Base
from app.base.work import Work
from app.org.tables import UnitRow
from app.projects.queries.batches import any_of, batches_in, selected
from app.projects.tables import BatchRow, LecturerRow, ProjectRow, SessionRow
from app.projects.terms import (
    Batch,
    CourseKind,
    CreditClass,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    Level,
    MedicalType,
    OnFile,
    ProjectId,
    ProjectState,
)

# What a batch is made of, and goes with it.
_OF_BATCH = (SessionRow.__table__, LecturerRow.__table__)


def on_file(
    work: Work, numbers: Collection[str], *, lock: bool = False
) -> dict[str, OnFile]:  # fmt: skip
    """在册项目 — the projects of these numbers within sight, as a file would have to say them.

    Locked, nothing comes to hang on their batches meanwhile that was not there before.
    """
    asked = (
        select(ProjectRow, UnitRow.code)
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
        .where(ProjectRow.project_no.in_(numbers))
        .order_by(ProjectRow.id)
    )
    if lock:
        asked = asked.with_for_update(of=ProjectRow)
    rows = work.session.execute(asked.execution_options(populate_existing=True)).all()
    of_these = BatchRow.project_id == any_of([row.id for row, _ in rows])
    if lock:
        work.session.scalars(
            select(BatchRow.id).where(of_these).order_by(BatchRow.id).with_for_update()
        ).all()
    own = selected().where(of_these)
    batches: dict[int, list[Batch]] = defaultdict(list)
    for one in batches_in(
        work, own.order_by(BatchRow.no).execution_options(populate_existing=True)
    ):
        batches[one.project.id].append(one)
    return {
        row.project_no: OnFile(
            id=ProjectId(row.id), state=ProjectState(row.state),
            filed=_filed(row, unit, batches[row.id]),
            batches={one.no: one.id for one in batches[row.id]},
        )
        for row, unit in rows
    }  # fmt: skip


def hanging_on(
    work: Work, batch_ids: Collection[int], *, but: Collection[str] = ()
) -> dict[int, int]:
    """How much hangs on each of these batches: swipes, awards, credit. For who reaches.

    What stands in the tables of these names is not counted.
    """
    found: dict[int, int] = defaultdict(int)
    for table in Base.metadata.sorted_tables:  # a handful of tables, each asked once for all
        if "batch_id" in table.c and table not in _OF_BATCH and table.name not in but:
            column = table.c.batch_id
            asked = select(column, func.count()).where(column == any_of(batch_ids)).group_by(column)
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
