"""导入表 — the lines of a CSV file, and the reading of their cells into values.

A wrong file is refused at once; wrong cells are gathered, so that all of them are told together.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from app.kernel.errors import InvalidError, RowError

LARGEST = 64 * 1024 * 1024  # bytes; some 300,000 people
CODE_LENGTH = 32
EARLIEST = date(1900, 1, 1)

_SHOWN = 64
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WHOLE = re.compile(r"\d{1,6}")
_SCIENTIFIC = re.compile(r"\d+(\.\d+)?[eE]\+\d+")
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# Planes without characters: GBK pairs that are UTF-8 by chance (a city of two signs) end there.
_NOBODYS = re.compile("[\U00040000-\U000dffff]")
_WIDE = (b"\xff\xfe", b"\xfe\xff")

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Line:
    """一行 — the cells of one data row by column; `row` counts as a spreadsheet does."""

    row: int
    cells: Mapping[str, str]

    def has(self, column: str) -> bool:
        """Whether the file has that column at all; one it lacks leaves what stands as it is."""
        return column in self.cells

    def __getitem__(self, column: str) -> str:
        """The text of a cell without blanks around it; empty where the file lacks the column."""
        return self.cells.get(column, "")

    def wrong(self, column: str, code: str, /, **facts: object) -> RowError:
        """That cell as an error, its value cut to what a person can read."""
        value = self[column]
        if len(value) > _SHOWN:
            value = f"{value[:_SHOWN]}..."
        return RowError(self.row, column, value, code, tuple(facts.items()))


@dataclass(frozen=True, slots=True)
class Columns:
    """列 — the columns a file must have, and those it may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter(self.required + self.optional)


@dataclass(frozen=True, slots=True)
class Sheet:
    """表 — the lines of a file, its columns in their order, and the rows that were no lines."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    faults: tuple[RowError, ...] = ()

    def refuse_faults(self, *found: Iterable[RowError]) -> None:
        """InvalidError naming every wrong cell, by row and column, if there is one."""
        faults = [*self.faults, *(fault for some in found for fault in some)]
        if not faults:
            return
        place = {column: number for number, column in enumerate(self.columns)}
        faults.sort(key=lambda fault: (fault.row, place.get(fault.column, -1)))
        rows = len({fault.row for fault in faults})
        raise InvalidError("imports.file.wrong_cells", rows=faults, count=len(faults), lines=rows)


@dataclass(frozen=True, slots=True)
class Imported:
    """导入结果 — how many rows were added, changed, or stood already as the file says."""

    added: int
    changed: int
    same: int


def read_csv(content: bytes, columns: Columns) -> Sheet:
    """The sheet that a CSV file holds: UTF-8 with or without a byte order mark, LF or CRLF.

    InvalidError for what is no such file or has other columns. Empty rows are passed over but
    counted; a row with more or fewer cells than the header is a fault of the sheet.
    """
    records = _records(_decoded(content))
    header = _header(records, columns)
    lines, faults = [], []
    for row, record in records:
        cells = [cell.strip() for cell in record]
        if len(cells) != len(header) and any(cells):
            facts = (("found", len(cells)), ("expected", len(header)))
            faults.append(RowError(row, "", "", "imports.row.ragged", facts))
        elif any(cells):
            lines.append(Line(row, dict(zip(header, cells, strict=True))))
    if not lines and not faults:
        raise InvalidError("imports.file.no_rows")
    return Sheet(header, tuple(lines), tuple(faults))


class Reading:
    """逐格读取 — turns the cells of one line into values and gathers what is wrong with them.

    A wrong or empty cell gives the empty value, so that the other cells can still be judged.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.faults: list[RowError] = []
        self.notes: list[RowError] = []

    def refuse(self, column: str, code: str, /, **facts: object) -> None:
        """Find one cell wrong."""
        self.faults.append(self.line.wrong(column, code, **facts))

    def note(self, column: str, code: str, /, **facts: object) -> None:
        """Remark on one cell that is no reason to refuse the file."""
        self.notes.append(self.line.wrong(column, code, **facts))

    def text(self, column: str, limit: int, *, must: bool = False) -> str:
        """The cell as it stands, at most so many characters, all of them visible."""
        return self._fit(column, self.line[column], limit, must=must)

    def plain(self, column: str, limit: int, *, must: bool = False) -> str:
        """The cell as codes are written: full-width signs made plain, no blanks inside."""
        written = unicodedata.normalize("NFKC", self.line[column])
        value = self._fit(column, written, limit, must=must)
        if any(sign.isspace() for sign in value):
            self.refuse(column, "imports.cell.spaces")
        elif _SCIENTIFIC.fullmatch(value):
            self.refuse(column, "imports.cell.scientific")
        else:
            return value
        return ""

    def code(self, column: str, *, must: bool = False) -> str:
        """A number or code that names something, at most 32 characters."""
        return self.plain(column, CODE_LENGTH, must=must)

    def word(self, column: str, words: type[Word], *, must: bool = False) -> Word | None:
        """One of the words of an enum, or None."""
        value = self.plain(column, CODE_LENGTH, must=must)
        if not value:
            return None
        try:
            return words(value)
        except ValueError:
            self.refuse(column, "imports.cell.not_one_of", allowed=", ".join(words))
            return None

    def day(self, column: str) -> date | None:
        """A day written YYYY-MM-DD, not before 1900, or None."""
        value = self.plain(column, CODE_LENGTH)
        if not value:
            return None
        if not _ISO_DAY.fullmatch(value):
            self.refuse(column, "imports.cell.not_a_date")
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.refuse(column, "imports.cell.no_such_day")
            return None
        if day < EARLIEST:
            self.refuse(column, "imports.cell.too_early")
            return None
        return day

    def whole(self, column: str) -> int | None:
        """A whole number from 0 to 999999, or None."""
        value = self.plain(column, CODE_LENGTH)
        if not value:
            return None
        if not (value.isascii() and _WHOLE.fullmatch(value)):
            self.refuse(column, "imports.cell.not_whole")
            return None
        return int(value)

    def _fit(self, column: str, value: str, limit: int, *, must: bool) -> str:
        if not value:
            if must:
                self.refuse(column, "imports.cell.required")
        elif any(unicodedata.category(sign) in _INVISIBLE for sign in value):
            self.refuse(column, "imports.cell.invisible")
        elif len(value) > limit:
            self.refuse(column, "imports.cell.too_long", length=len(value), limit=limit)
        else:
            return value
        return ""


def repeated(named: Sequence[tuple[Line, str]], column: str, code: str) -> Iterator[RowError]:
    """A fault for every line whose value an earlier row has; empty ones do not count."""
    first: dict[str, int] = {}
    for line, value in named:
        if value and first.setdefault(value, line.row) != line.row:
            yield line.wrong(column, code, other=first[value])


def _decoded(content: bytes) -> str:
    if len(content) > LARGEST:
        raise InvalidError("imports.file.too_large", limit=LARGEST // 1024 // 1024)
    if content.startswith(_WORKBOOK):
        raise InvalidError("imports.file.workbook")
    if content.startswith(_WIDE):
        raise InvalidError("imports.file.utf16")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        first = error.start
    else:
        by_chance = _NOBODYS.search(text)
        if by_chance is None:
            return text
        first = len(text[: by_chance.start()].encode())
    code = "imports.file.gbk" if _is_gbk(content) else "imports.file.not_utf8"
    raise InvalidError(code, row=content.count(b"\n", 0, first) + 1)


def _is_gbk(content: bytes) -> bool:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    row = 0
    while True:
        row += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise InvalidError("imports.file.quotes", row=row) from None
        yield row, record


def _header(records: Iterator[tuple[int, list[str]]], columns: Columns) -> tuple[str, ...]:
    _, record = next(records, (1, []))
    header = tuple(name.strip() for name in record)
    known = list(columns)
    if not any(header):
        raise InvalidError("imports.file.empty", columns=",".join(known))
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        raise InvalidError("imports.header.delimiter", columns=",".join(known))
    for number, name in enumerate(header, start=1):
        if not name:
            raise InvalidError("imports.header.nameless", number=number)
        if name not in known:
            shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
            raise InvalidError("imports.header.unknown", name=shown, columns=",".join(known))
        if header.count(name) > 1:
            raise InvalidError("imports.header.repeated", name=name)
    lacking = [name for name in columns.required if name not in header]
    if lacking:
        raise InvalidError("imports.header.lacking", names=", ".join(lacking))
    return header
