"""二维码 — a text as the modules that a phone reads, and as lines for a terminal's window."""

from __future__ import annotations

import qrcode

_QUIET = 4  # modules of white around it, which the standard asks for
# Two modules above each other are one sign; dark is drawn as blank, for windows are mostly black.
_SIGNS = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}


def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The rows, dark as true, at the middle level of correction (M, 15 %; ISO/IEC 18004)."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=_QUIET)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def drawn(text: str) -> str:
    """The code in half blocks, to be read off a black window."""
    rows = modules(text)
    if len(rows) % 2:
        rows = (*rows, (False,) * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join(
        "".join(_SIGNS[one] for one in zip(upper, lower, strict=True)) for upper, lower in pairs
    )
