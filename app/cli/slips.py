"""激活条的纸 — slips as a sheet to print and cut: HTML for a browser, or plain text."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template

from app.accounts.terms.proofs import Slip
from app.kernel.errors import InvalidError
from app.kernel.span import SHANGHAI

_FOLDER = Path(__file__).resolve().parent / "templates"
_OWNER_ONLY = 0o600
_PAGES = {".html", ".htm"}


def write(path: Path, unit: str, slips: Sequence[Slip]) -> None:
    """Write the sheet, which only its owner may read: whoever holds a code is who it is for."""
    page = path.suffix.lower() in _PAGES
    text = as_page(unit, slips) if page else as_text(slips)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as fault:
        raise InvalidError(
            "accounts.slip.unwritable", file=str(path), why=fault.strerror or ""
        ) from None


def as_page(unit: str, slips: Sequence[Slip]) -> str:
    """The sheet as a page that a browser prints on A4, one box for each person."""
    parts = "".join(_filled("slip.html", slip, html.escape) for slip in slips)
    return _template("slips.html").substitute(unit=html.escape(unit), count=len(slips), slips=parts)


def as_text(slips: Sequence[Slip]) -> str:
    """The sheet as plain text."""
    return "".join(_filled("slip.txt", slip, str) for slip in slips)


def _filled(name: str, slip: Slip, written: Callable[[str], str]) -> str:
    there = slip.expires_at.astimezone(SHANGHAI)
    return _template(name).substitute(
        name=written(slip.name), person_no=written(slip.person_no), code=slip.code.reveal(),
        expires_at=f"{there:%Y-%m-%d %H:%M}",
    )  # fmt: skip


def _template(name: str) -> Template:
    return Template((_FOLDER / name).read_text(encoding="utf-8"))
