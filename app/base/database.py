"""The declarative base, and the columns that tenant-owned tables share."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.kernel.credit import Credit

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class CreditType(TypeDecorator[Credit]):
    """学分 as NUMERIC(7, 2) on disk and `Credit` in Python."""

    impl = Numeric(7, 2)
    cache_ok = True

    def process_bind_param(self, value: Credit | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else value.amount

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Credit | None:
        return None if value is None else Credit(value)


class Base(DeclarativeBase):
    """The root of every table; ids are 64-bit, times carry a zone, text has no length."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        Credit: CreditType,
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
        date: Date,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class Placed:
    """A row that stands somewhere in the tree; row security compares its `path`.

    `path` is the place of the owner: a unit's for what a unit owns, a person's own leaf for what
    is about one person. A fact table of many millions of rows, always reached by batch or person,
    sets `__path_index__` to False: the policy filters it, no list walks it by path. The front desk,
    which is read before any scope exists, sets `__row_security__` to False.
    """

    __path_index__: ClassVar[bool] = True
    __row_security__: ClassVar[bool] = True

    path: Mapped[str] = mapped_column(Text(collation="C"))


class Personal(Placed):
    """A row about one person: it carries the person's path and moves with it, by `repath`."""

    person_id: Mapped[int]


class Between(Placed):
    """A row that stands at two places: whoever sees one of them sees it."""

    other_path: Mapped[str] = mapped_column(Text(collation="C"))


class Audited:
    """A row whose every change is written to the audit trail by `base.work`."""


class AppendOnly:
    """A row that is never changed or removed: the app's role may only add and read."""


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """The constraint that a text column holds one of an enum's values, or nothing."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} in ({listed})", name=column)
