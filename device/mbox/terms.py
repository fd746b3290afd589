"""Words and values of the MBOX900 exchange format, version 1 (考勤机交换格式)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

RECORDS_FORMAT = "mbx-records"
PACKAGE_FORMAT = "mbx-activity"
VERSION = 1

MAX_LINE = 64 * 1024  # bytes of one line, its LF not counted
MAX_TEXT = 64  # characters of a number, an id or a name of a machine
MAX_EPOCH = 2**31 - 1
INT64_MAX = 2**63 - 1
NO_HASH = bytes(32)  # what stands before the first record of an epoch

# The instants a batch may speak of. Two years are kept free at either end of the calendar, so that
# no zone and no correction of a clock can push an instant out of what Python and PostgreSQL hold.
EARLIEST_MS = -62_072_524_800_000  # 0003-01-01T00:00:00Z
LATEST_MS = 253_339_228_800_000  # 9998-01-01T00:00:00Z

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID = re.compile(f"[{_CROCKFORD}]{{26}}")


class Direction(StrEnum):
    """进出方向 — which way the person went, as the machine was told."""

    NONE = "none"
    IN = "in"
    OUT = "out"


class Source(StrEnum):
    """识别方式 — how the person was recognised: card read, bare UID, QR code, typed number."""

    CARD = "card"
    UID = "uid"
    QR = "qr"
    KEY = "key"


class Result(StrEnum):
    """机器判断 — what the machine believed when the card was swiped; the server decides anew."""

    OK = "ok"
    UNKNOWN_CARD = "unknown_card"
    REVOKED_CARD = "revoked_card"
    NOT_LISTED = "not_listed"
    SUPPRESSED = "suppressed"


class Fault(StrEnum):
    """整批拒收原因 — why a whole file is bad, in the order in which faults are judged."""

    MALFORMED = "malformed"
    WRONG_DEVICE = "wrong_device"
    HASH_BROKEN = "hash_broken"
    BAD_SIGNATURE = "bad_signature"


class Cause(StrEnum):
    """格式错误的原因 — which rule of the page the first faulty line broke."""

    TOO_LONG = "too_long"  # a line of more than MAX_LINE bytes
    UNENDED = "unended"  # the last line has no LF
    UNREADABLE = "unreadable"  # no UTF-8, no JSON, or not exactly one object
    TWICE = "twice"  # a member named twice
    MEMBER = "member"  # a member missing, of the wrong type, or out of its bounds
    HASH_PLACE = "hash_place"  # the line does not end in ,"h":"<64 hex>"}
    SEQ = "seq"  # numbers with a gap, or outside the header's range
    COUNT = "count"  # fewer records than the header or the trailer says
    NO_TRAILER = "no_trailer"  # the file ends before its trailer
    AFTER_TRAILER = "after_trailer"  # something follows the trailer


@dataclass(frozen=True, slots=True)
class Anchor:
    """对时点 — a moment at which machine and server knew of each other; all in milliseconds."""

    boot: str
    mono_ms: int
    server_ms: int
    rtt_ms: int


@dataclass(frozen=True, slots=True)
class Header:
    """批次头 — the first line of a record batch; times are epoch milliseconds."""

    device_sn: str
    fw: str
    key_id: str
    batch_id: str
    package_id: str | None
    epoch: int
    first_seq: int
    last_seq: int
    exported_at_ms: int
    anchors: tuple[Anchor, ...]
    prev_hash: bytes

    @property
    def file_name(self) -> str:
        """The name the page gives the file of this batch."""
        return f"mbx-{self.device_sn}-{self.epoch}-{self.first_seq}-{self.last_seq}.mbxrec"


@dataclass(frozen=True, slots=True)
class Record:
    """刷卡记录 — what a machine writes down for one swipe; `at_ms` is what its own clock showed."""

    seq: int
    activity_id: str
    person_no: str | None
    card_no: str | None
    uid_h: bytes | None
    at_ms: int
    boot: str
    mono_ms: int
    dir: Direction = Direction.NONE
    src: Source = Source.CARD
    res: Result = Result.OK


Row: TypeAlias = tuple[
    int, str, str | None, str | None, bytes | None, int, str, int, str, str, str, bytes
]


@dataclass(frozen=True, slots=True)
class Chunk:
    """一段记录 — some records in their order, by columns, each as long as the others.

    By columns because a bulk reader must not make an object for each of a million records.
    `at_ms` is at_dev as epoch milliseconds; dir, src and res hold values of the enums as text;
    `uid_h` is 16 raw bytes, `h` 32.
    """

    seq: Sequence[int]
    activity_id: Sequence[str]
    person_no: Sequence[str | None]
    card_no: Sequence[str | None]
    uid_h: Sequence[bytes | None]
    at_ms: Sequence[int]
    boot: Sequence[str]
    mono_ms: Sequence[int]
    dir: Sequence[str]
    src: Sequence[str]
    res: Sequence[str]
    h: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.seq)

    def rows(self) -> Iterator[Row]:
        """The same records one by one, as tuples in the order of the columns."""
        people = (self.activity_id, self.person_no, self.card_no, self.uid_h)
        clock = (self.at_ms, self.boot, self.mono_ms)
        return zip(self.seq, *people, *clock, self.dir, self.src, self.res, self.h, strict=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """验收结果 — what a whole file turned out to be; good when `fault` is None.

    `line` (from 1) is the first faulty line and `seq` the number of the record it holds or should
    hold, None for header and trailer. `cause` and `member` say what was malformed. `records` counts
    the record lines seen, `last_hash` is as far as the chain held, `sha256` and `size` are those of
    all bytes read.
    """

    header: Header | None
    fault: Fault | None
    line: int | None
    seq: int | None
    cause: Cause | None
    member: str | None
    records: int
    last_hash: bytes
    sha256: bytes
    size: int


KeyOf: TypeAlias = Callable[[Header], bytes | None]


def ulid(at_ms: int, entropy: bytes) -> str:
    """The ULID of a moment and ten bytes of chance."""
    number = int.from_bytes(at_ms.to_bytes(6, "big") + entropy, "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
