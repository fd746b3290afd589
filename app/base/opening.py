"""拆封 — the child process that opens a workbook of others: it has little, and can harm nothing.

Run by `base.cell`, with nothing of ours in it: the file comes in by standard input, what it holds
goes out as JSON. An exit other than 0 says why not.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from datetime import date, datetime, time
from typing import Any

import openpyxl

SECONDS, OUTPUT = 20, 32 * 1024 * 1024
BROKEN, BOMB, TOO_MANY, MACROS, EMPTY = 10, 11, 12, 13, 14
REFUSALS = {
    BROKEN: "imports.file.broken",
    BOMB: "imports.file.bomb",
    TOO_MANY: "imports.file.too_many_cells",
    MACROS: "imports.file.macros",
    EMPTY: "imports.file.no_cells",
}
MOST_ROWS = 50_000
WHOLE = 1e19  # beyond, nobody means a number by it
_CHUNK = 1 << 20
_DECLARED = tuple("<!DOCTYPE".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))


def main() -> int:
    """Read a workbook from standard input, tell its first filled sheet; why not, as a number."""
    most_cells, most_columns = int(sys.argv[1]), int(sys.argv[2])
    content = sys.stdin.buffer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for part in archive.infolist():
            if refused := _look(archive, part):
                return refused
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    unread = []
    found = None
    for sheet in book.worksheets:
        if found is not None or sheet.sheet_state != "visible":
            unread.append(sheet.title[:64])
            continue
        # What a sheet says of its own size may be a lie.
        sheet.reset_dimensions()
        rows = _rows(sheet, most_cells, most_columns)
        if rows is None:
            return TOO_MANY
        if rows:
            found = rows
    if found is None:
        return EMPTY
    told = json.dumps({"rows": found, "unread": unread[:20]}, ensure_ascii=False)
    # Half a sign of two halves is none.
    out = told.encode(errors="replace")
    if len(out) > OUTPUT:
        return BOMB
    sys.stdout.buffer.write(out)
    return 0


def _look(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Why a part is refused: it declares entities, or is larger than it says; 0 for a good one."""
    seen, tail = 0, b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            seen += len(chunk)
            if seen > part.file_size:
                return BOMB
            if part.filename.lower().endswith((".xml", ".rels")):
                window = (tail + chunk).upper()
                if any(one in window for one in _DECLARED):
                    return BOMB
                tail = chunk[-32:]
                if b"MACROENABLED" in window and part.filename == "[Content_Types].xml":
                    return MACROS
    return 0


def _rows(
    sheet: Any, most_cells: int, most_columns: int
) -> list[tuple[int, list[tuple[str, str]]]] | None:
    """The filled rows with their numbers; None where there are too many."""
    rows: list[tuple[int, list[tuple[str, str]]]] = []
    cells = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells += len(row) or 1
        if cells > most_cells or number > MOST_ROWS:
            return None
        told = [_told(cell.value, cell.data_type) for cell in row[:most_columns]]
        while told and not told[-1][1]:
            told.pop()
        if told:
            rows.append((number, told))
    return rows


def _told(value: object, kind: str) -> tuple[str, str]:
    """A cell as its kind and its text."""
    if isinstance(value, date):
        # A day is kept by Excel as the midnight at which it begins.
        if isinstance(value, datetime) and value.time() == time():
            value = value.date()
        return ("d", value.isoformat())
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < WHOLE)
        return ("n", str(int(value)) if whole else repr(value))
    return ("e" if kind == "e" else "s", "" if value is None else str(value)[:500])
