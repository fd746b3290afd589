"""Rows of people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Personal, Placed, one_of
from app.people.terms import (
    IdType,
    ImportKind,
    ImportState,
    PostingAct,
    Sex,
    Status,
    TitleLevel,
)


class PersonRow(Placed, Audited, Base):
    """人员 — one person; numbers of identity and phones are sealed, and found by keyed hash."""

    __tablename__ = "person"
    __table_args__ = (
        one_of("id_type", IdType),
        one_of("sex", Sex),
        one_of("title_level", TitleLevel),
        one_of("status", Status),
        Index(None, "path"),
        # Who asks to be known says a name first.
        Index(None, "name"),
        # The list of a hospital, page by page.
        Index("ix_person_listing", "unit_id", "name_key", "id"),
        Index(
            "ix_person_merged_into",
            "merged_into",
            postgresql_where=text("merged_into is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person_no: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    # 拼音 — by which Chinese names sort and are searched.
    name_key: Mapped[str]
    id_type: Mapped[str]
    id_number: Mapped[bytes]
    id_number_index: Mapped[bytes] = mapped_column(unique=True)
    sex: Mapped[str | None]
    birth_on: Mapped[date | None]
    unit_id: Mapped[int]
    # Null where the unit has no departments, or the person's is not known.
    department_id: Mapped[int | None]
    title: Mapped[str]
    title_level: Mapped[str | None]
    post: Mapped[str]
    education: Mapped[str]
    specialty: Mapped[str]
    phone: Mapped[bytes | None]
    phone_index: Mapped[bytes | None] = mapped_column(index=True)
    # The status of the newest dated row, kept here for lists.
    status: Mapped[str]
    # The record that this one became a part of; null while it stands for itself.
    merged_into: Mapped[int | None]


class StatusRow(Personal, Audited, Base):
    """人员状态 — the status in force from a day on; `ALWAYS` where no day is known."""

    __tablename__ = "person_status"
    __table_args__ = (
        one_of("status", Status),
        Index(None, "path"),
        # Who has a status that few have is asked at every award.
        Index(
            "ix_person_status_uncommon",
            "status",
            "person_id",
            postgresql_where=text("status <> 'normal'"),
        ),
    )

    person_id: Mapped[int] = mapped_column(primary_key=True)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    status: Mapped[str]


class PostingRow(Personal, Audited, Base):
    """任职 — a stretch of days in which a person stood in a unit and department.

    From `ALWAYS` where its first day is not known. It moves along with the person: who they work
    for now may read where they worked before, and who they worked for may not.
    """

    __tablename__ = "person_posting"
    __table_args__ = (
        one_of("began", PostingAct),
        one_of("ended", PostingAct),
        Index(None, "path"),
        Index(None, "person_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int]
    # Null where they stood in none.
    department_id: Mapped[int | None]
    from_on: Mapped[date]
    # Null while it lasts, and so is what ended it.
    until_on: Mapped[date | None]
    began: Mapped[str]
    ended: Mapped[str | None]
    # As they were when it ended; empty while it lasts.
    title: Mapped[str]
    post: Mapped[str]


class ApartRow(Placed, Audited, Base):
    """不是同一人 — two people whom somebody looked at, and who are not one; the lesser id first.

    At the lowest place that holds both: whoever sees both sees what was said of them.
    """

    __tablename__ = "person_apart"
    __table_args__ = (
        Index(None, "path"),
        Index("uq_person_apart_pair", "first_id", "second_id", "path", unique=True),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    first_id: Mapped[int]
    second_id: Mapped[int]
    by: Mapped[str]
    at: Mapped[datetime]


class PhotoRow(Personal, Audited, Base):
    """照片 — a person's, made anew by `base.pictures`; `mark` is its hash, by which it is asked."""

    __tablename__ = "person_photo"
    __table_args__ = (Index(None, "path"),)

    person_id: Mapped[int] = mapped_column(primary_key=True)
    picture: Mapped[bytes]
    mark: Mapped[str]
    taken_at: Mapped[datetime]


class ImportRow(Placed, Base):
    """导入 — a file that was sent in, at the place of whoever did, and what became of it."""

    __tablename__ = "people_import"
    __table_args__ = (one_of("kind", ImportKind), one_of("state", ImportState), Index(None, "path"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default=ImportKind.PEOPLE)
    name: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[str]
    counts: Mapped[dict[str, Any]]
    # Sealed; null once nobody can ask for it any more.
    body: Mapped[bytes | None]
    # Sealed: how everybody stood before; null until it is imported, and once it is taken back.
    before: Mapped[bytes | None]
    # Null until then.
    done_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
