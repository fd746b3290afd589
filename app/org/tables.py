"""Rows of the tree of units."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Placed, one_of
from app.org.terms import Grade, UnitKind


class UnitRow(Placed, Audited, Base):
    """机构 — a region, bureau, hospital or department."""

    __tablename__ = "unit"
    __table_args__ = (
        one_of("kind", UnitKind),
        one_of("grade", Grade),
        CheckConstraint("(kind = 'hospital') or grade is null", name="grade_of_hospital"),
        Index(None, "path"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    # Null for a root of the tree alone.
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    grade: Mapped[str | None]
    sort_order: Mapped[int] = mapped_column(default=0)
    # Null while the unit is open.
    closed_at: Mapped[datetime | None]
