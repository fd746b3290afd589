"""微信平台 — tokens, gates, followers, deliveries and menus; the tokens are sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.terms import Channel, DeliveryState, FollowerState, TokenKind
from app.base.database import Base, one_of


class TokenRow(Base):
    """平台凭证 — what the platform lent an account, and how often we asked of late.

    Its row lock is the turn to ask: who holds it asks for everybody, in whatever process.
    """

    __tablename__ = "wechat_token"
    __table_args__ = (one_of("kind", TokenKind),)

    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    # Null before the first, and after the platform refused the one we had.
    value: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    # The last few times the platform answered, as milliseconds since 1970.
    fetches: Mapped[list[Any]]
    # How often in a row it did not answer.
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None]


class GateRow(Base):
    """接口闸门 — how fast an interface of an account is called, and whether it is shut.

    `api` is the interface's path; `*` stands for the whole account.
    """

    __tablename__ = "wechat_gate"

    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"), primary_key=True)
    api: Mapped[str] = mapped_column(primary_key=True)
    # Calls that may go at once, at the moment `at`.
    room: Mapped[float]
    at: Mapped[datetime]
    # Null where it was never shut; past where it is open again.
    until: Mapped[datetime | None]
    errcode: Mapped[int | None]
    said: Mapped[str | None]


class FollowerRow(Base):
    """粉丝 — an openid of an account, bound or not, and how much we may still say to it."""

    __tablename__ = "follower"
    __table_args__ = (one_of("state", FollowerState),)

    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"), primary_key=True)
    openid: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    # Null until a first message; what we sent since then.
    heard_at: Mapped[datetime | None]
    heard_sent: Mapped[int] = mapped_column(default=0)
    # Null until a first touch of the menu, scan or follow; what we sent since then.
    acted_at: Mapped[datetime | None]
    acted_sent: Mapped[int] = mapped_column(default=0)
    tags: Mapped[list[Any]]


class DeliveryRow(Base):
    """送达记录 — one message to one follower, under the number of the outbox message it is for.

    It is written before the platform is called, so that after a crash nobody is told twice.
    """

    __tablename__ = "wechat_delivery"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("state", DeliveryState),
        Index(None, "slug", "platform_id"),
        Index(None, "begun_at"),
    )

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"))
    openid: Mapped[str]
    # Null where no channel was open.
    channel: Mapped[str | None]
    state: Mapped[str]
    begun_at: Mapped[datetime]
    # Null until the platform was first called for it.
    called_at: Mapped[datetime | None]
    # The platform's own number of a template message; null where it gives none.
    platform_id: Mapped[str | None]
    reason: Mapped[str | None]


class MenuRow(Base):
    """菜单 — the last synchronisation of an account's menus, and its tag of the bound."""

    __tablename__ = "wechat_menu"

    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"), primary_key=True)
    # Null until the platform gave it a number.
    bound_tag: Mapped[int | None]
    # Null until a first synchronisation.
    at: Mapped[datetime | None]
    trial: Mapped[bool]
    steps: Mapped[list[Any]]
    error: Mapped[str | None]
