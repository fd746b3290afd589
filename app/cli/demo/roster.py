"""花名册 — two thousand invented people, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.cards.rules import COLUMNS
from app.cli.demo import materials
from app.cli.demo.calendar import Calendar
from app.people.rules.identity import check_sign

# No place has this region code, so nobody has such a number.
_REGION = "999999"
_SEED = 20130518
_OLDEST, _YOUNGEST = date(1964, 1, 1), date(2002, 12, 31)
_GROWN_UP = 23  # years, before nobody works here
_LEVELS = ("junior", "middle", "vice_senior", "senior")
# Whoever asks in which year: titles must not change who has which card.
_CAREERS_AS_OF = 2026
# Years of age from which a level is held; then the share of those old enough who hold it.
_PROMOTED = ((31, 0.75), (39, 0.5), (48, 0.4))
_WOMEN = {"nurse": 0.93, "pharmacist": 0.7, "technician": 0.55}
# Out of a thousand people: status, how many, from when (days before the city is made).
_STATUSES = (
    ("maternity", 14, 150),
    ("leave_6m", 6, 260),
    ("not_counted", 18, None),
    ("cancelled", 20, 500),
)
# MIFARE chips have UIDs of four or of seven bytes; the long ones begin with their maker's number.
_MAKER = 0x04


@dataclass(frozen=True, slots=True)
class Staff:
    """全体人员 — the rows of the roster, and who is who."""

    rows: tuple[Mapping[str, str], ...]
    by_no: Mapping[str, Mapping[str, str]]

    def csv(self) -> bytes:
        """The file of `people import`."""
        return materials.csv_of(tuple(COLUMNS), self.rows)

    def crowd(
        self, units: Sequence[str], year: int, count: int, seed: str, *, without: Collection[str]
    ) -> list[str]:
        """So many people of these units who worked in that year, drawn without repeats.

        None of those who have a part in the story: what they do is told one by one.
        """
        cast = {row["person_no"] for row in materials.rows("cast")}
        grown_up = f"{year - _GROWN_UP}-12-31"
        known = [
            row["person_no"]
            for row in self.rows
            if row["unit_code"] in units
            and row["person_no"] not in cast
            and row["person_no"] not in without
            and row["birth_date"] <= grown_up
            and row["status"] in {"normal", "not_counted"}
        ]
        return sorted(random.Random(seed).sample(known, min(count, len(known))))  # noqa: S311


def staff(calendar: Calendar) -> Staff:
    """The people of the demo city as the roster names them on the day on which it is made."""
    rows = tuple(_Hiring(calendar).all())
    return Staff(rows, {row["person_no"]: row for row in rows})


def identity(birth_date: str, order: int) -> str:
    """The number of nobody who was born on that day: odd orders are men's."""
    first_17 = f"{_REGION}{birth_date.replace('-', '')}{order:03}"
    return first_17 + check_sign(first_17)


def level_of(title: str) -> str:
    """The level of a title; the lowest of one that the roster does not know."""
    for titles in materials.tables("roster")["series"].values():
        if title in titles:
            return _LEVELS[titles.index(title)]
    return _LEVELS[0]


class _Hiring:
    """Makes one person after another, everything drawn from one source."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._draw = random.Random()  # noqa: S311  seeded anew for each person
        self._materials: Mapping[str, Any] = materials.tables("roster")
        self._departments: dict[str, list[dict[str, str]]] = {}
        for unit in materials.rows("units"):
            if unit["kind"] == "department":
                self._departments.setdefault(unit["parent_code"], []).append(unit)
        self._names = {unit["code"]: unit["name"] for unit in materials.rows("units")}
        self._identities: set[str] = set()
        self._chips: set[str] = set()

    def all(self) -> Iterator[Mapping[str, str]]:
        named = {row["person_no"]: row for row in materials.rows("cast")}
        for unit, hospital in self._materials["hospitals"].items():
            departments = self._departments[unit]
            for number in range(1, hospital["people"] + 1):
                person_no = f"{hospital['prefix']}{number:03}"
                # By itself, so that nobody becomes another when the city is made on another day.
                self._draw.seed(f"{_SEED} {person_no}")
                person = self._stranger(unit, departments[number % len(departments)])
                yield self._registered(person_no, person, named.get(person_no))

    def _stranger(self, unit: str, department: Mapping[str, str]) -> dict[str, str]:
        series = self._series(department["name"])
        sex = "female" if self._draw.random() < _WOMEN.get(series, 0.45) else "male"
        born = _OLDEST + timedelta(days=self._draw.randrange((_YOUNGEST - _OLDEST).days))
        level = self._level(born)
        return {
            "name": self._name(sex),
            "sex": sex,
            "birth_date": born.isoformat(),
            "unit_code": unit,
            "department_code": department["code"],
            "title": self._materials["series"][series][_LEVELS.index(level)],
            "title_level": level,
            "education": self._draw.choice(self._materials["education"][level]),
        }

    def _registered(
        self, person_no: str, stranger: dict[str, str], told: Mapping[str, str] | None
    ) -> Mapping[str, str]:
        status, since = self._status(stranger["sex"])
        person = stranger | dict(told or {})
        if told:
            status, since = told["status"], told["status_from"]
            since = self._calendar.day(since).isoformat() if since else ""
        return person | {
            "person_no": person_no,
            "specialty": self._names[person["department_code"]],
            "id_type": "id_card",
            "id_number": self._identity(person),
            "status": status,
            "status_from": since,
            "card_no": f"0{person_no}",
            "card_uid": self._chip(),
        }

    def _series(self, department: str) -> str:
        for kind in self._materials["departments"]:
            if kind["named"] in department:
                series = kind["series"]
                return str(self._draw.choices(list(series), weights=list(series.values()))[0])
        raise LookupError(department)

    def _level(self, born: date) -> str:
        age, level = _CAREERS_AS_OF - born.year, 0
        for needed, share in _PROMOTED:
            if age < needed or self._draw.random() > share:
                break
            level += 1
        return _LEVELS[level]

    def _name(self, sex: str) -> str:
        given: str = self._materials[sex]
        length = self._draw.choice((1, 2, 2, 2))
        surname: str = self._draw.choice(self._materials["surnames"])
        return surname + "".join(self._draw.sample(given, length))

    def _status(self, sex: str) -> tuple[str, str]:
        place = self._draw.randrange(1000)
        for status, share, days in _STATUSES:
            if place < share:
                if status == "maternity" and sex == "male":
                    break
                return status, "" if days is None else self._days_ago(self._draw.randrange(1, days))
            place -= share
        return "normal", ""

    def _identity(self, person: Mapping[str, str]) -> str:
        while True:
            order = 2 * self._draw.randrange(1, 499) + (person["sex"] == "male")
            number = identity(person["birth_date"], order)
            if number not in self._identities:
                self._identities.add(number)
                return number

    def _chip(self) -> str:
        while True:
            short = self._draw.random() < 0.6  # noqa: PLR2004
            uid = self._draw.randbytes(4) if short else bytes((_MAKER,)) + self._draw.randbytes(6)
            if uid.hex() not in self._chips and uid[0] not in (
                0x08,
                0x88,
            ):  # random and cascade tags
                self._chips.add(uid.hex())
                return uid.hex().upper()

    def _days_ago(self, days: int) -> str:
        return (self._calendar.today - timedelta(days=days)).isoformat()
