"""歪表 — a table as hospitals keep it, made into lines that can be judged: columns by any of their
names, cells in any usual writing; what was mended is noted, what cannot be read is a fault.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.kernel.errors import InvalidError, RowError
from app.kernel.sheet import Line, Sheet
from app.kernel.table import Cell, CellKind, Table

_HEAD_WITHIN = 10  # rows; a title, a date and a remark often stand above
_HEAD_LEAST = 2  # known names that make a row the header
_EXACT = 15  # digits of a number that a spreadsheet keeps
_EPOCH = date(1899, 12, 30)
_SERIALS = range(1000, 80_000)
_PART_OF_DAY = re.compile(r"[1-7]\d{4}\.\d+")
_NEAR = 0.6

_DAY = re.compile(r"(\d{4})[-/.\u5e74](\d{1,2})[-/.\u6708](\d{1,2})\u65e5?")
_TIGHT_DAY = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
# The hour of a day, where it is said.
_CLOCK = re.compile(r"(.*\d\S?)[T\s]+(\d{1,2})[:\u65f6\u70b9](\d{2})\u5206?(?::\d{2}(?:\.\d+)?)?")
_SHORT_DAY = re.compile(r"\d{2}[-/.\u5e74]\d{1,2}[-/.\u6708]\d{1,2}\u65e5?|\d{1,2}/\d{1,2}/\d{2,4}")
_MONTH = re.compile(r"\d{4}[-/.\u5e74]\d{1,2}\u6708?")
# A figure as people write it, and what they put behind it.
_AMOUNT = re.compile(r"\d{1,5}(\.\d{1,2})?0*")
_UNITS = "\u5b66 \u65f6 \u5206 \u5e74 \u5ea6"  # 学时 学分 年度
_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|#+)")
_UNSEEN = re.compile(
    "[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f]"
)
_WORN_ROW = re.compile(r"\s+")


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


@dataclass(slots=True)
class _Mending:
    """What the cells of one line become."""

    row: int
    form: Form
    spelling: Spelling
    cells: dict[str, str] = field(default_factory=dict)
    faults: list[RowError] = field(default_factory=list)
    notes: list[RowError] = field(default_factory=list)

    def refuse(self, column: str, value: str, code: str, **facts: object) -> str:
        self.faults.append(RowError(self.row, column, value[:64], code, tuple(facts.items())))
        return ""

    def note(self, column: str, value: str, code: str) -> None:
        self.notes.append(RowError(self.row, column, value[:64], code))


def tidy(table: Table, form: Form, spelling: Spelling, chosen: Chosen | None = None) -> Tidied:
    """The lines of a table. InvalidError where no row names the columns that the form must have.

    Where somebody said which column is which, that holds.
    """
    if chosen is None:
        header, at, ignored = _header(table, form, spelling)
    else:
        header, at, ignored = chosen.header, chosen.at, _left_out(table, chosen)
    _refuse_lacking(form, spelling, at)
    lines: list[Line] = []
    faults: list[RowError] = []
    notes: list[RowError] = []
    for row, cells in table.rows:
        if row <= header:
            continue
        mending = _Mending(row, form, spelling)
        said = {name: cells[n] for name, n in at.items() if n < len(cells)}
        if not any(cell.text.strip() for cell in said.values()) or _is_sample(said, form, spelling):
            continue
        for name in at:
            mending.cells[name] = _mended(mending, name, said.get(name, Cell("")))
        _filled(mending)
        lines.append(Line(row, mending.cells))
        faults += mending.faults
        notes += mending.notes
    if not lines:
        raise InvalidError("imports.file.no_rows")
    columns = (*at, *(name for name in lines[0].cells if name not in at))
    return Tidied(Sheet(columns, tuple(lines), tuple(faults)), tuple(notes), header, at, ignored)


def near(word: str, known: Iterable[str]) -> str:
    """The known word that was most likely meant; none where none is like it."""
    found = difflib.get_close_matches(word, list(known), 1, _NEAR)
    return found[0] if found else ""


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


def _header(
    table: Table, form: Form, spelling: Spelling
) -> tuple[int, Mapping[str, int], tuple[str, ...]]:
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


def _left_out(table: Table, chosen: Chosen) -> tuple[str, ...]:
    used = set(chosen.at.values())
    heads = next((cells for row, cells in table.rows if row == chosen.header), ())
    return tuple(
        cell.text.strip()[:32]
        for n, cell in enumerate(heads)
        if n not in used and cell.text.strip()
    )


def _refuse_lacking(form: Form, spelling: Spelling, at: Mapping[str, int]) -> None:
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
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    return re.sub(r"\(.*?\)|[*:\s]", "", plain).upper()


def _is_sample(said: Mapping[str, Cell], form: Form, spelling: Spelling) -> bool:
    number = said.get(form.key)
    return number is not None and number.text.strip().startswith(spelling.sample)


def _mended(mending: _Mending, column: str, cell: Cell) -> str:
    text = _cleared(mending, column, cell)
    if not text:
        return ""
    if cell.kind is CellKind.ERROR or _ERROR.fullmatch(text):
        return mending.refuse(column, text, "imports.cell.formula_error")
    holds = mending.form.columns[column]
    if holds in _EXACTLY:
        return _EXACTLY[holds](mending, column, cell, text)
    if holds is Holds.NAME and any(sign.isdecimal() for sign in text):
        return mending.refuse(column, text, "imports.cell.digits_in_name")
    reading = _READINGS.get(holds)
    return text if reading is None else reading(mending, column, text)


def _cleared(mending: _Mending, column: str, cell: Cell) -> str:
    """The text without blanks around it, signs nobody sees, and the quote that means text."""
    text = _UNSEEN.sub("", cell.text)
    if text != cell.text:
        mending.note(column, cell.text, "imports.mended.unseen")
    bare = text.strip(" \t\r\n\u00a0\u3000")
    if bare != text and bare:
        mending.note(column, cell.text, "imports.mended.spaces")
    if bare[:1] in {"'", "\u2018", "\u2019", "`"} and mending.form.columns[column] is Holds.CODE:
        mending.note(column, cell.text, "imports.mended.quote")
        bare = bare[1:].strip()
    return bare


def _code(mending: _Mending, column: str, cell: Cell, text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    if plain != text:
        mending.note(column, text, "imports.mended.wide")
    tight = _WORN_ROW.sub("", plain)
    if tight != plain:
        mending.note(column, text, "imports.mended.spaces")
    if cell.kind is CellKind.NUMBER:
        if "." in tight or "e" in tight.lower():
            return mending.refuse(column, tight, "imports.cell.not_a_number_of")
        if len(tight) > _EXACT:
            return mending.refuse(column, tight, "imports.cell.digits_lost")
    elif cell.kind is CellKind.DAY:
        return mending.refuse(column, tight, "imports.cell.became_a_day")
    if column == "phone":
        return re.sub(r"(?<=\d)[-](?=\d{4}(-|$))", "", tight) if tight.startswith("1") else tight
    if column == "id_number" and tight[-1:] == "x":
        mending.note(column, text, "imports.mended.small_x")
    return tight


def _day(mending: _Mending, column: str, cell: Cell, text: str) -> str:
    plain = _WORN_ROW.sub("", unicodedata.normalize("NFKC", text)).split("T")[0]
    if cell.kind is CellKind.DAY:
        return plain
    if cell.kind is CellKind.NUMBER and plain.isdecimal() and int(plain) in _SERIALS:
        mending.note(column, text, "imports.mended.serial_day")
        return (_EPOCH + timedelta(days=int(plain))).isoformat()
    found = _DAY.fullmatch(plain) or _TIGHT_DAY.fullmatch(plain)
    if found:
        year, month, day = found.groups()
        written = f"{year}-{int(month):02}-{int(day):02}"
        if written != plain:
            mending.note(column, text, "imports.mended.day")
        return written
    if _SHORT_DAY.fullmatch(plain):
        return mending.refuse(column, text, "imports.cell.short_year")
    if _MONTH.fullmatch(plain):
        return mending.refuse(column, text, "imports.cell.no_day")
    return mending.refuse(column, text, "imports.cell.text_day")


def _moment(mending: _Mending, column: str, cell: Cell, text: str) -> str:
    """A day, and the hour where one is said; what Excel keeps as a number has its hour in it."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if cell.kind is CellKind.NUMBER and _PART_OF_DAY.fullmatch(plain):
        minutes = round(float(plain) * 24 * 60)
        mending.note(column, text, "imports.mended.serial_day")
        midnight = datetime(_EPOCH.year, _EPOCH.month, _EPOCH.day)  # noqa: DTZ001  Beijing's, said so
        return (midnight + timedelta(minutes=minutes)).isoformat(timespec="minutes")
    found = _CLOCK.fullmatch(plain)
    if found is None:
        return _day(mending, column, cell, text)
    day = _day(mending, column, cell, found[1])
    return f"{day}T{int(found[2]):02}:{found[3]}" if day else ""


def _amount(mending: _Mending, column: str, cell: Cell, text: str) -> str:
    plain = _WORN_ROW.sub("", unicodedata.normalize("NFKC", text)).rstrip(_UNITS)
    if cell.kind is CellKind.DAY or not _AMOUNT.fullmatch(plain):
        return mending.refuse(column, text, "imports.cell.not_an_amount")
    if plain != text:
        mending.note(column, text, "imports.mended.amount")
    return plain


def _word(mending: _Mending, column: str, text: str) -> str:
    known = mending.spelling.words[column]
    bare = _WORN_ROW.sub("", unicodedata.normalize("NFKC", text))
    found = known.get(bare) or (bare if bare in known.values() else "")
    if found:
        return found
    firsts: dict[str, str] = {}
    for word, value in known.items():
        firsts.setdefault(value, word)
    allowed = ", ".join(firsts.values())
    return mending.refuse(column, text, "imports.cell.choose", allowed=allowed)


def _place(mending: _Mending, column: str, text: str) -> str:
    known = mending.spelling.places[column]
    codes = known.get(text) or known.get(_WORN_ROW.sub("", unicodedata.normalize("NFKC", text)), ())
    if len(codes) == 1:
        return codes[0]
    if codes:
        return mending.refuse(column, text, "imports.cell.place_twice", codes=", ".join(codes))
    like = near(text, known)
    if like:
        return mending.refuse(column, text, "imports.cell.place_like", like=like)
    return mending.refuse(column, text, "imports.cell.place_unknown")


def _title(mending: _Mending, column: str, text: str) -> str:
    bare = _WORN_ROW.sub("", text)
    if bare in mending.spelling.titles:
        return bare
    # One wrong sign in a title of three or more is a slip; anything else is a title of its own.
    like = near(bare, (one for one in mending.spelling.titles if len(one) == len(bare)))
    if like and len(bare) > 2 and sum(a != b for a, b in zip(bare, like, strict=True)) == 1:  # noqa: PLR2004
        return mending.refuse(column, text, "imports.cell.title_like", like=like)
    return text


_READINGS: Mapping[Holds, Callable[[_Mending, str, str], str]] = {
    Holds.WORD: _word, Holds.PLACE: _place, Holds.TITLE: _title,
}  # fmt: skip
_EXACTLY: Mapping[Holds, Callable[[_Mending, str, Cell, str], str]] = {
    Holds.CODE: _code, Holds.DAY: _day, Holds.MOMENT: _moment, Holds.AMOUNT: _amount,
}  # fmt: skip


def _filled(mending: _Mending) -> None:
    """What a table leaves out because it goes without saying."""
    cells, spelling = mending.cells, mending.spelling
    wrong = {fault.column for fault in mending.faults}
    told = mending.form.columns
    if "unit_code" in told and not cells.get("unit_code") and "unit_code" not in wrong:
        cells["unit_code"] = spelling.sole
    level = spelling.titles.get(cells.get("title", ""))
    if (
        "title_level" in told
        and level
        and not cells.get("title_level")
        and "title_level" not in wrong
    ):
        cells["title_level"] = level


def without(sheet: Sheet, rows: Iterable[int]) -> Sheet:
    """The sheet without these rows, and so without their faults."""
    left_out = set(rows)
    return Sheet(sheet.columns, tuple(one for one in sheet.lines if one.row not in left_out))


def wrong_part(fault: RowError) -> tuple[int, int]:
    """From where to where in the value the wrong signs stand; nothing where it is the whole."""
    value, cause = fault.value, fault.code.rpartition(".")[2]
    match cause:
        case "id_rounded" | "digits_lost":
            zeros = len(value) - len(value.rstrip("0"))
            return len(value) - zeros, len(value)
        case "id_birthday" | "id_unborn":
            return (6, 14) if len(value) > _EXACT else (6, 12)
        case "id_check":
            return len(value) - 1, len(value)
        case "title_like" | "place_like":
            return _difference(value, str(dict(fault.facts)["like"]))
        case "id_signs":
            bad = re.search(r"[^0-9]+(?=.)|[^0-9Xx]$", value)
            return bad.span() if bad else (0, 0)
        case _:
            return 0, 0


def _difference(value: str, like: str) -> tuple[int, int]:
    if len(value) != len(like):
        return 0, 0
    wrong = [n for n, (a, b) in enumerate(zip(value, like, strict=True)) if a != b]
    return (wrong[0], wrong[-1] + 1) if wrong else (0, 0)


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
