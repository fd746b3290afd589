"""会话 — browsers that are signed in; each is found by the keyed hash of its cookie."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.terms.logins import Stage, Way
from app.base.database import Base, one_of


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


class ConsoleSessionRow(Base):
    """电脑会话 — a browser at the console."""

    __tablename__ = "console_session"
    __table_args__ = (
        one_of("stage", Stage),
        one_of("way", Way),
        Index(None, "login_id"),
        Index(None, "seen_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"))
    # The capacity chosen; null where none was yet, and for one's own person.
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("grant_held.id"))
    stage: Mapped[str]
    way: Mapped[str]
    strong: Mapped[bool]
    agent: Mapped[str]
    address: Mapped[str]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    # However much it is used.
    until: Mapped[datetime]
    # Null while it lives.
    ended_at: Mapped[datetime | None]


class KnownDeviceRow(Base):
    """认识的设备 — a browser from which its owner once signed in."""

    __tablename__ = "known_device"
    __table_args__ = (Index(None, "seen_at"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), primary_key=True)
    seen_at: Mapped[datetime]
