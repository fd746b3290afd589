"""Ways in which a file comes to harm between machine and server (损坏的文件)."""

from __future__ import annotations

from collections.abc import Iterator


def cut(data: bytes, length: int) -> bytes:
    """Only the first bytes, as a stick pulled out too early leaves them."""
    return data[:length]


def flipped(data: bytes, place: int, bit: int = 0) -> bytes:
    """One bit turned over; places below 0 count from the end, those beyond it from the start."""
    turned = bytearray(data)
    turned[place % len(turned)] ^= 1 << bit
    return bytes(turned)


def with_crlf(data: bytes) -> bytes:
    """Line ends as an editor on Windows makes them."""
    return data.replace(b"\n", b"\r\n")


def with_mark(data: bytes) -> bytes:
    """A byte order mark in front, as the same editor puts it."""
    return b"\xef\xbb\xbf" + data


def without_line(data: bytes, line: int) -> bytes:
    """One line gone; the header is line 1."""
    lines = data.splitlines(keepends=True)
    del lines[line - 1]
    return b"".join(lines)


def swapped(data: bytes, line: int) -> bytes:
    """A line and the next one in each other's place."""
    lines = data.splitlines(keepends=True)
    lines[line - 1 : line + 1] = reversed(lines[line - 1 : line + 1])
    return b"".join(lines)


def one_long_line(size: int) -> Iterator[bytes]:
    """So many bytes without a line end, in blocks."""
    block = b"x" * 65_536
    while size > 0:
        yield block[:size]
        size -= len(block)
