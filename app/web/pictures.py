"""二维码 — a text as a picture that a phone reads, drawn without a style or a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import qrcode

_QUIET = 4  # modules of white around it, which the standard asks for


@dataclass(frozen=True, slots=True)
class Picture:
    """二维码 — one path over a square of so many modules."""

    side: int
    path: str


def qr(text: str) -> Picture:
    """二维码 — the text at the middle level of correction (M, 15 %), as ISO/IEC 18004 draws it."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=_QUIET)
    code.add_data(text)
    code.make(fit=True)
    rows: Sequence[Sequence[bool]] = code.get_matrix()
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
