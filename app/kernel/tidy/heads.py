"""列名 — which row names the columns, and which column is which."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from app.kernel.errors import InvalidError
from app.kernel.table import Table
from app.kernel.tidy.forms import UNSEEN, Chosen, Form, Spelling, near

_HEAD_WITHIN = 10  # rows; a title, a date and a remark often stand above
_HEAD_LEAST = 2  # known names that make a row the header


def guessed(table: Table, spelling: Spelling, header: int = 0) -> Chosen:
    """What is likely meant where a header is not clear: the fullest of the first rows, by likeness,
    or the one that was said to be it.

    A column is guessed once, in the first place that is like it.
    """
    first = [one for one in table.rows if one[0] == header] or table.rows[:_HEAD_WITHIN]
    known = [sum(_bare(one.text) in spelling.columns for one in cells) for _, cells in first]
    width = [sum(bool(one.text.strip()) for one in cells) for _, cells in first]
    best = max(range(len(first)), key=lambda n: (known[n], width[n], -n))
    at: dict[str, int] = {}
    for n, cell in enumerate(first[best][1]):
        bare = _bare(cell.text)
        name = spelling.columns.get(bare) or spelling.columns.get(near(bare, spelling.columns))
        if bare and name and name not in at:
            at[name] = n
    return Chosen(first[best][0], at)


def header_of(
    table: Table, form: Form, spelling: Spelling
) -> tuple[int, Mapping[str, int], tuple[str, ...]]:
    """The row that names the most columns, where each stands, and names that are none of ours."""
    best: tuple[int, dict[str, int], list[str]] = (0, {}, [])
    for row, cells in table.rows[:_HEAD_WITHIN]:
        at: dict[str, int] = {}
        ignored = []
        for n, cell in enumerate(cells):
            bare = _bare(cell.text)
            name = spelling.columns.get(bare)
            if name is None:
                ignored += [bare[:32]] if bare else []
            elif name in at:
                raise InvalidError("imports.header.repeated", name=cell.text.strip()[:32])
            else:
                at[name] = n
        if len(at) > len(best[1]):
            best = (row, at, ignored)
    if len(best[1]) < _HEAD_LEAST:
        names = [_first(spelling.columns, some[0]) for some in form.must]
        raise InvalidError("imports.header.none", names=", ".join(names))
    return best[0], best[1], tuple(best[2])


def left_out(table: Table, chosen: Chosen) -> tuple[str, ...]:
    """The names of columns that were said to be none of ours."""
    used = set(chosen.at.values())
    heads = next((cells for row, cells in table.rows if row == chosen.header), ())
    return tuple(
        cell.text.strip()[:32]
        for n, cell in enumerate(heads)
        if n not in used and cell.text.strip()
    )


def refuse_lacking(form: Form, spelling: Spelling, at: Mapping[str, int]) -> None:
    """InvalidError where the form must have a column that the table lacks."""
    lacking = [names[0] for names in form.must if not set(names) & set(at)]
    if "unit_code" in form.columns and not spelling.sole and "unit_code" not in at:
        lacking.append("unit_code")
    if lacking:
        names = [_first(spelling.columns, name) for name in dict.fromkeys(lacking)]
        raise InvalidError("imports.header.lacking", names=", ".join(names))


def _first(columns: Mapping[str, str], name: str) -> str:
    return next(word for word, column in columns.items() if column == name)


def _bare(text: str) -> str:
    """A column's name without blanks, marks of duty and what stands in brackets."""
    plain = unicodedata.normalize("NFKC", UNSEEN.sub("", text))
    return re.sub(r"\(.*?\)|[*:\s]", "", plain).upper()
