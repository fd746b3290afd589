"""What a machine sends us, proven before anything is believed of it (收请求)."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, ClassVar

from app.attendance import commands as attendance
from app.attendance.queries import devices
from app.attendance.terms import Device
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import CmeError
from app.kernel.place import Place
from device.mbox.signing import Signed

MAX_SENT = 64 * 2**20
MAX_UNPACKED = 512 * 2**20
MAX_WORDS = 64 * 1024  # of a request that is not a batch

_BLOCK = 256 * 1024
_IN_MEMORY = 4 * 2**20
_GZIP = 16 + zlib.MAX_WBITS


class MalformedError(CmeError):
    """A request that breaks the page's rules for requests."""

    http_status: ClassVar[int] = 400


class UnprovenError(CmeError):
    """A request whose signature does not prove where it comes from."""

    http_status: ClassVar[int] = 401


class TooLargeError(CmeError):
    """A body beyond the page's limits."""

    http_status: ClassVar[int] = 413


@dataclass(frozen=True, slots=True)
class Proven:
    """已验明的请求 — the machine that sent it, who it acts as, and its body as sent."""

    device: Device
    actor: Actor
    body: IO[bytes]


@contextmanager
def proven(
    site: Site,
    *,
    headers: Mapping[str, str],
    method: str,
    path: str,
    stream: IO[bytes],
    limit: int,
) -> Iterator[Proven]:
    """The request, once it is known to come from that machine, just now and for the first time.

    UnprovenError where a header is missing or malformed; ForbiddenError where the machine is not
    ours or may not; TooLargeError over the limit; UnprovenError where the signature is wrong, the
    time off or the nonce seen.
    """
    signed = Signed.of(headers)
    if signed is None:
        raise UnprovenError("device.request.headers")
    stranger = Actor(f"device:{signed.device_sn}", Via.DEVICE, Place.root(), Role.DEVICE)
    with begin(site, stranger) as work:
        device = devices.caller(work, signed.device_sn)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
        sha256 = _keep(stream, body, limit)
        key = bytes.fromhex(device.key.reveal()) if device.key else b""
        if not signed.holds(key, method=method, path=path, body_sha256=sha256):
            raise UnprovenError("device.request.signature")
        actor = Actor(f"device:{device.sn}", Via.DEVICE, device.place, Role.DEVICE)
        with begin(site, actor) as work:
            if not signed.fresh(int(work.now.timestamp())):
                raise UnprovenError("device.request.time")
            if not attendance.spend_nonce(work, device, signed.nonce):
                raise UnprovenError("device.request.nonce")
        yield Proven(device, actor, body)


def unpacked(body: IO[bytes], encoding: str) -> Callable[[], Iterator[bytes]]:
    """The bytes that a body stands for, anew at each call.

    MalformedError for an encoding we do not know or a body that is not what it claims, and
    TooLargeError where it would grow too large; both are raised while reading.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return lambda: _plain(body)
        case "gzip":
            return lambda: _gunzipped(body)
        case _:
            raise MalformedError("device.request.encoding", encoding=encoding)


def _keep(stream: IO[bytes], body: IO[bytes], limit: int) -> str:
    """Take the body in, on disk where it is large; the hex SHA-256 of it."""
    whole, size = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > limit:
            _drain(stream)
            raise TooLargeError("device.request.too_large", limit=_shown(limit))
        whole.update(block)
        body.write(block)
    body.seek(0)
    return whole.hexdigest()


def _drain(stream: IO[bytes]) -> None:
    """Read on for a while: who is still sending would not hear an answer."""
    left = MAX_SENT
    while left > 0 and (block := stream.read(_BLOCK)):
        left -= len(block)


def _plain(body: IO[bytes]) -> Iterator[bytes]:
    body.seek(0)
    while block := body.read(_BLOCK):
        yield block


def _gunzipped(body: IO[bytes]) -> Iterator[bytes]:
    """What the gzip members of the body hold (RFC 1952: a file is one or more of them)."""
    size, member = 0, zlib.decompressobj(_GZIP)
    for block in _plain(body):
        packed, more = block, True
        while more:
            if member.eof:
                member = zlib.decompressobj(_GZIP)
            try:
                out = member.decompress(packed, _BLOCK)
            except zlib.error:
                raise MalformedError("device.request.not_gzip") from None
            size += len(out)
            if size > MAX_UNPACKED:
                raise TooLargeError("device.request.too_large", limit=_shown(MAX_UNPACKED))
            yield out
            packed = member.unused_data if member.eof else member.unconsumed_tail
            # A full block may have more behind it, even where all input was taken.
            more = bool(packed) or (len(out) == _BLOCK and not member.eof)
    if not member.eof:
        raise MalformedError("device.request.not_gzip")


def _shown(size: int) -> str:
    return f"{size // 2**20} MB" if size >= 2**20 else f"{size // 2**10} KB"
