"""Record batches for tests: good ones, and ones wrong in one place but right in all others."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from device.mbox.codec import Reading
from device.mbox.terms import NO_HASH, Anchor, Chunk, Header, Outcome, Record, Row
from device.mbox.writing import batch, header_line, record_line

KEY = bytes(range(32))
BOOT = "5f0c9a1e"
HEADER = Header(
    device_sn="MBX-00017",
    fw="1.4.2",
    key_id="k1",
    batch_id="01HX0000000000000000000001",
    package_id="01HW0000000000000000000001",
    epoch=3,
    first_seq=1,
    last_seq=3,
    exported_at_ms=1368871500000,
    anchors=(Anchor(BOOT, 120, 1368835200000, 40),),
    prev_hash=NO_HASH,
)
RECORD = Record(
    seq=1,
    activity_id="A-77",
    person_no="162700123",
    card_no="0012345678",
    uid_h=bytes.fromhex("9f" * 16),
    at_ms=1368835331000,
    boot=BOOT,
    mono_ms=551230,
)


def header(count: int, **changes: Any) -> Header:
    """The header of so many records."""
    first_seq = changes.get("first_seq", 1)
    return replace(HEADER, **{"last_seq": first_seq + count - 1} | changes)


def records(count: int, first_seq: int = 1) -> list[Record]:
    """So many good records, one every second."""
    return [
        replace(RECORD, seq=first_seq + n, at_ms=RECORD.at_ms + 1000 * n, mono_ms=1000 * n)
        for n in range(count)
    ]


def good(count: int = 3) -> bytes:
    """A good file of so many records."""
    return batch(header(count), records(count), KEY)


def head(changes: dict[str, Any] | None = None, *, count: int = 3, without: str = "") -> bytes:
    """A header's line without its LF, some of its members changed or left out."""
    return changed(header_line(header(count)).rstrip(b"\n"), changes or {}, without)


def cuts(count: int = 3) -> list[bytes]:
    """What stands before `,"h":"` in so many good record lines."""
    return [record_line(record, NO_HASH)[0][:-73] for record in records(count)]


def cut(changes: dict[str, Any] | None = None, *, seq: int = 1, without: str = "") -> bytes:
    """What stands before `,"h":"` in a record's line, some of its members changed or left out."""
    return changed(cuts(seq)[-1] + b"}", changes or {}, without)[:-1]


def changed(line: bytes, changes: dict[str, Any], without: str = "") -> bytes:
    """A line that is an object with members changed, added or left out."""
    members = json.loads(line) | changes
    members.pop(without, None)
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def file_of(
    first: bytes | None = None,
    lines: Sequence[bytes] | None = None,
    trailer: dict[str, Any] | None = None,
    *,
    key: bytes = KEY,
) -> bytes:
    """A file of these lines with chain, count and signature that fit them, whatever they hold."""
    lines = cuts() if lines is None else lines
    body = (head(count=len(lines)) if first is None else first) + b"\n"
    last = NO_HASH
    for line in lines:
        last = hashlib.sha256(last + line).digest()
        body += b'%b,"h":"%b"}\n' % (line, last.hex().encode())
    signature = hmac.new(key, body, hashlib.sha256).hexdigest()
    members = {"t": "T", "count": len(lines), "last_hash": last.hex(), "hmac": signature}
    return body + json.dumps(members | (trailer or {}), separators=(",", ":")).encode() + b"\n"


def read(blocks: bytes | Iterable[bytes], key: bytes | None = KEY) -> tuple[list[Row], Outcome]:
    """The rows given out and the outcome."""
    reading = Reading([blocks] if isinstance(blocks, bytes) else blocks, lambda _: key)
    rows = [row for chunk in reading for row in chunk.rows()]
    return rows, reading.outcome


def chunk_rows(chunk: Chunk) -> list[Row]:
    """The rows of a chunk."""
    return list(chunk.rows())
