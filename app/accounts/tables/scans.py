"""扫码登录 — pictures on computers' screens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Base


class ScanRow(Base):
    """扫码 — a picture of one browser's screen, found by the hash of its token."""

    __tablename__ = "scan"
    __table_args__ = (Index(None, "browser_hash"), Index(None, "expires_at"))

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    browser_hash: Mapped[bytes]
    slug: Mapped[str]
    number: Mapped[int]
    # The numbers among which the phone chooses, in the order shown.
    numbers: Mapped[list[Any]]
    agent: Mapped[str]
    address: Mapped[str]
    expires_at: Mapped[datetime]
    # Null until a phone opened it; the picture then belongs to that follower.
    openid: Mapped[str | None]
    # Null until the right number was chosen.
    login_id: Mapped[int | None] = mapped_column(ForeignKey("login.id"))
    # Set once it can lead nowhere any more: used, cancelled, or a wrong number chosen.
    ended_at: Mapped[datetime | None]
