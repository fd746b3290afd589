"""理格子 — a cell in any usual writing becomes what it means, or a fault that says why not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.kernel.errors import RowError
from app.kernel.table import Cell, CellKind
from app.kernel.tidy.forms import UNSEEN, Form, Holds, Spelling, near

_EXACT = 15  # digits of a number that a spreadsheet keeps
_EPOCH = date(1899, 12, 30)
_SERIALS = range(1000, 80_000)
_PART_OF_DAY = re.compile(r"[1-7]\d{4}\.\d+")
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
_WORN_ROW = re.compile(r"\s+")


@dataclass(slots=True)
class Mending:
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


def mended(mending: Mending, column: str, cell: Cell) -> str:
    """What a cell means; nothing where it is empty or at fault, which is then gathered."""
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


def _cleared(mending: Mending, column: str, cell: Cell) -> str:
    """The text without blanks around it, signs nobody sees, and the quote that means text."""
    text = UNSEEN.sub("", cell.text)
    if text != cell.text:
        mending.note(column, cell.text, "imports.mended.unseen")
    bare = text.strip(" \t\r\n\u00a0\u3000")
    if bare != text and bare:
        mending.note(column, cell.text, "imports.mended.spaces")
    if bare[:1] in {"'", "\u2018", "\u2019", "`"} and mending.form.columns[column] is Holds.CODE:
        mending.note(column, cell.text, "imports.mended.quote")
        bare = bare[1:].strip()
    return bare


def _code(mending: Mending, column: str, cell: Cell, text: str) -> str:
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


def _day(mending: Mending, column: str, cell: Cell, text: str) -> str:
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


def _moment(mending: Mending, column: str, cell: Cell, text: str) -> str:
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


def _amount(mending: Mending, column: str, cell: Cell, text: str) -> str:
    plain = _WORN_ROW.sub("", unicodedata.normalize("NFKC", text)).rstrip(_UNITS)
    if cell.kind is CellKind.DAY or not _AMOUNT.fullmatch(plain):
        return mending.refuse(column, text, "imports.cell.not_an_amount")
    if plain != text:
        mending.note(column, text, "imports.mended.amount")
    return plain


def _word(mending: Mending, column: str, text: str) -> str:
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


def _place(mending: Mending, column: str, text: str) -> str:
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


def _title(mending: Mending, column: str, text: str) -> str:
    bare = _WORN_ROW.sub("", text)
    if bare in mending.spelling.titles:
        return bare
    # One wrong sign in a title of three or more is a slip; anything else is a title of its own.
    like = near(bare, (one for one in mending.spelling.titles if len(one) == len(bare)))
    if like and len(bare) > 2 and sum(a != b for a, b in zip(bare, like, strict=True)) == 1:  # noqa: PLR2004
        return mending.refuse(column, text, "imports.cell.title_like", like=like)
    return text


_READINGS: Mapping[Holds, Callable[[Mending, str, str], str]] = {
    Holds.WORD: _word, Holds.PLACE: _place, Holds.TITLE: _title,
}  # fmt: skip
_EXACTLY: Mapping[Holds, Callable[[Mending, str, Cell, str], str]] = {
    Holds.CODE: _code, Holds.DAY: _day, Holds.MOMENT: _moment, Holds.AMOUNT: _amount,
}  # fmt: skip


def fill(mending: Mending) -> None:
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
