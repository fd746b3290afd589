"""考勤 — words about terminals, uploads and swipes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org.terms import UnitId

DeviceId = NewType("DeviceId", int)
UploadId = NewType("UploadId", int)


class DeviceKind(StrEnum):
    """考勤机型号."""

    MBOX = "mbox"  # MBOX900
    ZKTECO = "zkteco"  # 中控 PUSH


class DeviceState(StrEnum):
    """考勤机状态."""

    PENDING = "pending"  # 待登记
    REGISTERED = "registered"  # 已登记，未领密钥
    ENROLLED = "enrolled"  # 已领密钥
    REVOKED = "revoked"  # 已停用


class UploadState(StrEnum):
    """上传处理进度."""

    QUEUED = "queued"  # 等待处理
    DONE = "done"  # 处理完


class Fault(StrEnum):
    """整份记录不收的原因 — a file is good or bad as a whole; judged in this order."""

    MALFORMED = "malformed"
    WRONG_DEVICE = "wrong_device"
    HASH_BROKEN = "hash_broken"
    BAD_SIGNATURE = "bad_signature"


class SwipeState(StrEnum):
    """刷卡记录状态."""

    ACCEPTED = "accepted"  # 有效
    DUPLICATE = "duplicate"  # 重复，保留
    QUARANTINED = "quarantined"  # 待核
    DISCARDED = "discarded"  # 核后作废


class Hold(StrEnum):
    """待核原因 — why a record waits for a person, in the order of judging."""

    SEQ_GAP = "seq_gap"
    UNSIGNED_FILE = "unsigned_file"
    DEVICE_PENDING = "device_pending"
    UNKNOWN_ACTIVITY = "unknown_activity"
    UNKNOWN_CARD = "unknown_card"
    CARD_MISMATCH = "card_mismatch"
    REVOKED_CARD = "revoked_card"
    CLOCK_SKEW = "clock_skew"
    FUTURE_TIME = "future_time"
    UNSYNCED = "unsynced"


@dataclass(frozen=True, slots=True)
class Device:
    """考勤机."""

    id: DeviceId
    sn: str
    kind: DeviceKind
    state: DeviceState
    unit_id: UnitId
    place: Place
    key: Secret | None
    key_id: str | None
    offset_ms: int | None
    offset_at: datetime | None


@dataclass(frozen=True, slots=True)
class SwipeId:
    """刷卡记录号 — device, epoch and sequence, the key of a swipe for ever; shown as `7-3-1201`."""

    device_id: DeviceId
    epoch: int
    seq: int

    def __str__(self) -> str:
        return f"{self.device_id}-{self.epoch}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> SwipeId:
        """The id that a text shows. ValueError for anything else."""
        device, epoch, seq = text.split("-")
        return cls(DeviceId(int(device)), int(epoch), int(seq))
