"""日志 — what was done to a run, and to a batch, its sessions, its clock and its awards."""

from __future__ import annotations

from sqlalchemy import select

from app.attendance.tables import ClockRepairRow
from app.awards.queries.runs import run_of
from app.awards.tables import DenialRow, RunRow
from app.base.acts import Act, acts_on
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.projects import queries as projects
from app.projects.tables import BatchRow, SessionRow

_MOST = 50


@query(Permission.AWARDS_READ)
def trail_of_run(work: Work, run_id: int) -> tuple[Act, ...]:
    """日志 — what was done to a run within sight, the latest first."""
    run_of(work, run_id)
    return acts_on(work, {RunRow.__tablename__: [str(run_id)]}, _MOST)


@query(Permission.AWARDS_READ)
def trail_of_batch(work: Work, project_no: str, batch_no: int) -> tuple[Act, ...]:
    """日志 — what was done to a batch within sight and to what hangs on it, the latest first."""
    batch = projects.batch_of(work, project_no, batch_no)
    rows = {BatchRow.__tablename__: [str(batch.id)]}
    for table in (SessionRow, RunRow, DenialRow, ClockRepairRow):
        ids = work.session.scalars(select(table.id).where(table.batch_id == batch.id))
        rows[table.__tablename__] = list(map(str, ids))
    return acts_on(work, rows, _MOST)
