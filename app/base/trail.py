"""审计 and 发件箱 — what was done, and what must still be done because of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import AppendOnly, Base


class AuditEntry(AppendOnly, Base):
    """审计记录 — one change of one row, or one act on a set of rows."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "table_name", "row_id"),
        Index(None, "path", "at"),
        # The log of a day, wherever it was written.
        Index(None, "at", "path"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    via: Mapped[str]
    action: Mapped[str]
    table_name: Mapped[str]
    row_id: Mapped[str]
    path: Mapped[str]
    change: Mapped[dict[str, Any]]


class OutboxMessage(Base):
    """发件箱 — work that follows from a committed change; the row is the job, Redis only wakes."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_due", "due_at", postgresql_where=text("done_at is null")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    topic: Mapped[str]
    body: Mapped[dict[str, Any]]
    path: Mapped[str]
    due_at: Mapped[datetime]
    # How often somebody began it; who is at it holds the row's lock.
    attempts: Mapped[int] = mapped_column(default=0)
    # How many of them ended in a fault of the message's own.
    faults: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    # Null while it is to be done; set too when it was given up, and `error` says why.
    done_at: Mapped[datetime | None]


class TurnRow(Base):
    """定时任务的一次 — a turn of a periodic job, told by whoever could add this row."""

    __tablename__ = "periodic_turn"

    topic: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[datetime] = mapped_column(primary_key=True)
