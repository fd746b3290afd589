"""排练 — what happens at the door of a holding, as commands of a stand-in terminal.

The terminal is another program (`python -m device.mbox.machine`); only its words are known here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.cli.demo import materials, programme
from app.cli.demo.calendar import Calendar, drawn
from app.cli.demo.roster import Staff

Act = list[str]

# The machine is switched on, and meets the server's clock, so long before the first tap.
_EARLY = timedelta(minutes=30)
_SWITCHED_ON = "day"


@dataclass(frozen=True, slots=True)
class Holding:
    """一场 — a batch and what was told of its door; `boot` tells its boots from all others."""

    told: Mapping[str, Any]
    project_no: str
    batch: int
    day: date
    boot: str


@dataclass(frozen=True, slots=True)
class Tap:
    """一次刷卡 — what the machine's clock shows, and what its reader sees."""

    at: datetime
    seen: tuple[str, ...]
    activity: str


@dataclass(frozen=True, slots=True)
class Sitting:
    """一次开机 — the taps from one switching on to the next."""

    boot: str
    synced: bool
    ahead_s: int
    taps: tuple[Tap, ...]


def holdings_of(terminal: Mapping[str, Any], calendar: Calendar) -> tuple[Holding, ...]:
    """What was held at a terminal, in the order in which it was."""
    return tuple(
        Holding(
            told=told,
            project_no=programme.number_of(told["project"], calendar),
            batch=told["batch"],
            day=programme.day_of(told["project"], told["batch"], calendar),
            boot=f"h{number:02}",
        )
        for number, told in enumerate(terminal["holdings"], start=1)
    )


def sittings(
    terminal: Mapping[str, Any], holding: Holding, staff: Staff, activity: str
) -> tuple[Sitting, ...]:
    """All taps of a holding, boot by boot; `activity` is the package's name for the batch."""
    readers = _Readers(staff, _listed_units(terminal["unit"]))
    usual = list(_crowd_taps(holding, readers, activity))
    others: list[Sitting] = []
    for one in holding.told.get("cast", ()):
        taps = tuple(_taps_of(one, readers, holding, activity))
        if "boot" in one:
            boot = f"{holding.boot}-{one['boot']}"
            others.append(Sitting(boot, one.get("synced", True), one.get("clock", 0), taps))
        else:
            usual += taps
    usual.sort(key=lambda tap: tap.at)
    first = Sitting(holding.boot, True, holding.told.get("clock", 0), tuple(usual))
    return (first, *others)


def acts(sitting: Sitting, *, online: bool = False) -> Iterator[Act]:
    """The commands that let a terminal live through a sitting.

    One that is online asks the server itself for the time, whenever it speaks with it.
    """
    if sitting.synced:
        on = sitting.taps[0].at - timedelta(seconds=sitting.ahead_s) - _EARLY
        now = on.isoformat()
        yield ["--now", now, "restart", "--boot", sitting.boot]
        if not online:
            yield ["--now", now, "sync", "--server-shows", now]
    for tap in sitting.taps:
        yield [
            "tap", *tap.seen, "--at", tap.at.isoformat(), "--activity", tap.activity,
            "--boot", sitting.boot, "--clock-offset", str(sitting.ahead_s),
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Readers:
    """What a reader sees of a person: the chip of who is listed, a guest's printed number."""

    staff: Staff
    units: frozenset[str]

    def seen(self, person_no: str) -> tuple[str, ...]:
        person = self.staff.by_no[person_no]
        if person["unit_code"] in self.units and person["status"] != "cancelled":
            return ("--uid", person["card_uid"])
        return ("--card", person["card_no"])


def _crowd_taps(holding: Holding, readers: _Readers, activity: str) -> Iterator[Tap]:
    taken: set[str] = set()
    for number, some in enumerate(holding.told.get("crowd", ())):
        seed = f"{holding.project_no} {holding.batch} {number}"
        draw = random.Random(seed)  # noqa: S311  the same day at the door every time
        drawn_people = readers.staff.crowd(
            some["units"], holding.day.year, some["count"], some.get("drawn_as", seed),
            without=taken,
        )  # fmt: skip
        taken.update(drawn_people)
        for person_no in drawn_people:
            for stretch in some["taps"]:
                at = drawn(holding.day, stretch, draw)
                yield Tap(at, readers.seen(person_no), activity)


def _taps_of(
    one: Mapping[str, Any], readers: _Readers, holding: Holding, activity: str
) -> Iterator[Tap]:
    seen = ("--uid", one["chip"]) if "chip" in one else readers.seen(one["who"])
    if "card" in one:
        seen = (*seen, "--card", one["card"])
    for text in one["taps"]:
        at = drawn(holding.day, text, random.Random(0))  # noqa: S311  told to the second
        yield Tap(at, seen, one.get("activity", activity))


def _listed_units(unit: str) -> frozenset[str]:
    """The codes of a unit and of all that stand under it: who the terminal's package lists."""
    rows: Sequence[Mapping[str, str]] = materials.rows("units")
    found = {unit}
    # Parents stand before their children in the file.
    for row in rows:
        if row["parent_code"] in found:
            found.add(row["code"])
    return frozenset(found)
