"""Rows of cards that are asked for."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Personal, Placed, one_of
from app.making.terms import Kind, State


class CardBatchRow(Placed, Audited, Base):
    """制卡批次 — cards of one kind for people of one unit, with its unit's path."""

    __tablename__ = "card_batch"
    __table_args__ = (one_of("kind", Kind), one_of("state", State), Index(None, "path"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    # Null while it is a draft.
    due_on: Mapped[date | None]


class CardOrderRow(Personal, Audited, Base):
    """制卡申请 — one person's place in a batch; the last three are null until it is handed out."""

    __tablename__ = "card_order"
    __table_args__ = (
        Index(None, "path"),
        # Nobody waits for two cards at once.
        Index(
            "uq_card_order_waiting",
            "person_id",
            unique=True,
            postgresql_where=text("handed_at is null"),
        ),
    )

    card_batch_id: Mapped[int] = mapped_column(ForeignKey("card_batch.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    old_no: Mapped[str]
    new_no: Mapped[str | None]
    handed_at: Mapped[datetime | None]
    received_by: Mapped[str | None]
