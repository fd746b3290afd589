"""二维码 — a text as a picture that a phone reads, drawn without a style or a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.base.qr import modules


@dataclass(frozen=True, slots=True)
class Picture:
    """二维码 — one path over a square of so many modules."""

    side: int
    path: str


def qr(text: str) -> Picture:
    """二维码 — the text as one path, its quiet zone around it."""
    rows = modules(text)
    return Picture(len(rows), "".join(_lines(rows)))


def _lines(rows: Sequence[Sequence[bool]]) -> list[str]:
    """One stroke for each run of dark modules, in the middle of its row."""
    strokes = []
    for down, row in enumerate(rows):
        begun = None
        for along, dark in enumerate([*row, False]):
            if dark and begun is None:
                begun = along
            elif not dark and begun is not None:
                strokes.append(f"M{begun} {down}.5h{along - begun}")
                begun = None
    return strokes
