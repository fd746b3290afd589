"""Rows of the credit ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import Identity, Index, Integer, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import AppendOnly, Base, Personal, one_of
from app.credits.terms import Part, Source
from app.kernel.credit import Credit


class EntryRow(Personal, AppendOnly, Base):
    """学分条目 — credit given, or the reversal (冲销) of an earlier entry with its amounts negated.

    Never changed: a correction is a reversal and, where something is still due, a new entry. Gross,
    the limit that reduced it, and net are kept apart, for their difference is the explanation. The
    edition names the standard it was judged by, for ever. No foreign keys: 30 million rows.
    """

    __tablename__ = "credit_entry"
    __table_args__ = (
        one_of("source", Source),
        one_of("part", Part),
        # A run enters a person once in each part; a second time adds nothing.
        Index(
            "uq_credit_entry_run",
            "batch_id",
            "person_id",
            "part",
            "run_id",
            unique=True,
            postgresql_where=text("reverses is null and batch_id is not null"),
        ),
        Index(
            "uq_credit_entry_reverses",
            "reverses",
            unique=True,
            postgresql_where=text("reverses is not null"),
        ),
        # The key, and the lines of a person's year are read from it alone.
        Index(
            "uq_credit_entry",
            "person_id",
            "year",
            "id",
            unique=True,
            postgresql_include=[
                *("path", "given_on", "source", "credit_class"),
                *("gross", "net", "batch_id", "reverses"),
            ],
        ),
    )
    __path_index__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity())
    person_id: Mapped[int] = mapped_column()
    # 年度
    year: Mapped[int] = mapped_column(Integer)
    source: Mapped[str]
    # Null where the regime has no classes.
    credit_class: Mapped[str | None]
    # The standard's item, by which yearly limits are counted.
    item: Mapped[str]
    part: Mapped[str]
    gross: Mapped[Credit]
    # The limit that reduced it; null when none did.
    cap: Mapped[Credit | None]
    net: Mapped[Credit]
    hours: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    given_on: Mapped[date]
    # Null for what comes from no batch.
    project_id: Mapped[int | None]
    batch_id: Mapped[int | None]
    run_id: Mapped[int | None]
    edition_id: Mapped[int]
    entered_at: Mapped[datetime]
    entered_by: Mapped[str]
    # The entry that this one takes back; null for credit given.
    reverses: Mapped[int | None]
    reason: Mapped[str | None]

    # The unique index is the key; a primary key beside it would be a second copy of it.
    __mapper_args__ = {"primary_key": [person_id, year, id]}  # noqa: A003, RUF012  the column


class CourseRow(Personal, AppendOnly, Base):
    """公需课 — what an entry of the ledger was given for, which no project tells."""

    __tablename__ = "public_course"
    __table_args__ = (Index(None, "path"), Index(None, "person_id", "year"))

    entry_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column()
    year: Mapped[int]
    course: Mapped[str]
    issuer: Mapped[str]


class PersonYearRow(Personal, Base):
    """年度合计 — a person's sums of a year, kept by upsert in the transaction of the entries.

    Equal to the ledger's sums at any moment; `credits.queries.unequal_tallies` proves it.
    """

    __tablename__ = "person_year"
    __table_args__ = (
        # The key, and what WeChat asks is answered from it alone.
        Index(
            "uq_person_year",
            "person_id",
            "year",
            unique=True,
            postgresql_include=["total", "class_1", "class_2", "hours", "path"],
        ),
    )
    __path_index__: ClassVar[bool] = False

    person_id: Mapped[int] = mapped_column()
    year: Mapped[int] = mapped_column(Integer)
    total: Mapped[Credit]
    class_1: Mapped[Credit]
    class_2: Mapped[Credit]
    hours: Mapped[Decimal] = mapped_column(Numeric(9, 2))

    # The unique index is the key; a primary key beside it would be a second copy of it.
    __mapper_args__ = {"primary_key": [person_id, year]}  # noqa: RUF012  read once by the mapper
