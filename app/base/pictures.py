"""照片 — what others send in as a photo of a person, made anew in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from app.base import apart, darkroom
from app.kernel.errors import InvalidError

LARGEST = 1024 * 1024
# 25 x 35 mm at 300 dots an inch (domain.md 2.8).
WIDTH, HEIGHT, KEPT = 295, 413, 200 * 1024

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")


@dataclass(frozen=True, slots=True)
class Portrait:
    """证件照 — a JPEG of our own making, of the size that a card takes."""

    jpeg: bytes


def portrait(content: bytes) -> Portrait:
    """The photo in a picture of others. InvalidError for what is none, or is too small to print.

    1. Before anything is read: its size, and whether it begins as one of four formats does.
    2. The rest in a child process that may use so much memory and time. What it gives is a new
       picture: nothing but dots of the old one is in it, wherever it was taken or whatever it hid.
    """
    if not content:
        raise InvalidError("people.photo.nothing")
    if len(content) > LARGEST:
        raise InvalidError("people.photo.too_large", limit=LARGEST // 1024 // 1024)
    if not content.startswith(_BEGINNINGS):
        raise InvalidError("people.photo.kind")
    end, made = apart.run(
        darkroom.__file__, WIDTH, HEIGHT, KEPT, given=content, seconds=darkroom.SECONDS, most=KEPT
    )
    if end:
        raise InvalidError(darkroom.REFUSALS.get(end, "people.photo.bomb"), least=darkroom.LEAST)
    return Portrait(made)
