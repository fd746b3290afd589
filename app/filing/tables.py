"""Rows of what is filed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Placed, one_of
from app.filing.terms import AlterationState, FileKind
from app.projects.terms import ProjectState


class FilingRow(Placed, Audited, Base):
    """申报 — with the path of who files it: a unit's, or a department's of it."""

    __tablename__ = "filing"
    __table_args__ = (
        one_of("state", ProjectState),
        UniqueConstraint("project_no"),
        Index(None, "path"),
        Index(None, "leader_index", "year"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int]
    state: Mapped[str]
    # Goes up with every change, so that nobody changes what they did not see.
    version: Mapped[int]
    # These three are what the body says, for lists; empty or wrong as it was typed.
    name: Mapped[str]
    level: Mapped[str]
    year: Mapped[int]
    # What was typed, but for what identifies people: that is in `sealed`. Null where none is.
    body: Mapped[dict[str, Any]]
    sealed: Mapped[bytes | None]
    # By which the filings of one leader are found; null until it was filed.
    leader_index: Mapped[bytes | None]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    # Null until it was filed.
    filed_at: Mapped[datetime | None]
    filed_by: Mapped[str | None]
    # Why it was sent back, when, and what it said then; null where it never was.
    remark: Mapped[str | None]
    returned_at: Mapped[datetime | None]
    returned_body: Mapped[dict[str, Any] | None]
    # Null until it is announced.
    project_no: Mapped[str | None]


class AttachmentRow(Placed, Audited, Base):
    """附件 — a file as it is kept, with its filing's path."""

    __tablename__ = "filing_attachment"
    __table_args__ = (
        one_of("kind", FileKind),
        UniqueConstraint("filing_id", "kind", "sha256"),
        Index(None, "path"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"))
    kind: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes]
    content: Mapped[bytes] = mapped_column(deferred=True)
    at: Mapped[datetime]
    by: Mapped[str]


class AlterationRow(Placed, Audited, Base):
    """变更 — a batch is held at another time or place than before, or is to be."""

    __tablename__ = "alteration"
    __table_args__ = (
        one_of("state", AlterationState),
        CheckConstraint("starts_at < ends_at", name="span"),
        Index(None, "path"),
        Index(None, "batch_id"),
        # Of two at once the second is refused.
        Index("uq_alteration_asked", "batch_id", unique=True,
              postgresql_where=text("state = 'asked'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    state: Mapped[str]
    # As it was before: of the first that was done, what was announced.
    from_starts_at: Mapped[datetime]
    from_ends_at: Mapped[datetime]
    from_venue: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    venue: Mapped[str]
    # Whether whoever asked says that the other place is only another room.
    near: Mapped[bool]
    # For which it needs the bureau's consent; none for what was done at once.
    causes: Mapped[list[Any]]
    # Empty where none was needed, and none was given.
    reason: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    # Null while it is asked.
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    # What the bureau said with its decision; null where it said nothing.
    remark: Mapped[str | None]
