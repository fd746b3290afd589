"""Rows of cards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Personal, one_of
from app.cards.terms import CardState


class CardRow(Personal, Audited, Base):
    """一卡通 — a card of a person; its UID is sealed, because every package needs it anew."""

    __tablename__ = "card"
    __table_args__ = (
        one_of("state", CardState),
        Index(None, "path"),
        Index(None, "person_id"),
        Index(
            "uq_card_one_active",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    card_no: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    # From when the state holds.
    since: Mapped[datetime]
    # Null while the chip was never read.
    uid: Mapped[bytes | None]
    uid_index: Mapped[bytes | None] = mapped_column(index=True)
