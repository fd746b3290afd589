"""设备驱动 — the words in which terminals of any kind are spoken with (devices.md 3.6 f)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from app.attendance.terms import Fault
from app.kernel.secret import Secret
from app.projects.terms import Batch

# devices.md 3.6 (b): a line over 64 KiB is malformed, so this holds any lawful first line.
_START = 64 * 1024 + 1


@dataclass(frozen=True, slots=True)
class Sent:
    """来件 — a file that came in: the SHA-256 and size of its own bytes, and the bytes again.

    `start` holds its first line where that is of a lawful length; `blocks` gives all of it, anew at
    each call.
    """

    sha256: bytes
    size: int
    start: bytes
    blocks: Callable[[], Iterable[bytes]]

    @classmethod
    def weighed(cls, blocks: Callable[[], Iterable[bytes]]) -> Sent:
        """The file that these blocks make; what they raise is raised."""
        whole, size, start = hashlib.sha256(), 0, b""
        for block in blocks():
            whole.update(block)
            size += len(block)
            if len(start) < _START:
                start += block[: _START - len(start)]
        return cls(whole.digest(), size, start, blocks)


@dataclass(frozen=True, slots=True)
class FileHeader:
    """批次头 — what a file of records says of itself."""

    device_sn: str
    batch_ulid: str
    package_id: str | None
    epoch: int
    first_seq: int
    last_seq: int
    prev_hash: bytes


@dataclass(frozen=True, slots=True)
class Taps:
    """一段原始记录 — normalised swipes in their order, by columns, as a driver reads them.

    `shown_ms` is what the device's clock showed, `true_ms` the time by the server's clock as far as
    the file itself tells it, both epoch milliseconds; `direction` is 0 none, 1 in, 2 out; `result`
    what the device believed; `h` 32 bytes, the record's place in the chain.
    """

    seq: Sequence[int]
    activity_id: Sequence[str]
    person_no: Sequence[str | None]
    card_no: Sequence[str | None]
    uid_h: Sequence[bytes | None]
    shown_ms: Sequence[int]
    true_ms: Sequence[int | None]
    direction: Sequence[int]
    result: Sequence[str]
    h: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.seq)


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """验收结果 — what a whole file turned out to be; good when `fault` is None.

    `line` counts from 1, `seq` is the number of the record it holds or should hold.
    """

    fault: Fault | None
    line: int | None
    seq: int | None
    cause: str | None
    member: str | None
    records: int


class Ingest(Protocol):
    """读件 — a file being read: iterate for its records, then ask for the outcome."""

    def __iter__(self) -> Iterator[Taps]:
        """The records, until a fault shows."""

    @property
    def outcome(self) -> FileOutcome:
        """What the file turned out to be, once its last block was read."""


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """名单一行 — who may be expected at the door."""

    person_no: str
    name: str
    unit: str
    department: str
    title: str
    card_no: str | None
    uid: Secret | None


@dataclass(frozen=True, slots=True)
class RevokedCard:
    """已停用的卡 — from when on it no longer counts."""

    card_no: str
    uid: Secret | None
    since: datetime


@dataclass(frozen=True, slots=True)
class PackageContents:
    """活动包内容 — all that a driver needs to pack it for one device."""

    package_id: str
    seq: int
    device_sn: str
    key_id: str
    made_at: datetime
    valid_until: datetime
    salt: bytes
    batch: Batch
    activity_id: str
    suppress_seconds: int
    roster: tuple[RosterPerson, ...]
    revoked: tuple[RevokedCard, ...]


@runtime_checkable
class Driver(Protocol):
    """设备驱动 — how one kind of terminal speaks (devices.md 3.6 f)."""

    def identify(self, start: bytes) -> FileHeader | None:
        """The header a file begins with; None where it is malformed."""

    def ingest(
        self, blocks: Iterable[bytes], key_of: Callable[[FileHeader], bytes | None]
    ) -> Ingest:
        """Read a file; `key_of` gives the key of the header's device, None where it is not ours."""

    def pack(self, contents: PackageContents, key: bytes) -> bytes:
        """The bytes of a package."""

    def uid_hash(self, salt: bytes, uid: bytes) -> bytes:
        """The salted hash by which a package and its records name a card's chip."""
