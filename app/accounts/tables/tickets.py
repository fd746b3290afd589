"""入场券 — links in a chat that open the phone pages once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Base


class PhoneTicketRow(Base):
    """入场券 — found by the hash of its token; the token itself is nowhere."""

    __tablename__ = "phone_ticket"
    __table_args__ = (Index(None, "expires_at"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    slug: Mapped[str]
    openid: Mapped[str]
    path: Mapped[str]
    expires_at: Mapped[datetime]
    # Null while unused.
    used_at: Mapped[datetime | None]
