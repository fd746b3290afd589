"""登录账号、授权、邀请 — who may come in."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base, Personal, Placed, one_of
from app.kernel.actor import Role


class LoginRow(Personal, Audited, Base):
    """登录账号 — a name and, once its owner has set one, a password hash; never an initial one."""

    __tablename__ = "login"
    __table_args__ = (
        # A person's name here is their number; an administrator cannot take it from them.
        Index(
            "uq_login_name", "name", unique=True, postgresql_where=text("person_id is null")
        ),
        Index(None, "name"),
        Index("uq_login_person_id", "person_id", unique=True),
        Index("uq_login_card_no", "card_no", unique=True),
    )  # fmt: skip
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    # Null for an administrator, whose path is then empty: they stand where their grants do.
    person_id: Mapped[int | None] = mapped_column(nullable=True)  # type: ignore[assignment]
    # Null for an administrator, and for a person without a card.
    card_no: Mapped[str | None]
    # Null until the owner used the first link or code. Argon2id, so it tells nothing in the trail.
    password_hash: Mapped[bytes | None]
    password_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    # Null while it may be used.
    frozen_at: Mapped[datetime | None]
    # Sealed; null until an authenticator is being set up, which `totp_at` says is done.
    totp_key: Mapped[bytes | None]
    totp_at: Mapped[datetime | None]
    # The time step of the last number taken: none of it or before is taken again (RFC 6238 5.2).
    totp_step: Mapped[int | None]


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


class PastPasswordRow(Base):
    """用过的密码 — hashes, so that the last few are not taken again."""

    __tablename__ = "past_password"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), index=True)
    password_hash: Mapped[bytes]
    ended_at: Mapped[datetime]


class AttemptRow(Base):
    """尝试次数 — how often something was tried of late, by what the limit goes by (hashed)."""

    __tablename__ = "attempt"
    __table_args__ = (Index(None, "since"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    count: Mapped[int]
    held_until: Mapped[datetime]
