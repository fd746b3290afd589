"""考勤 — words about terminals, uploads and swipes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.span import in_utc, shown
from app.org.terms import UnitId
from app.projects.terms import Batch

DeviceId = NewType("DeviceId", int)
UploadId = NewType("UploadId", int)

# devices.md 3.6 (a): how long after a counted swipe a second one is a repeat, where none is said.
SUPPRESS_SECONDS = 60
MOST_RESULTS = 1_000


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


class Resolution(StrEnum):
    """核实结论 — how a record ceased to wait."""

    SETTLED = "settled"  # 卡片登记后自动通过
    ATTACHED = "attached"  # 认领到人
    ACCEPTED = "accepted"  # 核实有效
    DISCARDED = "discarded"  # 核实作废


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


@dataclass(frozen=True, slots=True)
class Registered:
    """登记结果 — the serial, and the code to be typed into the terminal; none where it has none."""

    sn: str
    enrol_code: Secret | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """领密钥结果 — the key, 64 hex digits, told this once."""

    key_id: str
    key: Secret


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
        device, epoch, seq = (int(part) for part in text.split("-") if part.isascii())
        if max(device, epoch) >= 2**31 or seq >= 2**63:
            raise ValueError("beyond what an id holds")
        return cls(DeviceId(device), epoch, seq)


@dataclass(frozen=True, slots=True)
class Package:
    """活动包 — one package as handed out."""

    id: str
    device_id: DeviceId
    seq: int
    made_at: datetime
    sha256: bytes
    size: int
    roster_count: int | None = None


@dataclass(frozen=True, slots=True)
class RecordResult:
    """一条记录的结果 — one that was not accepted; `line` only for the faulty line of a bad file."""

    seq: int | None
    status: str
    reason: str
    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """上传答复 — what became of a file, as it stands now."""

    upload_id: UploadId
    batch_ulid: str | None
    state: UploadState
    accepted: int
    duplicate: int
    quarantined: int
    rejected: int
    results: tuple[RecordResult, ...]
    next_seq: int | None
    server_time: datetime

    def plain(self) -> dict[str, Any]:
        """The answer as every door gives it."""
        said = {
            "batch_id": self.batch_ulid,
            "state": self.state.value,
            "accepted": self.accepted,
            "duplicate": self.duplicate,
            "quarantined": self.quarantined,
            "rejected": self.rejected,
            "results": [asdict(result) for result in self.results],
            "next_seq": self.next_seq,
            "server_time": in_utc(self.server_time),
        }
        if self.state is UploadState.QUEUED:
            url = f"/device/v1/records/{self.batch_ulid}?upload={self.upload_id}"
            return said | {"status_url": url}
        return said


@dataclass(frozen=True, slots=True)
class Record:
    """考勤记录 — one swipe with its state, as those who keep the batch see it."""

    id: SwipeId
    state: SwipeState
    reason: Hold | None
    at_dev: datetime
    at: datetime
    corrected_at: datetime | None
    person_no: str | None
    name: str | None
    card_no: str | None
    resolution: str | None
    resolved_by: str | None
    resolved_reason: str | None

    def plain(self) -> dict[str, Any]:
        """The record as interfaces carry it."""
        return {
            "id": str(self.id),
            "seq": self.id.seq,
            "state": self.state.value,
            "reason": self.reason and self.reason.value,
            "at_dev": shown(self.at_dev),
            "at": shown(self.at),
            "corrected_at": self.corrected_at and shown(self.corrected_at),
            "person_no": self.person_no,
            "name": self.name,
            "card_no": self.card_no,
            "resolution": self.resolution,
            "resolved_by": self.resolved_by,
            "resolved_reason": self.resolved_reason,
        }


@dataclass(frozen=True, slots=True)
class ClockRepair:
    """时钟修正 — how far a terminal's swipes in a batch were moved, by whom and why."""

    id: int
    terminal: str
    shift: int
    swipes: int
    reason: str
    applied_at: datetime
    applied_by: str


@dataclass(frozen=True, slots=True)
class Crooked:
    """待修正的刷卡 — a terminal's swipes in a batch whose time was never moved."""

    terminal: str
    swipes: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stray:
    """没有期次的刷卡 — what a terminal brought for an activity that we do not know.

    `near` are the batches held at that time, of which it may be one.
    """

    terminal: str
    activity_id: str
    records: tuple[SwipeId, ...]
    first_at: datetime
    last_at: datetime
    near: tuple[Batch, ...]


class Hint(StrEnum):
    """猜测的理由 — why an unknown card may be somebody's, the likeliest first."""

    HANDED = "handed"  # 那几天领了新卡
    GONE = "gone"  # 那几天卡挂失或停用
    NONE = "none"  # 没有在用的卡


@dataclass(frozen=True, slots=True)
class Guess:
    """可能的持卡人 — somebody whose card an unknown one may be, who was seen with no other."""

    person_no: str
    name: str
    where: str
    hint: Hint
    on: datetime | None
