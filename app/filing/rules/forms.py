"""申报书 — what a form asks for, and what it says once it is filled in rightly.

A fault's `column` is the name of the field in the form: `name`, `b0.venue`, `c12.topic`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from app.filing.terms import (
    MOST_BATCHES,
    MOST_COURSES,
    Course,
    Form,
    HoldForm,
    Holding,
    Method,
    Typed,
)
from app.kernel.credit import Credit
from app.kernel.errors import RowError
from app.kernel.secret import Secret
from app.kernel.span import Span, local, local_date
from app.people.rules import identity
from app.people.terms import PersonNo
from app.projects.rules import LONGEST_HOLDING, MOST_CREDITS, YEARS
from app.projects.terms import (
    CourseKind,
    Level,
    MedicalType,
)

# domain.md 1.7: the second-level disciplines, by the two digits that a number carries.
DISCIPLINES = tuple(f"{n:02}" for n in range(1, 18))
ID_NUMBER, PHONE = "leader_id", "leader_phone"
SECRETS = (ID_NUMBER, PHONE)
# Every field and how long it may be, as domain.md 2.2 has it where it says so.
FIELDS: Mapping[str, int] = {
    "name": 75, "level": 12, "promoted": 3, "medical_type": 12, "course_kind": 12, "year": 4,
    "discipline": 2, "branch": 2, "hold_form": 12, "credits": 6, "theory_hours": 6,
    "practice_hours": 6, "audience": 200, "limit_persons": 5, "remark": 180,
    "leader": 30, "leader_title": 30, "leader_post": 30, "leader_education": 30, "cv": 500,
    "papers": 500,
}  # fmt: skip
BATCH: Mapping[str, int] = {"starts_at": 16, "ends_at": 16, "venue": 200}
COURSE: Mapping[str, int] = {
    "key": 4, "batch": 1, "on": 10, "topic": 200, "hours": 6, "method": 12, "lecturer": 30,
    "person_no": 32, "title": 30, "workplace": 60, "direction": 200, "content": 500,
}  # fmt: skip
_REQUIRED = (
    "name", "level", "medical_type", "course_kind", "year", "discipline", "hold_form", "credits",
    "leader", "leader_title",
)  # fmt: skip
# What a row has without anybody typing it.
_GIVEN = frozenset({"key", "batch", "method"})
_HOURS = re.compile(r"[0-9]{1,4}(\.[0-9])?", re.ASCII)
_CREDITS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,5}", re.ASCII)
_PHONE = re.compile(r"[0-9]{8,11}", re.ASCII)
_BRANCH = re.compile(r"[0-9]{2}", re.ASCII)
E = TypeVar("E", bound=StrEnum)


def secret_of_course(key: str) -> str:
    """Under which name the ID number of a course's lecturer is kept."""
    return f"course.{key}"


def read(typed: Typed, today: date) -> tuple[Form | None, tuple[RowError, ...]]:
    """What a form says, or else what is wrong with it, field by field in the form's order."""
    reader = _Reader(typed, today)
    form = reader.form()
    return (None if reader.faults else form), tuple(reader.faults)


@dataclass(slots=True)
class _Reader:
    """Reads a form once, and notes what is wrong as it comes to it."""

    typed: Typed
    today: date
    faults: list[RowError] = field(default_factory=list)

    def form(self) -> Form | None:
        fields = self.typed.fields
        for name in _REQUIRED:
            if not self._said(name):
                self._fault(name, "filing.field.required")
        self._lengths("", fields, FIELDS)
        kinds = (
            self._one_of(Level, "level"), self._one_of(MedicalType, "medical_type"),
            self._one_of(CourseKind, "course_kind"), self._one_of(HoldForm, "hold_form"),
        )  # fmt: skip
        year, discipline = self._year(), self._discipline()
        credits = self._credits()
        hours = self._hours("theory_hours") + self._hours("practice_hours")
        if not hours and not self._wrong("theory_hours", "practice_hours"):
            self._fault("theory_hours", "filing.field.no_hours")
        limit = self._limit()
        leader_id = self._leader()
        batches = tuple(self._batches())
        courses = tuple(self._courses(batches))
        level, medical, kind, _ = kinds
        if self.faults or level is None or medical is None or kind is None:
            return None
        return Form(
            name=self._said("name"),
            level=level,
            promoted=bool(self._said("promoted")),
            medical_type=medical,
            course_kind=kind,
            year=year,
            discipline=discipline,
            credits=credits,
            hours=hours,
            limit_persons=limit,
            leader=self._said("leader"),
            leader_id=leader_id,
            batches=tuple(one for one in batches if one is not None),
            courses=courses,
        )

    # ---------------------------------------------------------------- the project

    def _year(self) -> int:
        said = self._said("year")
        if said and not (
            said.isascii() and said.isdecimal() and len(said) <= len("2099") and int(said) in YEARS
        ):
            self._fault("year", "filing.field.year", said)
        return int(said) if said and not self._wrong("year") else 0

    def _discipline(self) -> str:
        said, branch = self._said("discipline"), self._said("branch") or "00"
        if said and said not in DISCIPLINES:
            self._fault("discipline", "filing.field.choice", said)
        if not _BRANCH.fullmatch(branch):
            self._fault("branch", "filing.field.branch", branch)
        return f"{said}-{branch}"

    def _credits(self) -> Credit:
        said = self._said("credits")
        amount = Decimal(said) if _CREDITS.fullmatch(said) else Decimal()
        if said and not 0 < amount <= MOST_CREDITS:
            self._fault("credits", "filing.field.credits", said)
        return Credit.of(amount)

    def _hours(self, name: str, said: str | None = None) -> Decimal:
        said = self._said(name) if said is None else said
        if said and not _HOURS.fullmatch(said):
            self._fault(name, "filing.field.hours", said)
            return Decimal()
        return Decimal(said or 0)

    def _limit(self) -> int | None:
        said = self._said("limit_persons")
        if said and not (_COUNT.fullmatch(said) and int(said)):
            self._fault("limit_persons", "filing.field.limit", said)
        return int(said) if said and not self._wrong("limit_persons") else None

    def _leader(self) -> Secret:
        secrets = self.typed.secrets or {}
        phone = secrets.get(PHONE, Secret("")).reveal()
        digits = re.sub(r"[\s()+-]", "", phone)
        if not digits:
            self._fault(PHONE, "filing.field.required")
        elif not _PHONE.fullmatch(digits):
            self._fault(PHONE, "filing.field.phone")
        number = secrets.get(ID_NUMBER, Secret(""))
        if not number:
            self._fault(ID_NUMBER, "filing.field.required")
            return number
        return self._id_card(ID_NUMBER, number)

    def _id_card(self, column: str, number: Secret) -> Secret:
        """The number in its 18 digits."""
        card = identity.id_card(number.reveal(), self.today)
        if isinstance(card, identity.Refusal):
            self._fault(column, f"filing.field.{card.code.rpartition('.')[2]}")
            return number
        return Secret(card.number)

    # ---------------------------------------------------------------- batches and courses

    def _batches(self) -> Iterator[Holding | None]:
        rows = _filled(self.typed.batches)
        if not rows:
            self._fault("b0.starts_at", "filing.field.no_batch")
        if len(self.typed.batches) > MOST_BATCHES:
            self._fault(f"b{MOST_BATCHES}.starts_at", "filing.field.batches", most=MOST_BATCHES)
        for no, (n, row) in enumerate(rows, start=1):
            yield self._batch(no, n, row)

    def _batch(self, no: int, n: int, row: Mapping[str, str]) -> Holding | None:
        self._lengths(f"b{n}.", row, BATCH)
        start, end = (self._moment(f"b{n}.{name}", row) for name in ("starts_at", "ends_at"))
        if not _plain(row, "venue"):
            self._fault(f"b{n}.venue", "filing.field.required")
        if start is None or end is None:
            return None
        if start >= end:
            self._fault(f"b{n}.ends_at", "filing.field.ends")
            return None
        if end - start > LONGEST_HOLDING:
            self._fault(f"b{n}.ends_at", "filing.field.long")
        year = self._year()
        if year and abs(local_date(start).year - year) > 1:
            self._fault(f"b{n}.starts_at", "filing.field.far", year=year)
        return Holding(no, Span(start, end), _plain(row, "venue"))

    def _moment(self, column: str, row: Mapping[str, str]) -> datetime | None:
        said = _plain(row, column.rpartition(".")[2])
        if not said:
            self._fault(column, "filing.field.required")
            return None
        try:
            moment = local(said.replace(" ", "T"))
        except ValueError:
            moment = None
        if moment is None or moment.year not in YEARS:  # what is further off cannot be reckoned
            self._fault(column, "filing.field.moment", said)
            return None
        return moment

    def _courses(self, batches: Sequence[Holding | None]) -> Iterator[Course]:
        rows = _filled(self.typed.courses)
        if not rows:
            self._fault("c0.topic", "filing.field.no_course")
        if len(self.typed.courses) > MOST_COURSES:
            self._fault(f"c{MOST_COURSES}.topic", "filing.field.courses", most=MOST_COURSES)
        for n, row in rows:
            found = self._course(n, row, batches)
            if found is not None:
                yield found

    def _course(
        self, n: int, row: Mapping[str, str], batches: Sequence[Holding | None]
    ) -> Course | None:
        at = f"c{n}."
        self._lengths(at, row, COURSE)
        for name in ("topic", "lecturer", "hours"):
            if not _plain(row, name):
                self._fault(f"{at}{name}", "filing.field.required")
        hours = self._hours(f"{at}hours", _plain(row, "hours"))
        if _plain(row, "hours") and not hours and not self._wrong(f"{at}hours"):
            self._fault(f"{at}hours", "filing.field.hours", _plain(row, "hours"))
        method = _plain(row, "method")
        if method not in set(Method):
            self._fault(f"{at}method", "filing.field.choice", method)
        number = (self.typed.secrets or {}).get(secret_of_course(row.get("key", "")))
        if number:
            self._id_card(f"{at}id", number)
        said = _plain(row, "batch") or "1"
        no = int(said) if said.isascii() and said.isdecimal() else 0
        if not 1 <= no <= len(batches):
            self._fault(f"{at}batch", "filing.field.which_batch", said, count=len(batches))
            return None
        holding = batches[no - 1]
        if holding is None:
            return None
        on = self._day(f"{at}on", _plain(row, "on"), holding)
        person_no = PersonNo(_plain(row, "person_no"))
        return Course(no, _plain(row, "topic"), _plain(row, "lecturer"), person_no, on, hours, n)

    def _day(self, column: str, said: str, holding: Holding) -> date:
        """The day of a course; the first of its batch where nothing is said."""
        first = local_date(holding.span.start)
        last = local_date(holding.span.end - timedelta(microseconds=1))
        if not said:
            return first
        try:
            on = date.fromisoformat(said)
        except ValueError:
            self._fault(column, "filing.field.day", said)
            return first
        if not first <= on <= last:
            self._fault(column, "filing.field.lecture_day", said, first=first, last=last)
        return on

    # ---------------------------------------------------------------- fields

    def _said(self, name: str) -> str:
        return _plain(self.typed.fields, name)

    def _one_of(self, kind: type[E], name: str) -> E | None:
        said = self._said(name)
        if said and said not in set(kind):
            self._fault(name, "filing.field.choice", said)
            return None
        return kind(said) if said else None

    def _lengths(self, at: str, row: Mapping[str, str], most: Mapping[str, int]) -> None:
        for name, longest in most.items():
            said = _plain(row, name)
            if len(said) > longest:
                self._fault(f"{at}{name}", "filing.field.too_long", most=longest, long=len(said))
            elif not all(one.isprintable() or one in "\r\n\t" for one in said):
                self._fault(f"{at}{name}", "filing.field.unprintable")

    def _wrong(self, *columns: str) -> bool:
        return any(fault.column in columns for fault in self.faults)

    def _fault(self, column: str, code: str, value: str = "", **facts: object) -> None:
        if not self._wrong(column):  # the first thing wrong with a field is enough
            self.faults.append(RowError(0, column, value, code, tuple(facts.items())))


def _filled(rows: Sequence[Mapping[str, str]]) -> list[tuple[int, Mapping[str, str]]]:
    """The rows in which something was typed, with their places in the form."""
    return [
        (n, row)
        for n, row in enumerate(rows)
        if any(value.strip() for name, value in row.items() if name not in _GIVEN)
    ]


def _plain(row: Mapping[str, str], name: str) -> str:
    return row.get(name, "").strip()
