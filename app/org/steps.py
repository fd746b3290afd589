"""Steps by which other contexts change the tree inside their own command."""

from __future__ import annotations

from sqlalchemy import select

from app.base.work import Work
from app.kernel.errors import ConflictError, NotFoundError
from app.org.tables import UnitRow
from app.org.terms import UnitKind


def open_department(work: Work, code: str) -> UnitRow:
    """The department of that code within sight, locked and open.

    NotFoundError for what is none; ConflictError where it was closed.
    """
    asked = select(UnitRow).where(UnitRow.code == code).with_for_update()
    row = work.session.scalars(asked).one_or_none() if code.isprintable() else None
    if row is None or row.kind != UnitKind.DEPARTMENT:
        raise NotFoundError("org.department.unknown", department=code[:32])
    if row.closed_at is not None:
        raise ConflictError("org.department.closed", department=row.name)
    return row


def close(work: Work, code: str) -> None:
    """The department takes nobody in any more. ConflictError while others stand under it."""
    row = open_department(work, code)
    below = select(UnitRow.name).where(UnitRow.parent_id == row.id, UnitRow.closed_at.is_(None))
    others = work.session.scalars(below.order_by(UnitRow.sort_order, UnitRow.id)).all()
    if others:
        raise ConflictError("org.department.parent", department=row.name, below=", ".join(others))
    row.closed_at = work.now
