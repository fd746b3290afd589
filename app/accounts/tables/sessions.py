"""会话 — browsers that are signed in; each is found by the keyed hash of its cookie."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Base


class PhoneSessionRow(Base):
    """手机会话 — a browser in WeChat that is known to be an openid's."""

    __tablename__ = "phone_session"
    __table_args__ = (Index(None, "slug", "openid"), Index(None, "seen_at"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    slug: Mapped[str]
    openid: Mapped[str]
    # Opened by a link in the chat, not by OAuth.
    light: Mapped[bool]
    agent: Mapped[str]
    address: Mapped[str]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    # Null while it lives.
    ended_at: Mapped[datetime | None]
