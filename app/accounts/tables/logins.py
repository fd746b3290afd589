"""登录账号、授权、邀请 — who may come in."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Placed, one_of
from app.kernel.actor import Role


class LoginRow(Audited, Base):
    """登录账号 — a name and, once its owner has set one, a password hash; never an initial one."""

    __tablename__ = "login"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    # Null until the owner used the first link. Argon2id, so it tells nothing in the trail.
    password_hash: Mapped[bytes | None]
    created_at: Mapped[datetime]


class GrantRow(Placed, Audited, Base):
    """授权 — a role held at a place."""

    __tablename__ = "grant_held"
    __table_args__ = (one_of("role", Role), Index(None, "login_id", "role", "unit_id", unique=True))
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"))
    role: Mapped[str]
    unit_id: Mapped[int]


class LinkRow(Audited, Base):
    """一次性链接 — found by the hash of its token; the token itself is nowhere."""

    __tablename__ = "link"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), index=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("grant_held.id"))
    expires_at: Mapped[datetime]
    # Null while unused.
    used_at: Mapped[datetime | None]
