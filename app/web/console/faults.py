"""错处 — what is wrong in a table, in its parts: row, column, wrong signs, the rule, the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.base import words
from app.kernel import tidy
from app.kernel.errors import RowError
from app.kernel.tidy import Form
from app.people.terms import Fate


@dataclass(frozen=True, slots=True)
class Fault:
    """一处错误 — row, column, what stands there with the wrong signs, the rule, the remedy."""

    row: int
    column: str
    value: tuple[str, str, str]
    what: str
    remedy: str


def label(column: str) -> str:
    """A column as the template calls it."""
    book = words.book("roster")
    said = book.get(f"column.{column}", "")
    return said.split(book["template.separator"])[0]


def plain(fault: RowError) -> dict[str, Any]:
    """A fault as an import keeps it."""
    return {
        "row": fault.row, "column": fault.column, "value": fault.value, "code": fault.code,
        "facts": [[name, fact] for name, fact in fault.facts],
    }  # fmt: skip


def fates(
    told: Iterable[tuple[int, str, str, str, Sequence[str]]], most: int
) -> dict[str, list[tuple[int, str, str, str]]]:
    """The lines by their fate, so many of each: row, number, name, and what is new."""
    separator = words.book("roster")["template.separator"]
    by_fate: dict[str, list[tuple[int, str, str, str]]] = {fate.value: [] for fate in Fate}
    for row, no, name, fate, columns in told:
        if len(by_fate[fate]) < most:
            said = separator.join(label(column) or column for column in columns)
            by_fate[fate].append((row, no, name, said))
    return by_fate


def faults_of(form: Form, told: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    """Faults in their parts: a sentence names row and column, then the rule, then the remedy."""
    for one in told:
        facts = tuple((name, fact) for name, fact in one["facts"])
        fault = RowError(one["row"], one["column"], one["value"], one["code"], facts)
        start, end = tidy.wrong_part(fault)
        value = fault.value
        parts = (value[:start], value[start:end], value[end:])
        what, remedy = said(form, fault)
        yield Fault(fault.row, label(fault.column) or fault.column, parts, what, remedy)


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
