"""Rows of projects."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Placed, one_of
from app.kernel.credit import Credit
from app.projects.terms import (
    CourseKind,
    CreditClass,
    Level,
    MedicalType,
    ProjectState,
    SessionKind,
)


class ProjectRow(Placed, Audited, Base):
    """项目."""

    __tablename__ = "project"
    __table_args__ = (
        one_of("level", Level),
        one_of("medical_type", MedicalType),
        one_of("credit_class", CreditClass),
        one_of("course_kind", CourseKind),
        one_of("state", ProjectState),
        Index(None, "path"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_no: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    level: Mapped[str]
    promoted: Mapped[bool] = mapped_column(default=False)
    medical_type: Mapped[str]
    # Null where the regime has no classes.
    credit_class: Mapped[str | None]
    course_kind: Mapped[str]
    unit_id: Mapped[int]
    year: Mapped[int]
    credits: Mapped[Credit]
    hours: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
    # The announced limit a person; null where only the standard's limit holds.
    cap_project: Mapped[Credit | None]
    state: Mapped[str]
    # Why it was sent back; null where it was not.
    remark: Mapped[str | None]


class BatchRow(Placed, Audited, Base):
    """期次."""

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("project_id", "no"),
        CheckConstraint("starts_at < ends_at", name="span"),
        Index(None, "path"),
        Index(None, "ends_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    no: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    venue: Mapped[str]
    unit_only: Mapped[bool]
    limit_persons: Mapped[int | None]
    # The plan as filed (授分方案); a run keeps the one it used.
    plan: Mapped[dict[str, Any]]


class SessionRow(Placed, Audited, Base):
    """场次."""

    __tablename__ = "batch_session"
    __table_args__ = (
        one_of("kind", SessionKind),
        UniqueConstraint("batch_id", "key"),
        CheckConstraint("opens_at < closes_at", name="span"),
        Index(None, "path"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    key: Mapped[str]
    label: Mapped[str]
    kind: Mapped[str]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    hours: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
    sort_order: Mapped[int]


class LecturerRow(Placed, Audited, Base):
    """主讲人 — one course of a batch."""

    __tablename__ = "lecturer"
    __table_args__ = (Index(None, "batch_id"), Index(None, "path"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    person_id: Mapped[int]
    person_no: Mapped[str]
    course: Mapped[str]
    given_on: Mapped[date]
    hours: Mapped[Decimal] = mapped_column(Numeric(7, 2))
