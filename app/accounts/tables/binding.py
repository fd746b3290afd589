"""绑定 — openids, the persons they belong to, and what proves it."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.terms.binding import BindingEnd, ClaimEnd, How
from app.base.database import Audited, Base, Personal, Placed, one_of

_STANDS = text("ended_at is null")


class BindingRow(Personal, Audited, Base):
    """绑定 — an openid of an account and the person it belongs to, while `ended_at` is null."""

    __tablename__ = "binding"
    __table_args__ = (
        one_of("how", How),
        one_of("ended_as", BindingEnd),
        Index("uq_binding_openid", "slug", "openid", unique=True, postgresql_where=_STANDS),
        Index("uq_binding_person", "slug", "person_id", unique=True, postgresql_where=_STANDS),
        Index(None, "person_id"),
    )
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"))
    openid: Mapped[str]
    person_no: Mapped[str]
    how: Mapped[str]
    bound_at: Mapped[datetime]
    # When the phone was last proven for this binding; null where it never was.
    phone_proven_at: Mapped[datetime | None]
    # Both null while it stands.
    ended_at: Mapped[datetime | None]
    ended_as: Mapped[str | None]


class ClaimRow(Personal, Audited, Base):
    """换绑申请 — an openid that proved to be a person's while another one is, and so waits."""

    __tablename__ = "binding_claim"
    __table_args__ = (
        one_of("how", How),
        one_of("ended_as", ClaimEnd),
        Index("uq_binding_claim_openid", "slug", "openid", unique=True, postgresql_where=_STANDS),
        Index(
            "uq_binding_claim_person", "slug", "person_id", unique=True, postgresql_where=_STANDS
        ),
        Index("ix_binding_claim_due", "effective_at", postgresql_where=_STANDS),
        Index(None, "person_id"),
    )
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"))
    openid: Mapped[str]
    person_no: Mapped[str]
    how: Mapped[str]
    claimed_at: Mapped[datetime]
    effective_at: Mapped[datetime]
    # Both null while it waits.
    ended_at: Mapped[datetime | None]
    ended_as: Mapped[str | None]


class RequestRow(Placed, Audited, Base):
    """确认申请 — a follower's own words about who they are, at the place that may answer."""

    __tablename__ = "binding_request"
    __table_args__ = (
        Index(
            "uq_binding_request_openid",
            "slug",
            "openid",
            unique=True,
            postgresql_where=text("answered_at is null"),
        ),
    )
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"))
    openid: Mapped[str]
    name: Mapped[str]
    department: Mapped[str]
    note: Mapped[str]
    asked_at: Mapped[datetime]
    # Null while nobody answered; then the number of the person, null where it was refused.
    answered_at: Mapped[datetime | None]
    person_no: Mapped[str | None]
    reason: Mapped[str | None]


class SlipRow(Personal, Audited, Base):
    """激活条 — found by the keyed hash of its code; the code itself is on paper only."""

    __tablename__ = "activation_slip"
    __table_args__ = (Index(None, "person_id"),)
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    person_no: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Null while unused; a slip that a newer one replaced expires at that moment.
    used_at: Mapped[datetime | None]


class CardProofRow(Personal, Base):
    """刷卡凭证 — a picture that a reader shows for a minute, by the hash of its token."""

    __tablename__ = "card_proof"
    __table_args__ = (Index(None, "person_id"), Index(None, "expires_at"))
    __path_index__: ClassVar[bool] = False
    __row_security__: ClassVar[bool] = False

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_no: Mapped[str]
    expires_at: Mapped[datetime]
    # Null while unused.
    used_at: Mapped[datetime | None]


class PhoneProofRow(Base):
    """手机号验证票 — for one openid, to be brought back with a phone, by the hash of its token."""

    __tablename__ = "phone_proof"
    __table_args__ = (Index(None, "expires_at"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(ForeignKey("official_account.slug"))
    openid: Mapped[str]
    expires_at: Mapped[datetime]
    # Null while unused.
    used_at: Mapped[datetime | None]
    # Of the platform's code that came with it: none comes with two tickets.
    code_hash: Mapped[bytes | None] = mapped_column(unique=True)


class TryRow(Base):
    """尝试次数 — how many wrong proofs a day saw, by openid and at a person."""

    __tablename__ = "binding_try"

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
