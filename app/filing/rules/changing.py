"""改动 — what is other than before, what is copied, and what number comes next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.filing.rules.forms import DISCIPLINES, FIELDS
from app.filing.terms import MOST_BATCHES, MOST_COURSES, Change, Method, Typed
from app.kernel.span import SHANGHAI
from app.projects.rules import number_of
from app.projects.terms import Act, Dossier, Level

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


def of_project(dossier: Dossier) -> Typed:
    """What a form would say that had become this project."""
    project, batches = dossier.project, dossier.batches[:MOST_BATCHES]
    discipline, _, branch = (number_of(project.no).discipline or "").partition("-")
    limit = next((one.limit_persons for one in batches), None)
    fields = {
        "name": project.name, "level": project.level.value, "year": str(project.year),
        "promoted": "yes" if project.promoted else "", "course_kind": project.course_kind.value,
        "discipline": discipline if discipline in DISCIPLINES else "", "branch": branch,
        "credits": _figure(project.credits.amount),
        "theory_hours": "" if project.hours is None else _figure(project.hours),
        "limit_persons": "" if limit is None else str(limit),
    }  # fmt: skip
    rows = tuple(
        {"starts_at": _minute(one.span.start), "ends_at": _minute(one.span.end),
         "venue": one.venue}
        for one in batches
    )  # fmt: skip
    given = [(n, one) for n, batch in enumerate(batches, start=1) for one in batch.lecturers]
    courses = tuple(
        {
            "key": str(key), "batch": str(n), "topic": one.course, "on": one.on.isoformat(),
            "hours": _figure(one.hours), "method": Method.LECTURE.value,
            "lecturer": dossier.names.get(one.person_id, ""), "person_no": one.person_no,
        }
        for key, (n, one) in enumerate(given[:MOST_COURSES], start=1)
    )  # fmt: skip
    return Typed(fields, rows, courses)


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


def _minute(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def _figure(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


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
