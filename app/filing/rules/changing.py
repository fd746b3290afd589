"""改动 — what is other than before, what is copied, and what number comes next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from app.filing.rules.forms import FIELDS
from app.filing.terms import Change, Typed
from app.projects.terms import Act, Level

# As many weeks as make a year, so that the day of the week stays.
_A_YEAR = timedelta(weeks=52)

# Who files what the unit itself answers for needs no more than that.
MOVES: Mapping[bool, tuple[Act, ...]] = {
    False: (Act.FILE, Act.TAKE_UP),
    True: (Act.FILE, Act.TAKE_UP, Act.AGREE),
}

_DIGITS = 3


def of_body(body: Mapping[str, Any]) -> Typed:
    """What was typed, as it was kept."""
    return Typed(body["fields"], tuple(body["batches"]), tuple(body["courses"]))


def shown_in_list(typed: Typed) -> tuple[str, str, int]:
    """The name, the level and the year, as far as they were typed."""
    fields = typed.fields
    level, year = fields.get("level", ""), fields.get("year", "").strip()
    return (
        fields.get("name", "").strip()[: FIELDS["name"]],
        level if level in set(Level) else "",
        int(year) if year.isascii() and year.isdecimal() and len(year) == len("2026") else 0,
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The fields in which two bodies differ, in the order of the form."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return tuple(
        Change(name, old.get(name, ""), new.get(name, ""))
        for name in dict.fromkeys([*new, *old])
        if old.get(name, "") != new.get(name, "")
    )


def copied(typed: Typed, today: date) -> Typed:
    """复制 — the same once more a year later, on the same days of the week."""
    batches = tuple(
        {**one, **{name: _later(one.get(name, ""), today) for name in ("starts_at", "ends_at")}}
        for one in typed.batches
    )
    courses = tuple({**one, "on": _later(one.get("on", ""), today)} for one in typed.courses)
    first = next((one["starts_at"] for one in batches if one["starts_at"]), today.isoformat())
    fields = {**typed.fields, "year": first[: len("2026")]}
    return Typed(fields, batches, courses, typed.secrets)


def next_number(year: int, discipline: str, mark: str, taken: Iterable[str]) -> str:
    """下一个编号 — of a year and a discipline, after all that were given out."""
    start = f"{year}-{discipline}-"
    pattern = re.compile(rf"{re.escape(start)}([0-9]{{3,4}})(\(.*\))?")
    serials = [int(found[1]) for one in taken if (found := pattern.fullmatch(one))]
    return f"{start}{max(serials, default=0) + 1:0{_DIGITS}}{mark}"


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from body["fields"].items()
    for letter, rows in (("b", body["batches"]), ("c", body["courses"])):
        for n, row in enumerate(rows):
            for name, value in row.items():
                if name != "key" and value:
                    yield f"{letter}{n}.{name}", value


def _later(said: str, today: date) -> str:
    """The moment or day as many years later as bring it past today; as it is where it is none."""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return said
    while moment.date() <= today:
        moment += _A_YEAR
    text = moment.isoformat(timespec="minutes")
    return text if "T" in said else text[:10]
