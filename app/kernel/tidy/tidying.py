"""理表 — the rows of a table become lines that can be judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.kernel.errors import InvalidError, RowError
from app.kernel.sheet import Line, Sheet
from app.kernel.table import Cell, Table
from app.kernel.tidy.forms import Chosen, Form, Spelling, Tidied
from app.kernel.tidy.heads import header_of, left_out, refuse_lacking
from app.kernel.tidy.mending import Mending, fill, mended


def tidy(table: Table, form: Form, spelling: Spelling, chosen: Chosen | None = None) -> Tidied:
    """The lines of a table. InvalidError where no row names the columns that the form must have.

    Where somebody said which column is which, that holds.
    """
    if chosen is None:
        header, at, ignored = header_of(table, form, spelling)
    else:
        header, at, ignored = chosen.header, chosen.at, left_out(table, chosen)
    refuse_lacking(form, spelling, at)
    lines: list[Line] = []
    faults: list[RowError] = []
    notes: list[RowError] = []
    for row, cells in table.rows:
        if row <= header:
            continue
        mending = Mending(row, form, spelling)
        said = {name: cells[n] for name, n in at.items() if n < len(cells)}
        if not any(cell.text.strip() for cell in said.values()) or _is_sample(said, form, spelling):
            continue
        for name in at:
            mending.cells[name] = mended(mending, name, said.get(name, Cell("")))
        fill(mending)
        lines.append(Line(row, mending.cells))
        faults += mending.faults
        notes += mending.notes
    if not lines:
        raise InvalidError("imports.file.no_rows")
    columns = (*at, *(name for name in lines[0].cells if name not in at))
    return Tidied(Sheet(columns, tuple(lines), tuple(faults)), tuple(notes), header, at, ignored)


def _is_sample(said: Mapping[str, Cell], form: Form, spelling: Spelling) -> bool:
    number = said.get(form.key)
    return number is not None and number.text.strip().startswith(spelling.sample)


def without(sheet: Sheet, rows: Iterable[int]) -> Sheet:
    """The sheet without these rows, and so without their faults."""
    left_out = set(rows)
    return Sheet(sheet.columns, tuple(one for one in sheet.lines if one.row not in left_out))
