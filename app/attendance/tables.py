"""Rows of terminals, uploads and swipes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Identity, Index, Integer, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.attendance.terms import (
    DeviceKind,
    DeviceState,
    Fault,
    Hold,
    Resolution,
    SwipeState,
    UploadState,
)
from app.base.database import AppendOnly, Audited, Base, Placed, one_of


class DeviceRow(Placed, Audited, Base):
    """考勤机 — its key is sealed; its enrolment code is kept only as a keyed hash."""

    __tablename__ = "device"
    __table_args__ = (
        one_of("kind", DeviceKind),
        one_of("state", DeviceState),
        Index(None, "path"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    sn: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    state: Mapped[str]
    unit_id: Mapped[int]
    # Null when no code is waiting to be used.
    enrol_code_index: Mapped[bytes | None]
    enrol_expires_at: Mapped[datetime | None]
    # Null until enrolled.
    key: Mapped[bytes | None]
    key_id: Mapped[str | None]
    revoked_reason: Mapped[str | None]
    package_seq: Mapped[int] = mapped_column(default=0)


class DeviceHealthRow(Placed, Base):
    """考勤机近况 — what the terminal last said of itself; changes often, so it is not audited."""

    __tablename__ = "device_health"
    __table_args__ = (Index(None, "path"),)

    device_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    seen_at: Mapped[datetime]
    # Server time less device time, milliseconds, when last measured; null if never.
    offset_ms: Mapped[int | None]
    offset_at: Mapped[datetime | None]
    said: Mapped[dict[str, Any]]


class NonceRow(Base):
    """一次性随机数 — a signed request is taken once; rows older than the time window are swept."""

    __tablename__ = "device_nonce"
    __table_args__ = (Index(None, "at"),)

    device_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class PackageRow(Placed, Base):
    """活动包 — the bytes handed to a terminal, by which its salted card hashes are resolved."""

    __tablename__ = "device_package"
    __table_args__ = (Index(None, "device_id", "seq", unique=True), Index(None, "path"))

    # ULID
    id: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int]
    made_at: Mapped[datetime]
    # The batches it carries; a record of one of them is always taken.
    batch_ids: Mapped[list[Any]]
    # By which a card that is registered later is found behind a salted hash.
    salt: Mapped[bytes]
    # The cards it names by salted hash: 16 bytes of hash and 8 of card id, over and over.
    chips: Mapped[bytes]
    sha256: Mapped[bytes]
    size: Mapped[int]
    body: Mapped[bytes]
    # Null until the terminal said it has it.
    acked_at: Mapped[datetime | None]


class UploadRow(Placed, Base):
    """上传 — a file as it came, what it claimed, and what became of it."""

    __tablename__ = "upload"
    __table_args__ = (
        one_of("state", UploadState),
        one_of("fault", Fault),
        Index(None, "device_id", "sha256", unique=True, postgresql_nulls_not_distinct=True),
        # Only a good file takes its batch id.
        Index(
            "uq_upload_good",
            "device_id",
            "batch_ulid",
            unique=True,
            postgresql_where=text("fault is null and not conflict and state = 'done'"),
        ),
        Index(None, "device_id", "epoch", "first_seq"),
        Index(None, "device_id", "batch_ulid"),
        Index(None, "path"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    # Null when the file names a device that is nobody's.
    device_id: Mapped[int | None] = mapped_column(Integer)
    via: Mapped[str]
    received_at: Mapped[datetime]
    # Of the file's own bytes, unpacked.
    sha256: Mapped[bytes]
    size: Mapped[int]
    state: Mapped[str]
    # Null while queued, and for a good file.
    fault: Mapped[str | None]
    # True for a good file under a batch id that another good file has: it is answered 409.
    conflict: Mapped[bool] = mapped_column(default=False)
    # What the header said; null where there was none to read. Without a header the batch id is the
    # Idempotency-Key, if the file came with one.
    batch_ulid: Mapped[str | None]
    package_id: Mapped[str | None]
    epoch: Mapped[int | None] = mapped_column(Integer)
    first_seq: Mapped[int | None]
    last_seq: Mapped[int | None]
    prev_hash: Mapped[bytes | None]
    # Those of which it has records: a card that changes is looked for in these alone.
    batch_ids: Mapped[list[Any]] = mapped_column(default=list)
    # True while the part before this one is missing, and nobody decided that it never comes.
    waiting: Mapped[bool] = mapped_column(default=False)
    # Record lines seen, and those accepted when they were taken in; where the two are equal and no
    # record was held since, the answer needs no look at them.
    record_count: Mapped[int] = mapped_column(default=0)
    accepted_count: Mapped[int] = mapped_column(default=0)
    # The first faulty line: {"line", "seq", "cause", "member"}; null for a good file.
    faulty: Mapped[dict[str, Any] | None]


class UploadPartRow(Placed, AppendOnly, Base):
    """上传原文 — the file in parts of at most 1 MiB, each deflated; never changed."""

    __tablename__ = "upload_part"
    __path_index__: ClassVar[bool] = False

    upload_id: Mapped[int] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(Integer, primary_key=True)
    body: Mapped[bytes]


class SwipeRow(Placed, Base):
    """刷卡记录 — one tap of a card; the path is the host's.

    A raw fact in millions: no foreign keys (intake checks them in sets), no audit (it names its
    upload), no index by path (it is reached by batch, or by its own key). `state` alone changes.
    """

    __tablename__ = "swipe"
    __table_args__ = (
        one_of("state", SwipeState),
        one_of("hold", Hold),
        Index(None, "batch_id", "person_id", "at"),
    )
    __path_index__: ClassVar[bool] = False

    device_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[int]
    # Null where the activity is not known.
    batch_id: Mapped[int | None]
    # Null where the card is not known.
    person_id: Mapped[int | None]
    # The card it was made with: that of the chip, else of the number; null where none is known.
    card_id: Mapped[int | None]
    # What the device's clock showed, and the judged time.
    at_dev: Mapped[datetime]
    at: Mapped[datetime]
    h: Mapped[bytes]
    state: Mapped[str]
    # Why it waits or waited; null for one that never did.
    hold: Mapped[str | None]
    # 0 none, 1 in, 2 out
    direction: Mapped[int] = mapped_column(SmallInteger)


class QuarantineRow(Placed, Base):
    """待核记录 — what else is known of a record that was ever held, and how it was resolved."""

    __tablename__ = "quarantine"
    __table_args__ = (
        one_of("hold", Hold),
        one_of("clock_hold", Hold),
        one_of("resolution", Resolution),
        Index(
            "ix_quarantine_card",
            "card_no",
            postgresql_where=text("resolved_at is null and card_no is not null"),
        ),
        Index(
            "ix_quarantine_person",
            "person_no",
            postgresql_where=text("resolved_at is null and person_no is not null"),
        ),
        Index(
            "ix_quarantine_uid",
            "uid_h",
            postgresql_where=text("resolved_at is null and uid_h is not null"),
        ),
        Index(None, "path"),
    )

    device_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[int]
    hold: Mapped[str]
    # What its time makes it wait for once the card is settled; null for nothing, and where a person
    # has settled whose it is.
    clock_hold: Mapped[str | None]
    activity_id: Mapped[str]
    # True where the device took it for a repeat, or we did before it was held.
    repeat: Mapped[bool]
    person_no: Mapped[str | None]
    card_no: Mapped[str | None]
    uid_h: Mapped[bytes | None]
    # The time by the server's clock; null where none could be worked out.
    corrected_at: Mapped[datetime | None]
    # All null while it waits.
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]
    resolved_reason: Mapped[str | None]


class ClockRepairRow(Placed, Audited, Base):
    """时钟修正 — a terminal's swipes in a batch were moved, because its clock was wrong.

    What its clock showed stands in the swipes for ever; with it and this, every time is explained.
    """

    __tablename__ = "clock_repair"
    __table_args__ = (Index(None, "batch_id"), Index(None, "path"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    batch_id: Mapped[int]
    device_id: Mapped[int]
    shift_minutes: Mapped[int]
    # Of which files the swipes were moved; those that come later were not.
    upload_ids: Mapped[list[Any]]
    swipe_count: Mapped[int]
    reason: Mapped[str]
    applied_at: Mapped[datetime]
    applied_by: Mapped[str]
    # Both null while it stands.
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
