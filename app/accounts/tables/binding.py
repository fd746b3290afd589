"""绑定 — openids and the persons they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Personal


class BindingRow(Personal, Audited, Base):
    """绑定 — an openid of an account and the person it belongs to, while `ended_at` is null."""

    __tablename__ = "binding"
    __table_args__ = (
        Index(
            "uq_binding_openid",
            "slug",
            "openid",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        Index(
            "uq_binding_person",
            "slug",
            "person_id",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        Index(None, "person_id"),
    )
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"))
    openid: Mapped[str]
    person_no: Mapped[str]
    bound_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
