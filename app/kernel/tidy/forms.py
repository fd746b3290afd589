"""表样 — what a kind of file holds, and how people write its columns and its words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.kernel.errors import RowError
from app.kernel.sheet import Sheet

_NEAR = 0.6
UNSEEN = re.compile(
    "[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f]"
)


class Holds(StrEnum):
    """格子内容 — what the cells of a column hold."""

    CODE = "code"
    NAME = "name"
    DAY = "day"
    MOMENT = "moment"
    AMOUNT = "amount"
    WORD = "word"
    PLACE = "place"
    TITLE = "title"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Form:
    """表样 — the columns of one kind of file, in the order of its template.

    The first names what a line is about. Of the columns of each of `must` a file has one at least.
    """

    columns: Mapping[str, Holds]
    must: tuple[tuple[str, ...], ...]

    @property
    def key(self) -> str:
        """The column by which a line is known."""
        return next(iter(self.columns))

    def required(self) -> frozenset[str]:
        """The columns that a line must have filled in."""
        return frozenset(names[0] for names in self.must if len(names) == 1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """对应列 — which row names the columns, and in which column of the file each stands."""

    header: int
    at: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Spelling:
    """写法 — the names of columns and the words of cells, as people write them.

    `columns` by name without blanks; `words` by column, then by word; `titles` with their level;
    `places` by column, then by name or code: every code of that name; `sole` is the only employer
    there can be; `sample` is what begins the number of a line that is an example.
    """

    columns: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    titles: Mapping[str, str]
    places: Mapping[str, Mapping[str, tuple[str, ...]]]
    sole: str
    sample: str


@dataclass(frozen=True, slots=True)
class Tidied:
    """理顺的表 — lines to be judged, what is wrong before that, and what was mended.

    `header` is the row of the names; `at` says in which column of the file each column stands.
    """

    sheet: Sheet
    notes: tuple[RowError, ...]
    header: int
    at: Mapping[str, int]
    ignored: tuple[str, ...]


def near(word: str, known: Iterable[str]) -> str:
    """The known word that was most likely meant; none where none is like it."""
    found = difflib.get_close_matches(word, list(known), 1, _NEAR)
    return found[0] if found else ""


def named_places(units: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Codes by name and by code, of units given as code and name."""
    found: dict[str, tuple[str, ...]] = {}
    for code, _ in units:
        found[code] = (code,)
    for code, name in units:
        if name not in found or found[name] != (name,):
            found[name] = (*found.get(name, ()), code)
    return found


def words_of(book: Mapping[str, str], section: str, parting: str) -> dict[str, str]:
    """Each way to write a word, with the word, of one section of a book of words."""
    return {
        one: code.partition(".")[2]
        for code, said in book.items()
        if code.startswith(f"{section}.")
        for one in said.split(parting)
    }


def columns_of(book: Mapping[str, str], form: Form, parting: str) -> dict[str, str]:
    """Each way to write the name of a column of the form, with the column."""
    return {
        one.replace(" ", "").upper(): name
        for name in form.columns
        for one in book[f"column.{name}"].split(parting)
    }
