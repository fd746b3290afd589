"""一次性码 — for a new password, and for a phone that is lost; links that freeze."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Audited, Base


class CodeRow(Audited, Base):
    """一次性码 — Argon2id of a code that lets its log-in set a new password, once."""

    __tablename__ = "reset_code"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), index=True)
    code_hash: Mapped[bytes]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Why an administrator asked for it; null where its owner did.
    reason: Mapped[str | None]
    # Null while an administrator's code waits for its owner to agree.
    agreed_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


class RecoveryRow(Audited, Base):
    """恢复码 — Argon2id of a code that stands in for a lost authenticator, once."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), index=True)
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]


class FreezeLinkRow(Base):
    """冻结链接 — sent to whom a password belongs, who may stop everything with it."""

    __tablename__ = "freeze_link"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), index=True)
    expires_at: Mapped[datetime]
    # Null while unused.
    used_at: Mapped[datetime | None]
