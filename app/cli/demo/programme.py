"""项目 — what is held in the demo city, as a file of `project import`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from app.cli.demo import materials
from app.cli.demo.calendar import Calendar, moment, shown

_USUAL = {"medical_type": "western", "course_kind": "professional"}


def file_of(calendar: Calendar) -> bytes:
    """The file of `project import`."""
    projects = [_project(one, calendar) for one in materials.tables("projects")["projects"]]
    return json.dumps(projects, ensure_ascii=False, indent=1).encode()


def number_of(template: str, calendar: Calendar) -> str:
    """The number of a project of the city, `{year}` in it being the year of its first batch."""
    for one in materials.tables("projects")["projects"]:
        if one["project_no"] == template:
            return template.format(year=_first_day(one, calendar).year)
    raise LookupError(template)


def day_of(template: str, batch: int, calendar: Calendar) -> date:
    """The first day of a batch."""
    for one in materials.tables("projects")["projects"]:
        if one["project_no"] == template:
            return calendar.day(one["batches"][batch - 1]["day"])
    raise LookupError(template)


def _first_day(project: Mapping[str, Any], calendar: Calendar) -> date:
    return calendar.day(project["batches"][0]["day"])


def _project(told: Mapping[str, Any], calendar: Calendar) -> dict[str, Any]:
    year = _first_day(told, calendar).year
    batches = [
        _batch(number, batch, calendar) for number, batch in enumerate(told["batches"], start=1)
    ]
    number = told["project_no"].format(year=year)
    return _USUAL | dict(told) | {"project_no": number, "year": year, "batches": batches}


def _batch(number: int, told: Mapping[str, Any], calendar: Calendar) -> dict[str, Any]:
    day = calendar.day(told["day"])
    members = {name: value for name, value in told.items() if name != "day"}
    return members | {
        "batch": number,
        "starts_at": shown(moment(day, told["starts_at"])),
        "ends_at": shown(moment(day, told["ends_at"])),
        "sessions": [
            session
            | {name: shown(moment(day, session[name])) for name in ("opens_at", "closes_at")}
            for session in told.get("sessions", ())
        ],
        "lecturers": [
            one | {"date": (day + timedelta(days=int(one["date"]))).isoformat()}
            for one in told.get("lecturers", ())
        ],
    }
