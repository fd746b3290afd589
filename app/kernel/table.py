"""原表 — the cells of a workbook as they stand, before anybody reads a meaning into them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.kernel.errors import InvalidError

MOST_CELLS = 200_000
MOST_COLUMNS = 64
MOST_PASTED = 500
LARGEST = 10 * 1024 * 1024

_OLE = b"\xd0\xcf\x11\xe0"
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class CellKind(StrEnum):
    """格子类型 — as what a spreadsheet keeps it."""

    TEXT = "s"
    NUMBER = "n"
    DAY = "d"
    ERROR = "e"


@dataclass(frozen=True, slots=True)
class Cell:
    """格子 — its text, and as what it was kept; a day is written YYYY-MM-DD."""

    text: str
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """原表 — rows by the number a spreadsheet gives them; empty ones are left out."""

    name: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    # Sheets of the workbook that were not read.
    unread: tuple[str, ...] = ()


def is_workbook(content: bytes) -> bool:
    """Whether it is what Excel saves now. InvalidError for what it saved twenty years ago."""
    if content.startswith(_OLE):
        raise InvalidError("imports.file.old_workbook")
    return content.startswith(b"PK")


def from_text(content: bytes, name: str) -> Table:
    """The table of a CSV or TSV file in whatever encoding Excel writes here: UTF-8, GBK, UTF-16."""
    if len(content) > LARGEST:
        raise InvalidError("imports.file.too_large", limit=LARGEST // 1024 // 1024)
    return pasted(_decoded(content), name, most=None)


def pasted(text: str, name: str, *, most: int | None = MOST_PASTED) -> Table:
    """The table of pasted cells, or of a text file: parted by tabs where the first line has one."""
    first = text.partition("\n")[0]
    parted = "\t" if "\t" in first else ";" if first.count(";") > first.count(",") else ","
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    cells = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=parted)
    try:
        for number, record in enumerate(reader, start=1):
            cells += len(record)
            if cells > MOST_CELLS or len(record) > MOST_CELLS // 100:
                raise InvalidError("imports.file.too_many_cells", limit=MOST_CELLS)
            if any(one.strip() for one in record):
                rows.append((number, tuple(map(Cell, record[:MOST_COLUMNS]))))
    except csv.Error:
        raise InvalidError("imports.file.quotes", row=len(rows) + 1) from None
    if most is not None and len(rows) > most + 1:
        raise InvalidError("imports.file.too_long_paste", limit=most, found=len(rows) - 1)
    return Table(name, tuple(rows))


def plain(value: str) -> str:
    """The text such that no spreadsheet takes it for a formula: with a quote before it if it would.

    Spreadsheets look past blanks, and some past full-width signs.
    """
    bare = value.lstrip(" \u00a0\u3000\ufeff")
    risky = bare[:1] in tuple("=+-@\t\r\n|\uff1d\uff0b\uff0d\uff20") and bool(bare)
    return f"'{value}" if risky or value[:1] in ("\t", "\r", "\n") else value


def csv_of(rows: Sequence[Sequence[str]]) -> bytes:
    """A CSV file that Excel opens in the right encoding, and that holds no formula."""
    text = io.StringIO()
    csv.writer(text).writerows([plain(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _decoded(content: bytes) -> str:
    wide = _WIDE.get(content[:2])
    if wide is not None:
        return content[2:].decode(wide, "replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidError("imports.file.no_text")
