"""工作簿 — reading what others send in, in a process of its own with limits, and writing ours."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import orjson
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from app.base import apart, opening
from app.kernel.errors import InvalidError
from app.kernel.table import LARGEST, MOST_CELLS, MOST_COLUMNS, Cell, CellKind, Table

MOST_ENTRIES = 500
MOST_UNPACKED = 200 * 1024 * 1024
MOST_RATIO = 100
# A small file of one letter over and over is no bomb.
_SMALL = 1024 * 1024
_TEXT = "@"
_RED = PatternFill("solid", fgColor="F8D7D4")
_SHADE = PatternFill("solid", fgColor="E4EEF8")
_FIRST, _LAST = 2, 2001
# The column of ID numbers is wider than its name.
_NUMBERS, _WIDE, _ROOM = 4, 24, 8


def read_workbook(content: bytes, name: str) -> Table:
    """The first sheet with anything in it. InvalidError for what is no honest workbook.

    1. Before anything is unpacked: its size, how many parts it says it has, how large, how dense,
       and whether there are programs among them.
    2. The rest in a child process that may use so much memory and time.
    """
    _look(content)
    end, said = apart.run(
        opening.__file__, MOST_CELLS, MOST_COLUMNS,
        given=content, seconds=opening.SECONDS, most=opening.OUTPUT,
    )  # fmt: skip
    if end:
        raise InvalidError(opening.REFUSALS.get(end, "imports.file.bomb"), limit=MOST_CELLS)
    told = orjson.loads(said)
    rows = tuple(
        (number, tuple(Cell(text, CellKind(kind)) for kind, text in cells))
        for number, cells in told["rows"]
    )
    return Table(name, rows, tuple(told["unread"]))


def marked(
    table: Table, header: int, reasons: Mapping[int, str], wrong: Mapping[int, set[int]], label: str
) -> bytes:
    """These rows of their own table: a column of reasons after the last, the wrong cells red."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    width = max((len(cells) for _, cells in table.rows), default=0)
    for number, cells in table.rows:
        line = [
            _cell(sheet, cell.text, red=n in wrong.get(number, ())) for n, cell in enumerate(cells)
        ]
        line += [_cell(sheet, "") for _ in range(width - len(cells))]
        line.append(_cell(sheet, label if number == header else reasons.get(number, "")))
        sheet.append(line)
    return _saved(book)


def listed(rows: Sequence[Sequence[str]], title: str) -> bytes:
    """A list as a workbook: every cell is text, so that numbers stay whole and nothing reckons."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows):
        sheet.append([_cell(sheet, text, bold=number == 0) for text in row])
    return _saved(book)


def template(
    title: str,
    columns: Sequence[tuple[str, Sequence[str]]],
    sample: Sequence[str],
    notes: tuple[str, Sequence[Sequence[str]]],
) -> bytes:
    """A form to fill in: text columns, choices to drop down, a sample line, a sheet of notes."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    lists = book.create_sheet(f"{title}-")
    lists.sheet_state = "hidden"
    for number, (name, choices) in enumerate(columns, start=1):
        head = sheet.cell(1, number, name)
        head.font, head.fill = Font(bold=True), _SHADE
        letter = head.column_letter
        sheet.column_dimensions[letter].width = (
            _WIDE if number == _NUMBERS else 2 * len(name) + _ROOM
        )
        sheet.column_dimensions[letter].number_format = _TEXT
        for row in range(_FIRST, _LAST):
            sheet.cell(row, number).number_format = _TEXT
        sheet.cell(_FIRST, number).value = sample[number - 1] or None
        if choices:
            for row, choice in enumerate(choices, start=1):
                lists.cell(row, number, choice).data_type = "s"
            span = f"'{lists.title}'!${letter}$1:${letter}${len(choices)}"
            rule = DataValidation("list", formula1=span, allow_blank=True, showErrorMessage=False)
            sheet.add_data_validation(rule)
            rule.add(f"{letter}{_FIRST}:{letter}{_LAST}")
    sheet.freeze_panes = "A2"
    heading, lines = notes
    told = book.create_sheet(heading)
    for line in lines:
        told.append(list(line))
    for letter, width in zip("ABC", (16, 12, 80), strict=True):
        told.column_dimensions[letter].width = width
    return _saved(book)


def _look(content: bytes) -> None:
    if len(content) > LARGEST:
        raise InvalidError("imports.file.too_large", limit=LARGEST // 1024 // 1024)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise InvalidError("imports.file.broken") from None
    names = [part.filename.lower() for part in parts]
    if any(part.flag_bits & 1 for part in parts):
        raise InvalidError("imports.file.locked")
    if any(
        name.endswith(("vbaproject.bin", ".exe", ".dll")) or "/macrosheets/" in name
        for name in names
    ):
        raise InvalidError("imports.file.macros")
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_ENTRIES or unpacked > MOST_UNPACKED:
        raise InvalidError("imports.file.bomb")
    if unpacked > _SMALL and unpacked > MOST_RATIO * len(content):
        raise InvalidError("imports.file.bomb")
    if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise InvalidError("imports.file.broken")


def _cell(sheet: object, text: str, *, red: bool = False, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value="".join(sign for sign in text if sign.isprintable()))
    # Said to be text, whatever it begins with.
    cell.data_type, cell.number_format = "s", _TEXT
    if red:
        cell.fill = _RED
    if bold:
        cell.font, cell.fill = Font(bold=True), _SHADE
    return cell


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
