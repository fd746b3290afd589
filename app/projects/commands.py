"""Changes of projects and their batches."""

from __future__ import annotations

from collections.abc import Sequence

from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, NotFoundError, RowError
from app.projects import queries, steps
from app.projects.terms import Act, FiledProject, Imported, ProjectState


@command(Permission.PROJECTS_REPORT)
def register(work: Work, project_no: str) -> None:
    """开班登记 — the host says before the first batch begins that it will be held as announced.

    ConflictError once a batch has begun, and for a project that is registered or beyond.
    """
    batches = queries.batches_of_project(work, project_no)
    if not batches:
        raise NotFoundError("projects.project.unknown", project_no=project_no)
    project = batches[0].project
    if project.state is not ProjectState.ANNOUNCED:
        raise ConflictError("projects.register.not_now", project_no=project.no)
    if min(one.span.start for one in batches) <= work.now:
        raise ConflictError("projects.register.late", project_no=project.no)
    steps.advance(work, project.id, Act.REGISTER)


@command(Permission.PROJECTS_IMPORT, reaches=True)
def import_projects(
    work: Work, filed: Sequence[FiledProject], *, unread: Sequence[RowError] = ()
) -> Imported:
    """导入项目 — the projects and batches of a file stand as the file says, all or none.

    What stands already is changed in place: sessions and lecturers become those of the file, a
    batch that the file leaves out stays, the state stays. `unread` are the faults that the door
    found; they are told together with those found here. InvalidError names every wrong row.
    """
    return steps.put(work, filed, unread=unread)
