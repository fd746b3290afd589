"""Rows of transfers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Between, one_of
from app.transfers.terms import Side, State


class TransferRow(Between, Audited, Base):
    """转单位 — between the unit that is left (`path`) and the one that is joined (`other_path`).

    Both keep it when it is over, and nothing else of a person who stands elsewhere.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        one_of("state", State),
        one_of("started_by", Side),
        Index(None, "path"),
        Index(None, "other_path"),
        Index(None, "person_id"),
        # A double click asks once.
        Index(
            "uq_transfer_open",
            "person_id",
            "target_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person_id: Mapped[int]
    # As whoever asked wrote them.
    person_no: Mapped[str]
    name: Mapped[str]
    source_id: Mapped[int]
    target_id: Mapped[int]
    # Null until the unit that is joined chose one, and where it has none.
    department_id: Mapped[int | None]
    state: Mapped[str]
    started_by: Mapped[str]
    # Whether it leads from one city to another.
    across: Mapped[bool]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    expires_at: Mapped[datetime]
    # Null until that unit agreed.
    left_at: Mapped[datetime | None]
    left_by: Mapped[str | None]
    joined_at: Mapped[datetime | None]
    joined_by: Mapped[str | None]
    # Null while it is open.
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    # Why it was refused, or done without the unit that is left; null otherwise.
    reason: Mapped[str | None]
    # Null until it is done: what credit the person had then, and a hash of all its entries.
    handed: Mapped[dict[str, Any] | None]
