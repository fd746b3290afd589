"""Record batches written byte for byte as the page prints them (写批次)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta, timezone

import orjson

from device.mbox.lines import EPOCH
from device.mbox.terms import RECORDS_FORMAT, VERSION, Header, Record

# A machine knows no zones: it shows Beijing time, also for 1970 and 1988, when China's differed.
_BEIJING = timezone(timedelta(hours=8))


def moment_text(at_ms: int) -> str:
    """Epoch milliseconds as an ISO time in Beijing's zone, with milliseconds only where needed."""
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return moment.astimezone(_BEIJING).isoformat(
        timespec="milliseconds" if at_ms % 1000 else "seconds"
    )


def header_line(header: Header) -> bytes:
    """The first line of a batch, with its LF."""
    return _line(
        {
            "t": "H",
            "format": RECORDS_FORMAT,
            "version": VERSION,
            "device_sn": header.device_sn,
            "fw": header.fw,
            "key_id": header.key_id,
            "batch_id": header.batch_id,
            "package_id": header.package_id,
            "epoch": header.epoch,
            "first_seq": header.first_seq,
            "last_seq": header.last_seq,
            "exported_at_dev": moment_text(header.exported_at_ms),
            "anchors": [asdict(anchor) for anchor in header.anchors],
            "prev_hash": header.prev_hash.hex(),
        }
    )


def record_line(record: Record, prev_hash: bytes) -> tuple[bytes, bytes]:
    """The line of a record, with its LF, that follows the record of `prev_hash`; and its own hash.

    The hash is SHA-256 of the previous hash's 32 bytes and the line's bytes before `,"h":"`.
    """
    plain = _line(
        {
            "t": "R",
            "seq": record.seq,
            "activity_id": record.activity_id,
            "person_no": record.person_no,
            "card_no": record.card_no,
            "uid_h": record.uid_h.hex() if record.uid_h is not None else None,
            "at_dev": moment_text(record.at_ms),
            "boot": record.boot,
            "mono_ms": record.mono_ms,
            "dir": record.dir,
            "src": record.src,
            "res": record.res,
        }
    )
    cut = plain.removesuffix(b"}\n")
    h = hashlib.sha256(prev_hash + cut)
    return b'%b,"h":"%b"}\n' % (cut, h.hexdigest().encode()), h.digest()


def sealed(header: Header, lines: Iterable[bytes], *, last_hash: bytes, key: bytes) -> bytes:
    """A whole file: the header, the record lines as they are kept, and the trailer over them."""
    body = header_line(header) + b"".join(lines)
    trailer = {
        "t": "T",
        "count": header.last_seq - header.first_seq + 1,
        "last_hash": last_hash.hex(),
        "hmac": hmac.new(key, body, hashlib.sha256).hexdigest(),
    }
    return body + _line(trailer)


def batch(header: Header, records: Iterable[Record], key: bytes) -> bytes:
    """A whole file of records not yet written down, chained on from the header's prev_hash."""
    lines: list[bytes] = []
    last_hash = header.prev_hash
    for record in records:
        line, last_hash = record_line(record, last_hash)
        lines.append(line)
    return sealed(header, lines, last_hash=last_hash, key=key)


def _line(members: dict[str, object]) -> bytes:
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)
