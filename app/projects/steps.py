"""Steps in the life of a project that other contexts take inside their own commands."""

from __future__ import annotations

from app.base.work import Work
from app.kernel.errors import ConflictError
from app.projects.rules import reached
from app.projects.tables import ProjectRow
from app.projects.terms import Act, ProjectId, ProjectState


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
