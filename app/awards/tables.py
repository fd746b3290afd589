"""Rows of awards."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Identity, Index, Integer, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.awards.terms import RunState
from app.base.database import AppendOnly, Audited, Base, Personal, Placed, one_of
from app.credits.terms import Part
from app.kernel.credit import Credit


class RunRow(Placed, Audited, Base):
    """授分批次 — one judging of one batch, by the plan and the standard it keeps for ever."""

    __tablename__ = "award_run"
    __table_args__ = (
        one_of("state", RunState),
        Index(None, "path"),
        # At most one run of a batch is in force.
        Index(
            "uq_award_run_in_force",
            "batch_id",
            unique=True,
            postgresql_where=text("state = 'done'"),
        ),
        # And at most one waits: a second asker is told so.
        Index(
            "uq_award_run_queued",
            "batch_id",
            unique=True,
            postgresql_where=text("state = 'queued'"),
        ),
        Index(None, "batch_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    batch_id: Mapped[int]
    state: Mapped[str]
    plan: Mapped[dict[str, Any]]
    # Null until judged.
    edition_id: Mapped[int | None]
    # Null until judged, and where the regime has no classes.
    credit_class: Mapped[str | None]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    done_at: Mapped[datetime | None]
    granted_count: Mapped[int | None] = mapped_column(Integer)
    refused_count: Mapped[int | None] = mapped_column(Integer)
    # Code → how many verdicts carry it.
    reasons: Mapped[dict[str, Any] | None]
    over_limit: Mapped[int | None] = mapped_column(Integer)
    # Why it was refused as a whole or undone; null otherwise.
    remark: Mapped[str | None]


class VerdictRow(Personal, AppendOnly, Base):
    """授分结论 — the answer for one person in one part, with every reason; never changed."""

    __tablename__ = "award_verdict"
    __table_args__ = (one_of("part", Part), Index(None, "person_id", "run_id"))
    __path_index__: ClassVar[bool] = False

    run_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    granted: Mapped[bool]
    gross: Mapped[Credit]
    cap: Mapped[Credit | None]
    net: Mapped[Credit]
    # 小时
    hours: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    # Null where there is nothing to say.
    reasons: Mapped[list[Any] | None]


class DenialRow(Placed, Audited, Base):
    """不予授分 — a host gives a person nothing of a batch; gone once it changed its mind."""

    __tablename__ = "award_denial"
    __table_args__ = (UniqueConstraint("batch_id", "person_id"), Index(None, "path"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    batch_id: Mapped[int]
    person_id: Mapped[int]
    reason: Mapped[str]
    denied_at: Mapped[datetime]
    denied_by: Mapped[str]
