"""Rows of the standards: editions as they were loaded, and who uses which regional pack."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import AppendOnly, Audited, Base


class EditionRow(AppendOnly, Audited, Base):
    """规则版本 — one edition of a rule pack, whole, as it was loaded; never changed.

    Public knowledge of nobody's place, so it has no path: everyone is judged by it.
    """

    __tablename__ = "standard_edition"
    __table_args__ = (
        UniqueConstraint("pack_id", "edition"),
        CheckConstraint("edition > 0", name="edition"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    pack_id: Mapped[str]
    edition: Mapped[int] = mapped_column(Integer)
    # SHA-256 of the body's canonical JSON, in hex.
    digest: Mapped[str] = mapped_column(unique=True)
    # The pack with its parents laid in.
    body: Mapped[dict[str, Any]]
    valid_from: Mapped[date]
    # Null until further notice.
    valid_to: Mapped[date | None]
    loaded_at: Mapped[datetime]


class UseRow(Audited, Base):
    """规则适用 — a unit and all below it go by a regional pack while that is in force.

    Not placed: a nurse's own scope must see what her city uses, which stands above her.
    """

    __tablename__ = "standard_use"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    pack_id: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
