"""画图 — a QR code as a PNG."""

from __future__ import annotations

import struct
import zlib

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

_SCALE, _BORDER = 8, 4


def png(text: str) -> bytes:
    """The text as a QR code, one byte a pixel, black on white."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=_BORDER)
    code.add_data(text)
    rows = []
    for line in code.get_matrix():
        pixels = b"".join((b"\x00" if dark else b"\xff") * _SCALE for dark in line)
        rows += [b"\x00" + pixels] * _SCALE
    size = len(rows)
    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    parts = (
        _part(b"IHDR", head),
        _part(b"IDAT", zlib.compress(b"".join(rows))),
        _part(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
