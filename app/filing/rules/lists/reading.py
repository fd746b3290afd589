"""项目表的内容 — what the lines of a table of projects say, and which cells say nothing.

The lines of one number are one project. A cell of the project that is left empty says what an
earlier line of the project says, as in a table whose cells were merged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from app.filing.terms import Clock, ListLine
from app.kernel.errors import RowError
from app.kernel.sheet import Line, Reading, Sheet
from app.kernel.span import local
from app.kernel.tidy import Form, Holds
from app.people.terms import PersonNo
from app.projects.rules import LONGEST_NUMBER, MOST_CREDITS, MOST_HOURS, YEARS, number_of
from app.projects.terms import (
    CourseKind,
    Level,
    MedicalType,
    NumberForm,
)

FORM = Form(
    {
        "project_no": Holds.TEXT, "project_name": Holds.TEXT, "project_level": Holds.WORD,
        "project_year": Holds.AMOUNT, "project_credits": Holds.AMOUNT,
        "project_hours": Holds.AMOUNT, "batch_no": Holds.TEXT, "batch_from": Holds.MOMENT,
        "batch_to": Holds.MOMENT, "venue": Holds.TEXT, "lecturers": Holds.TEXT,
        "sign_in": Holds.TEXT, "sign_out": Holds.TEXT, "medical_type": Holds.WORD,
        "course_kind": Holds.WORD, "unit_code": Holds.PLACE,
    },
    must=(
        ("project_no",), ("project_name",), ("project_level",), ("project_year",),
        ("project_credits",), ("batch_from",), ("batch_to",), ("venue",),
    ),
)  # fmt: skip
_AMOUNTS = ("project_year", "project_credits", "project_hours")
# What the lines of one project say together.
_SHARED = ("project_name", "project_level", *_AMOUNTS, "medical_type", "course_kind", "unit_code")
_NAME, _VENUE, _MOST_LECTURERS = 75, 200, 30
# Where a day is said without an hour.
OPENS, CLOSES = time(8), time(18)
_PARTING = re.compile(r"[\u3001,;/\s]+")
_LECTURER = re.compile(r"([^()]{1,32})(?:\((\d{1,3}(?:\.\d)?)[^()]*\))?")
_CLOCKS = re.compile(
    r"(\d{1,2}):(\d{2})\s*(?:-|~|\u2013|\u2014|\u81f3|\u5230)+\s*(\d{1,2}):(\d{2})"
)
E = TypeVar("E", bound=StrEnum)


def read(sheet: Sheet) -> tuple[tuple[ListLine, ...], tuple[RowError, ...]]:
    """What the lines say that say enough, and which cells say nothing that can stand."""
    lines: list[ListLine] = []
    faults: list[RowError] = []
    first: dict[str, dict[str, tuple[str, int]]] = {}
    for line in sheet.lines:
        said = first.setdefault(number_of(line["project_no"]).text, {})
        reading = Reading(_joined(line, said))
        _refuse_other(reading, said)
        told = _line(reading)
        faults += reading.faults
        if told is not None and not reading.faults:
            lines.append(told)
    return tuple(lines), tuple(faults)


def _joined(line: Line, said: Mapping[str, tuple[str, int]]) -> Line:
    """The line with what earlier lines of its project say where it says nothing."""
    if not line["project_no"]:
        return line
    filled = {name: said[name][0] for name in _SHARED if name in said and not line[name]}
    return replace(line, cells={**line.cells, **filled})


def _refuse_other(reading: Reading, said: dict[str, tuple[str, int]]) -> None:
    line = reading.line
    if not line["project_no"]:
        return
    for name in _SHARED:
        if not line[name]:
            continue
        text, row = said.setdefault(name, (line[name], line.row))
        other = Decimal(text) != Decimal(line[name]) if name in _AMOUNTS else text != line[name]
        if other:
            reading.refuse(name, "filing.list.contradicts", other=row)


def _line(reading: Reading) -> ListLine | None:
    no = number_of(reading.text("project_no", 2 * LONGEST_NUMBER, must=True))
    year = _amount(reading, "project_year", Decimal(YEARS[-1]), Decimal(YEARS[0]))
    if year is not None and year != int(year):
        reading.refuse("project_year", "filing.list.year_range", least=YEARS[0], most=YEARS[-1])
    if no.form is NumberForm.ISSUED and year is not None and no.year != int(year):
        reading.refuse("project_no", "filing.list.number_year", year=int(year))
    credits = _amount(reading, "project_credits", MOST_CREDITS, Decimal("0.01"))
    hours = _amount(reading, "project_hours", MOST_HOURS, must=False)
    level = _word(reading, "project_level", Level, must=True)
    start, end = _moment(reading, "batch_from", OPENS), _moment(reading, "batch_to", CLOSES)
    if start is not None and end is not None and start >= end:
        reading.refuse("batch_to", "filing.list.batch_ends")
    told = {
        "name": reading.text("project_name", _NAME, must=True),
        "venue": reading.text("venue", _VENUE, must=True), "unit_code": reading.code("unit_code"),
    }  # fmt: skip
    batch, lecturers = _number(reading), _lecturers(reading, hours)
    sign_in, sign_out = _clock(reading, "sign_in"), _clock(reading, "sign_out")
    medical_type = _word(reading, "medical_type", MedicalType)
    course_kind = _word(reading, "course_kind", CourseKind)
    if year is None or credits is None or level is None or start is None or end is None:
        return None
    return ListLine(
        line=reading.line, no=no.text, level=level, year=int(year), credits=credits, hours=hours,
        batch=batch, start=start, end=end, lecturers=lecturers, sign_in=sign_in, sign_out=sign_out,
        medical_type=medical_type, course_kind=course_kind, **told,
    )  # fmt: skip


def _amount(
    reading: Reading, column: str, most: Decimal, least: Decimal = Decimal(), *, must: bool = True
) -> Decimal | None:
    text = reading.plain(column, 16, must=must)
    if not text:
        return None
    amount = Decimal(text)
    if not least <= amount <= most:
        reading.refuse(column, "filing.list.amount_range", least=least, most=most)
        return None
    return amount


def _word(reading: Reading, column: str, words: type[E], *, must: bool = False) -> E | None:
    return reading.word(column, words, must=must)


def _moment(reading: Reading, column: str, clock: time) -> datetime | None:
    text = reading.text(column, 32, must=True)
    if not text:
        return None
    try:
        moment = local(text if "T" in text else f"{text}T{clock:%H:%M}")
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        reading.refuse(column, "filing.list.moment")
        return None
    return moment


def _number(reading: Reading) -> int:
    """期次 — in figures or in one sign, with or without what stands about it; the first if none."""
    said = unicodedata.normalize("NFKC", reading.line["batch_no"])
    bare = said.replace(" ", "").removeprefix("\u7b2c").removesuffix("\u671f")
    if not said:
        return 1
    number = unicodedata.numeric(bare, 0) if len(bare) == 1 else 0
    if bare.isascii() and bare.isdecimal() and len(bare) <= len("999"):
        number = int(bare)
    if number < 1 or number != int(number):
        reading.refuse("batch_no", "filing.list.batch_low")
        return 1
    return int(number)


def _lecturers(
    reading: Reading, hours: Decimal | None
) -> tuple[tuple[PersonNo, Decimal | None], ...]:
    text = unicodedata.normalize("NFKC", reading.text("lecturers", 500))
    found: dict[PersonNo, Decimal | None] = {}
    for one in filter(None, _PARTING.split(text)):
        told = _LECTURER.fullmatch(one)
        if told is None:
            reading.refuse("lecturers", "filing.list.lecturer", one=one[:32])
        elif told[1] in found:
            reading.refuse("lecturers", "filing.list.lecturer_twice", one=told[1])
        elif told[2] is None and hours is None:
            reading.refuse("lecturers", "filing.list.lecturer_hours", one=told[1])
        else:
            found[PersonNo(told[1])] = None if told[2] is None else Decimal(told[2])
    if len(found) > _MOST_LECTURERS:
        reading.refuse("lecturers", "filing.list.lecturers", most=_MOST_LECTURERS)
    return tuple(found.items())


def _clock(reading: Reading, column: str) -> Clock | None:
    text = unicodedata.normalize("NFKC", reading.text(column, 32))
    if not text:
        return None
    told = _CLOCKS.fullmatch(text)
    try:
        if told:
            opens, closes = time(int(told[1]), int(told[2])), time(int(told[3]), int(told[4]))
            if opens < closes:
                return opens, closes
    except ValueError:
        pass
    reading.refuse(column, "filing.list.clock")
    return None
