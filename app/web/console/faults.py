"""检查结果 — lines of an import in words, wrong cells in the parts that a table shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.base import words
from app.kernel import tidy
from app.kernel.errors import RowError
from app.kernel.tidy import Form


@dataclass(frozen=True, slots=True)
class Fault:
    """一处错误 — row, column, what stands there with the wrong signs, the rule, the remedy."""

    row: int
    column: str
    value: tuple[str, str, str]
    what: str
    remedy: str


def faults_of(form: Form, faults: Iterable[RowError]) -> Iterator[Fault]:
    """Faults in their parts: a sentence names row and column, then the rule, then the remedy."""
    for fault in faults:
        start, end = tidy.wrong_part(fault)
        value = fault.value
        parts = (value[:start], value[start:end], value[end:])
        what, remedy = said(form, fault)
        yield Fault(fault.row, label(fault.column) or fault.column, parts, what, remedy)


def kept(told: Iterable[Mapping[str, Any]]) -> Iterator[RowError]:
    """Faults as they were kept with an import."""
    for one in told:
        facts = tuple((name, fact) for name, fact in one["facts"])
        yield RowError(one["row"], one["column"], one["value"], one["code"], facts)


def said(form: Form, fault: RowError) -> tuple[str, str]:
    """What is wrong, and what to do, without the row and the column, which have their own cells."""
    stop, comma, colon = (
        words.book("people")[f"sign.{name}"] for name in ("stop", "comma", "colon")
    )
    told = words.of_row(fault)
    lead = words.sentence("people", "sign.row", {"row": fault.row})
    told = told.removeprefix(lead).lstrip(comma)
    column = words.sentence("people", "sign.column", {"column": fault.column})
    told = told.removeprefix(column).lstrip(colon)
    for name in sorted(form.columns, key=len, reverse=True):
        told = told.replace(name, label(name))
    what, _, remedy = told.partition(stop)
    if not remedy and comma in what:
        what, _, remedy = what.rpartition(comma)
        return f"{what}{stop}", f"{remedy}{stop}"
    return f"{what}{stop}", remedy


def label(column: str) -> str:
    """A column as the template calls it."""
    book = words.book("roster")
    said = book.get(f"column.{column}", "")
    return said.split(book["template.separator"])[0]


def brought(line: Sequence[Any]) -> tuple[int, str, str, str]:
    """A line as it is shown: row, number, name, and what is new."""
    row, no, name, _, columns = line
    separator = words.book("roster")["template.separator"]
    return row, no, name, separator.join(label(column) or column for column in columns)
