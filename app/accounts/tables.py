"""Rows of the front desk, which is read before any scope exists: no credit, no medical data.

None of these tables is under row security; the `protected` contract of the house shuts them to all
but this context.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.terms import AccountKind, Mode
from app.base.database import Audited, Base, Personal, Placed, one_of
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


class OfficialAccountRow(Audited, Base):
    """公众平台账号 — its secrets are sealed."""

    __tablename__ = "official_account"
    __table_args__ = (one_of("kind", AccountKind), one_of("mode", Mode))

    slug: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    appid: Mapped[str] = mapped_column(unique=True)
    secret: Mapped[bytes]
    token: Mapped[bytes]
    # Null in plain mode.
    aes_key: Mapped[bytes | None]
    mode: Mapped[str]


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


class CallbackRow(Base):
    """回调 — a message of the platform, and the reply that every resend of it receives."""

    __tablename__ = "callback"
    __table_args__ = (Index(None, "at"),)

    slug: Mapped[str] = mapped_column(primary_key=True)
    # The platform's own key of the message (wechat.md 1.2), hashed: it holds the openid.
    key: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    # Null while the first delivery is being answered.
    reply: Mapped[bytes | None]
