"""激活条的纸 — the sheet of slips as a file: PDF to print, or plain text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.accounts.terms.proofs import Slip
from app.kernel.errors import InvalidError
from app.speech import slips as sheets

_OWNER_ONLY = 0o600


def write(path: Path, unit: str, slips: Sequence[Slip]) -> None:
    """Write the sheet, which only its owner may read: whoever holds a code is who it is for."""
    printed = path.suffix.lower() == ".pdf"
    content = sheets.as_pdf(unit, slips) if printed else sheets.as_text(slips).encode()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as fault:
        raise InvalidError(
            "accounts.slip.unwritable", file=str(path), why=fault.strerror or ""
        ) from None
