"""项目表 — tables of projects are looked at, taken in, and taken back."""

from __future__ import annotations

from app.base.work import Work, command
from app.filing import steps
from app.kernel.actor import Permission
from app.kernel.table import Table
from app.kernel.tidy import Tidied
from app.people import steps as imports
from app.people.terms import Enrolment, ImportKind


@command(Permission.PROJECTS_IMPORT, reaches=True)
def check_list(work: Work, table: Table, tidied: Tidied, import_id: int | None = None) -> int:
    """检查项目表 — what each line would do, and every wrong cell; the number it is kept under."""
    return imports.check(
        work, ImportKind.PROJECTS, table, tidied, lambda some: steps.judged(work, some), import_id
    )


@command(Permission.PROJECTS_IMPORT, reaches=True)
def take_list(work: Work, import_id: int) -> Enrolment:
    """导入项目表 — the projects and batches stand as the good lines of a checked table say.

    ConflictError where somebody took it in already; InvalidError where a line is good no more: then
    nothing is changed.
    """
    row, sheet = imports.taking(work, ImportKind.PROJECTS, import_id)
    enrolment, before = steps.take(work, sheet)
    return imports.taken(work, row, enrolment, before)


@command(Permission.PROJECTS_IMPORT, reaches=True)
def undo_list(work: Work, import_id: int) -> tuple[str, ...]:
    """撤回项目表 — what a table brought is no more, and what it changed is as before, for a day.

    The numbers of the projects of which that is not so: swiped for, awarded or changed since, or
    out of sight. ConflictError where it was taken back, or is too long ago.
    """
    row, before, _ = imports.undoing(work, ImportKind.PROJECTS, import_id)
    undone, kept = steps.take_back(work, before)
    imports.undone(work, row, undone)
    return kept
