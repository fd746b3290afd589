"""Record batches of the MBOX900: any bytes in, records and one outcome out (读批次)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence

from device.mbox.lines import (
    TAIL,
    FaultyLineError,
    Members,
    header_of,
    is_trailer,
    members_of,
    record_of,
    trailer_of,
)
from device.mbox.plain import Times, plain_chunk
from device.mbox.terms import (
    MAX_LINE,
    NO_HASH,
    Cause,
    Chunk,
    Fault,
    Header,
    KeyOf,
    Outcome,
    Row,
)

_BLOCK = 256 * 1024  # bytes worked on at a time, some 800 records: more only misses the cache
_RECORD = b'{"t":"R"'
_TRAILER = b'{"t":"T"'


class Reading:
    """读批次 — one file being read: iterate for its records in chunks, then ask for `outcome`.

    `blocks` are the file's bytes in pieces of any size. `key_of` is asked once, with the header,
    for the device's key; None means that the header's device is not the caller's, or nobody's. A
    file is good or bad as a whole: chunks given out before a fault shows are worth nothing then,
    so the caller keeps them aside until `outcome.fault` is None. No content whatever raises; all
    of it ends in an outcome. Memory is bounded by a block, also for a line without an end.

    Faults are judged malformed, wrong_device, hash_broken, bad_signature: after one of the last
    three the rest is still looked through for malformed lines, and after a malformed line only
    for the number of records.
    """

    def __init__(self, blocks: Iterable[bytes], key_of: KeyOf) -> None:
        self.header: Header | None = None
        self._blocks = blocks
        self._key_of = key_of
        self._sha = hashlib.sha256()
        self._size = 0
        self._mac: hmac.HMAC | None = None
        self._times = Times()
        self._line = 0
        self._records = 0
        self._last_hash = NO_HASH
        self._closed = False
        self._fault: Fault | None = None
        self._place: tuple[int, int | None] | None = None
        self._why: FaultyLineError | None = None
        self._tally: _Tally | None = None
        self._ended = False

    @property
    def outcome(self) -> Outcome:
        """What the file turned out to be. RuntimeError before its last chunk has been taken."""
        if not self._ended:
            raise RuntimeError("the file has not been read to its end")
        line, seq = self._place or (None, None)
        return Outcome(
            header=self.header,
            fault=self._fault,
            line=line,
            seq=seq,
            cause=self._why.cause if self._why else None,
            member=self._why.member if self._why else None,
            records=self._records + (self._tally.total if self._tally else 0),
            last_hash=self._last_hash,
            sha256=self._sha.digest(),
            size=self._size,
        )

    def __iter__(self) -> Iterator[Chunk]:
        """The records in chunks of some hundred, until a fault shows."""
        rest = b""
        for block in _even(self._blocks):
            self._sha.update(block)
            self._size += len(block)
            text = rest + block
            end = len(text) if self._tally else text.rfind(b"\n") + 1
            yield from self._lines(text[:end])
            rest = text[end:]
            if len(rest) > MAX_LINE:
                self._spoil(FaultyLineError(Cause.TOO_LONG), rest)
                rest = b""
        if rest:
            self._spoil(FaultyLineError(Cause.UNENDED), rest)
        elif not (self._tally or self._closed):
            self._spoil(FaultyLineError(Cause.NO_TRAILER), b"")
        self._ended = True

    def _lines(self, text: bytes) -> Iterator[Chunk]:
        """Reads lines that all have their end: plain records at one go, all else one by one."""
        start = 0 if self._line else text.find(b"\n") + 1
        end = max(start, text.rfind(b"\n", 0, -1) + 1)
        if not text.startswith(_TRAILER, end):
            end = len(text)
        self._one_by_one(text[:start])
        chunk = self._at_one_go(text[start:end]) or self._one_by_one(text[start:end])
        if chunk and not self._fault:
            yield chunk
        self._one_by_one(text[end:])

    def _at_one_go(self, text: bytes) -> Chunk | None:
        """The records of lines that all are plain; None, and nothing done, where one is not."""
        first = self._expected()
        if not text or not self.header or first is None or self._tally:
            return None
        lines = text.split(b"\n")
        lines.pop()
        if first + len(lines) - 1 > self.header.last_seq:
            return None
        try:
            chunk = plain_chunk(text, len(lines), first, self._times)
        except ValueError:
            return None
        self._link(text, lines, chunk.h)
        return chunk

    def _one_by_one(self, text: bytes) -> Chunk | None:
        """The records of any lines; a faulty one spoils the file and ends the reading."""
        rows: list[Row] = []
        start = 0
        while start < len(text) and not self._tally:
            end = text.index(b"\n", start)
            try:
                row = self._one(text[start:end])
            except FaultyLineError as why:
                self._spoil(why, text[start:])
                return None
            if row:
                rows.append(row)
            start = end + 1
        if self._tally:
            self._tally.take(text[start:])
        return Chunk(*zip(*rows, strict=True)) if rows else None

    def _one(self, line: bytes) -> Row | None:
        """The record of one line; None for header and trailer. Raises FaultyLineError."""
        if self._closed:
            raise FaultyLineError(Cause.AFTER_TRAILER)
        members = members_of(line)
        if not self.header:
            self._open(line, header_of(members))
            return None
        if is_trailer(members):
            self._close(self.header, members)
            return None
        row = record_of(line, members)
        if row[0] != self._expected():
            raise FaultyLineError(Cause.SEQ, "seq")
        self._link(line + b"\n", [line], [row[-1]])
        return row

    def _open(self, line: bytes, header: Header) -> None:
        self.header = header
        self._line = 1
        self._last_hash = header.prev_hash
        key = self._key_of(header)
        if key is None:
            self._note(Fault.WRONG_DEVICE, 1, None)
        elif header.first_seq == 1 and header.prev_hash != NO_HASH:
            self._note(Fault.HASH_BROKEN, 1, None)
        else:
            self._mac = hmac.new(key, line + b"\n", hashlib.sha256)

    def _link(self, text: bytes, lines: list[bytes], claimed: Sequence[bytes]) -> None:
        """Takes well-formed record lines into the chain; notes the first that does not join it."""
        if self._mac and not self._fault:
            sha256, last = hashlib.sha256, self._last_hash
            for ahead, (line, h) in enumerate(zip(lines, claimed, strict=True)):
                last = sha256(last + line[:-TAIL]).digest()
                if last != h:
                    self._note(Fault.HASH_BROKEN, self._line + ahead + 1, self._expected(ahead))
                    break
                self._last_hash = last
            self._mac.update(text)
        self._line += len(lines)
        self._records += len(lines)

    def _close(self, header: Header, members: Members) -> None:
        count, last_hash, signature = trailer_of(members)
        if not count == self._records == header.last_seq - header.first_seq + 1:
            raise FaultyLineError(Cause.COUNT, "count")
        self._closed = True
        self._line += 1
        if last_hash != self._last_hash:
            self._note(Fault.HASH_BROKEN, self._line, None)
        elif self._mac and not hmac.compare_digest(self._mac.digest(), signature):
            self._note(Fault.BAD_SIGNATURE, self._line, None)

    def _expected(self, ahead: int = 0) -> int | None:
        """The number of the record that many lines ahead; None where none is due."""
        if not self.header or self._closed:
            return None
        seq = self.header.first_seq + self._records + ahead
        return seq if seq <= self.header.last_seq else None

    def _note(self, fault: Fault, line: int, seq: int | None) -> None:
        """Keeps the first fault that is found."""
        if not self._fault:
            self._fault, self._place = fault, (line, seq)

    def _spoil(self, why: FaultyLineError, rest: bytes) -> None:
        """Makes the file malformed, whatever else it was; `rest` starts with the faulty line."""
        if not self._tally:
            self._tally = _Tally(opening=self._line == 0)
            self._why = why
            seq = None if rest.startswith(_TRAILER) else self._expected()
            self._fault, self._place = Fault.MALFORMED, (self._line + 1, seq)
        self._tally.take(rest)


def peek(start: bytes) -> Header | None:
    """The header a file begins with; None where it is malformed, or no line ends in `start`.

    For a door that must know whose batch it is before it takes the file: give it the first
    MAX_LINE + 1 bytes.
    """
    line, end, _ = start.partition(b"\n")
    try:
        return header_of(members_of(line)) if end else None
    except FaultyLineError:
        return None


class _Tally:
    """Counts record lines in what can no longer be read, by how the lines begin.

    A line that is neither the file's first nor its last is meant to be a record unless it begins as
    a trailer; the first and the last, which may be broken headers and trailers, count only where
    they begin as a record.
    """

    def __init__(self, *, opening: bool) -> None:
        self._opening = opening
        self._counted = 0
        self._held: bytes | None = None  # how the last line with an end begins
        self._unended = b""  # how the line without an end begins

    def take(self, text: bytes) -> None:
        """Counts on."""
        lines = (self._unended + text).split(b"\n")
        self._unended = lines.pop()[: len(_RECORD)]
        if lines:
            self._hold(lines[0])
        if len(lines) > 1:
            # All but the two at the ends at one go: a file may be nothing but line ends.
            inner = lines[1:-1]
            self._counted += len(inner)
            if _TRAILER in text:
                self._counted -= sum(line.startswith(_TRAILER) for line in inner)
            self._hold(lines[-1])

    @property
    def total(self) -> int:
        """The record lines counted, as if the file ended here."""
        if self._unended:
            return self._counted + self._inner() + (self._unended == _RECORD)
        return self._counted + (self._held == _RECORD)

    def _hold(self, line: bytes) -> None:
        self._counted += self._inner()
        self._opening = self._opening and self._held is None
        self._held = line[: len(_RECORD)]

    def _inner(self) -> bool:
        """Whether the held line counts, now that it is known not to be the last."""
        if self._held is None:
            return False
        return self._held == _RECORD if self._opening else self._held != _TRAILER


def _even(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks near _BLOCK: small ones joined, large ones cut."""
    held: list[bytes] = []
    size = 0
    for block in blocks:
        for start in range(0, len(block), _BLOCK):
            piece = block[start : start + _BLOCK]
            held.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                yield b"".join(held)
                held, size = [], 0
    if held:
        yield b"".join(held)
