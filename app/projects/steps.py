"""Steps in the life of a project that other contexts take inside their own commands."""

from __future__ import annotations

from app.base.work import Work
from app.kernel.errors import ConflictError
from app.projects.rules import EDGES, next_state
from app.projects.tables import ProjectRow
from app.projects.terms import Act, ProjectId, ProjectState


def advance(work: Work, project_id: ProjectId, act: Act) -> ProjectState:
    """项目进展 — the state to which the act brings the project, which is locked first.

    A project that is already where the act leads stays there, so an act may be told twice.
    ConflictError for an act that is not for its state.
    """
    row = work.session.get_one(ProjectRow, project_id, with_for_update=True)
    state = ProjectState(row.state)
    reached = next_state(state, act)
    if reached is None:
        if state not in {to for (_, done), to in EDGES.items() if done is act}:
            raise ConflictError("projects.project.act_refused", project_no=row.project_no)
        return state
    row.state = reached
    return reached
