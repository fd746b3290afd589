"""Changes of projects and their batches."""

from __future__ import annotations

from collections.abc import Sequence

from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import RowError
from app.projects import steps
from app.projects.terms import FiledProject, Imported


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
