"""公众平台账号与回调 — accounts, and messages of the platform."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.terms import AccountKind, Mode
from app.base.database import Audited, Base, one_of


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
    verified: Mapped[bool]
    # Null where the account has no template to speak first with: id, words, at.
    notice: Mapped[dict[str, Any] | None]


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
