"""案头 — what waits on the desks of the demo city, done by those who would, when they would have.

Each kind of work asks the database whether it is there, so that one that was interrupted goes on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from app.base import words
from app.base.work import Work, begin
from app.cards import commands as cards
from app.cards import rules as card_rules
from app.cli.demo import materials, papers
from app.cli.demo.roster import identity, level_of
from app.cli.demo.telling import tell
from app.cli.desk import Desk
from app.filing import commands as filing
from app.filing import queries as filings
from app.filing.rules import SECRETS, altering
from app.filing.terms import Sought as SoughtFilings
from app.filing.terms import Typed
from app.kernel import tidy
from app.kernel.actor import Actor, Role, Via
from app.kernel.secret import Secret
from app.kernel.sheet import read_csv
from app.kernel.span import local_date
from app.kernel.table import pasted
from app.making import commands as making
from app.making import queries as batches
from app.making.terms import Kind
from app.org import queries as org
from app.people import commands as staff
from app.people import queries as people
from app.people.rules.roster import FORM
from app.transfers import commands as transfers
from app.transfers import queries as moving
from app.transfers.terms import Show

DOORS = (
    "cards.import_people", "people.put_photo", "cards.check_roster", "cards.import_checked",
    "filing.shelf", "filing.open_draft", "filing.save", "filing.attach", "filing.file",
    "filing.folder_of", "filing.refuse", "filing.send_back", "filing.announce",
    "filing.footing_of", "filing.alter", "transfers.shelf", "transfers.ask_out",
    "transfers.refuse", "transfers.confirm", "making.batches", "making.open_batch", "making.add",
    "making.hand_in", "making.make", "making.hand_out",
)  # fmt: skip
_COLUMNS = ("person_no", "name", "sex", "birth_date", "department_code", "title")
_WEEK, _SATURDAY = 7, 5
_UNIT = "Y1"


def furnish(desk: Desk) -> None:
    """What waits stands on the desks; what stands already stays."""
    told = materials.tables("desks")
    hands = _Hands(desk, told["who"])
    done = [step(hands, told) for step in (_newcomers, _filings, _transfers, _cards, _yesterday)]
    if any(done):
        tell("seed.desks")


class _Hands:
    """Who does it, and when: works in the name of an invented person, so long ago."""

    def __init__(self, desk: Desk, who: Mapping[str, Mapping[str, str]]) -> None:
        self.site = desk.site
        with desk.work() as work:
            units = org.units_by_code(work, {one["unit"] for one in who.values()})
        self._who = {
            key: Actor(one["name"], Via.CLI, units[one["unit"]].place, Role(one["role"]))
            for key, one in who.items()
        }

    @property
    def today(self) -> date:
        return local_date(self.site.clock())

    @contextmanager
    def work(self, who: str, *, days: float = 0) -> Iterator[Work]:
        now = self.site.clock() - timedelta(days=days)
        with begin(replace(self.site, clock=lambda: now), self._who[who]) as work:
            yield work


def _newcomers(hands: _Hands, told: Mapping[str, Any]) -> bool:
    """People who came two months ago and have no card yet."""
    newcomers = told["newcomers"]
    rows = [_person(one) for one in newcomers["people"]]
    with hands.work("admin") as work:
        if people.people_by_no(work, [rows[0]["person_no"]]):
            return False
    content = materials.csv_of(tuple(rows[0]), rows)
    with hands.work("admin", days=newcomers["days"]) as work:
        cards.import_people(work, read_csv(content, card_rules.COLUMNS))
        portrait = papers.portrait()
        for row in rows:
            staff.put_photo(work, row["person_no"], portrait)
    return True


def _yesterday(hands: _Hands, told: Mapping[str, Any]) -> bool:
    """A workbook of new people was taken in, and can be taken back for some hours."""
    brought = told["yesterday"]
    rows = [_person(one) for one in brought["people"]]
    with hands.work("admin") as work:
        if people.people_by_no(work, [rows[0]["person_no"]]):
            return False
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    book = words.book("roster")
    parted = book["template.separator"]
    shown = {name: book[f"column.{name}"].split(parted)[0] for name in rows[0]}
    writer.writerow(shown.values())
    writer.writerows(row.values() for row in rows)
    table = pasted(text.getvalue(), brought["file"])
    spelling = tidy.Spelling(
        columns=tidy.columns_of(book, FORM, parted),
        words={"id_type": {"id_card": "id_card"}, "status": {"normal": "normal"},
               "sex": {"male": "male", "female": "female"},
               "title_level": {row["title_level"]: row["title_level"] for row in rows}},
        titles={},
        places={name: {row[name]: (row[name],) for row in rows}
                for name in ("unit_code", "department_code")},
        sole=_UNIT,
        sample="\0",
    )  # fmt: skip
    with hands.work("admin", days=brought["hours"] / 24) as work:
        number = cards.check_roster(work, table, tidy.tidy(table, FORM, spelling))
        cards.import_checked(work, number)
    return True


def _filings(hands: _Hands, told: Mapping[str, Any]) -> bool:
    with hands.work("office") as work:
        known = {one.name for one in filings.shelf(work, SoughtFilings()).filings}
    wanted = [one for one in told["filings"] if one["name"] not in known]
    for one in wanted:
        _file(hands, one)
    return bool(wanted)


def _file(hands: _Hands, told: Mapping[str, Any]) -> None:
    """One filing, as far as it came."""
    by, end = told["by"], told["to"]
    with hands.work("office") as work:
        found = people.people_by_no(work, [told["leader"]])[told["leader"]]
    start = _saturday(hands.today + timedelta(days=told["in"]))
    with hands.work(by, days=6) as work:
        number = filing.open_draft(work, "")
        seen = filing.save(work, number, _form(told, start, found.name, found.title), seen=1)
        if told.get("files"):
            for kind, document in papers.of_filing(told["name"]):
                filing.attach(work, number, kind, document)
    if end == "draft":
        return
    with hands.work(by, days=5) as work:
        filing.file(work, number, seen=seen)
        seen = filings.folder_of(work, number).filing.version
    if end == "refused":
        with hands.work("admin", days=3) as work:
            filing.refuse(work, number, told["remark"], seen=seen)
    elif end == "returned":
        with hands.work("office", days=3) as work:
            filing.send_back(work, number, told["remark"], seen=seen)
    elif end == "announced":
        with hands.work("office", days=3) as work:
            no = filing.announce(work, number, filings.folder_of(work, number).number, seen=seen)
        _alter(hands, by, no, told["alter"])


def _alter(hands: _Hands, by: str, no: str, told: Mapping[str, str]) -> None:
    """The bureau is asked whether the first batch may be held elsewhere."""
    with hands.work(by, days=1) as work:
        now = filings.footing_of(work, no, 1).now
        fields = {
            "starts_at": now.span.start.isoformat(), "ends_at": now.span.end.isoformat(),
            "venue": told["venue"],
        }  # fmt: skip
        seen = altering.mark_of(now)
        filing.alter(work, no, 1, fields, near=False, reason=told["reason"], seen=seen)


def _form(told: Mapping[str, Any], start: date, leader: str, title: str) -> Typed:
    """A form that can be filed: a day of six hours at the first hospital."""
    fields = {
        "name": told["name"], "level": "city", "medical_type": "western",
        "course_kind": "professional", "year": str(start.year), "discipline": "03", "branch": "01",
        "hold_form": "face", "credits": "1", "theory_hours": "6", "leader": leader,
        "leader_title": title,
    }  # fmt: skip
    book = words.book("demo")
    batch = {
        "starts_at": f"{start}T08:30", "ends_at": f"{start}T17:00", "venue": book["desks.venue"],
    }  # fmt: skip
    course = {
        "key": "1", "batch": "1", "topic": told["name"], "lecturer": leader,
        "person_no": told["leader"], "hours": "6", "method": "lecture", "title": title,
    }  # fmt: skip
    number = Secret(identity("1978-05-06", 1 + len(told["name"])))
    id_number, phone = SECRETS
    secrets = {id_number: number, phone: Secret("19900000010")}
    return Typed(fields, (batch,), (course,), secrets)


def _transfers(hands: _Hands, told: Mapping[str, Any]) -> bool:
    with hands.work("admin") as work:
        shelves = [moving.shelf(work, show).transfers for show in (Show.OPEN, Show.ENDED)]
    known = {one.person_no for some in shelves for one in some}
    wanted = [one for one in told["transfers"] if one["person"] not in known]
    for one in wanted:
        with hands.work(one["by"], days=one["days"]) as work:
            number = transfers.ask_out(work, one["person"], one["to"])
        if one["end"] == "open":
            continue
        with hands.work(one["ended_by"], days=one["days"] - 1) as work:
            if one["end"] == "refused":
                transfers.refuse(work, number, one["reason"])
            else:
                transfers.confirm(work, number)
    return bool(wanted)


def _cards(hands: _Hands, told: Mapping[str, Any]) -> bool:
    with hands.work("admin") as work:
        if batches.batches(work):
            return False
    for one in told["cards"]:
        with hands.work("admin", days=one["days"]) as work:
            number = making.open_batch(work, _UNIT, Kind.NEW)
            making.add(work, number, one["people"])
            making.hand_in(work, number)
        with hands.work("admin", days=one["days"] - 1) as work:
            if one["made"]:
                making.make(work, number)
        with hands.work("admin", days=1) as work:
            for no in one["people"][: one["handed"]]:
                making.hand_out(work, number, no, f"0{no}", work.actor.name, Secret(""))
    return True


def _person(told: Sequence[str]) -> dict[str, str]:
    """A row of the roster."""
    row = dict(zip(_COLUMNS, told, strict=True))
    order = 500 + int(row["person_no"].replace("-", "")[-3:]) % 499
    order += (order % 2 == 0) == (row["sex"] == "male")
    return row | {
        "unit_code": _UNIT, "id_type": "id_card",
        "id_number": identity(row["birth_date"], order),
        "title_level": level_of(row["title"]), "status": "normal",
    }  # fmt: skip


def _saturday(day: date) -> date:
    return day + timedelta(days=(_SATURDAY - day.weekday()) % _WEEK)
