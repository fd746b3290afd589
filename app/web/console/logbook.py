"""操作日志 — who did what within one's own place: a day on a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import queries as desk
from app.accounts.commands import exporting
from app.accounts.queries import LogEntry, Looked
from app.accounts.terms import ListKind, Stage
from app.base import words
from app.base.work import passes
from app.kernel.actor import Via
from app.kernel.span import day_start, local, local_date, shown
from app.org import queries as org
from app.speech import saying
from app.web.console import exports, frame, trails
from app.web.sessions import Guest, entered

blueprint = frame.screens("logbook", "/log")

_LONGEST_NAME = 32
# Of a day; what is done to many rows at once is one line.
_MOST_EXPORTED = 20_000
_EXPORTED = ("at", "who", "via", "did", "to", "count", "change")


@dataclass(frozen=True, slots=True)
class Asked:
    """查日志 — the day, by whom, what about and by which door, as the address says."""

    day: date
    who: str
    about: str
    via: str
    # Only what was done before; empty on the first page.
    until: str = ""

    def to(self, day: date | None = None, until: datetime | None = None) -> str:
        """The address of another day, or of what is older on this one."""
        named: dict[str, Any] = {"who": self.who, "about": self.about, "via": self.via}
        kept = {name: value for name, value in named.items() if value}
        if until is not None:
            kept["until"] = until.isoformat()
        return url_for("logbook.page", day=day or self.day, **kept)


@blueprint.get("")
@passes(*frame.DOORS, "accounts.logbook", "org.tree")
@entered(Stage.OPEN)
def page(guest: Guest) -> ResponseReturnValue:
    """What was done on a day, the latest first."""
    with frame.working(guest) as work:
        today = local_date(work.now)
        asked = _asked(today)
        found = desk.logbook(work, _looked(asked))
        names = {str(one.id): one.name for one in org.tree(work)}
    return frame.page(
        guest, "console/logbook.html", asked=asked, today=today, older=found.older,
        lines=[(one, *_told(one, names)) for one in found.entries], said=trails.said,
        subjects=_subjects(), doors=tuple(Via), weekday=saying.with_weekday,
        yesterday=asked.day - timedelta(days=1), tomorrow=asked.day + timedelta(days=1),
    )  # fmt: skip


@blueprint.get("/export")
@passes("accounts.logbook", "accounts.export", "org.tree")
@entered(Stage.OPEN)
def export(guest: Guest) -> ResponseReturnValue:
    """The same day as a list."""
    with frame.working(guest) as work:
        asked = _asked(local_date(work.now))
        found = desk.logbook(work, _looked(replace(asked, until="")), most=_MOST_EXPORTED)
        exporting.export(work, ListKind.LOG, len(found.entries), str(asked.day))
        names = {str(one.id): one.name for one in org.tree(work)}
    book = words.book("console")
    lines = [[book[f"logbook.{name}"] for name in _EXPORTED]]
    for one in found.entries:
        line, whose = _told(one, names)
        lines.append(
            [f"{frame.here(line.at):%Y-%m-%d %H:%M:%S}", line.who, line.via, line.did,
             f"{line.to} {whose}".strip(), str(one.count), line.change]
        )  # fmt: skip
    return exports.download(lines, f"{book['logbook.file']} {asked.day}")


def _told(entry: LogEntry, names: dict[str, str]) -> tuple[trails.Line, str]:
    """An entry in words, and whom it is about."""
    [line] = trails.lines([entry.act], names)
    person = entry.person
    return line, "" if person is None else f"{person.name} {person.no}"


def _looked(asked: Asked) -> Looked:
    since = day_start(asked.day)
    until = day_start(asked.day + timedelta(days=1))
    if asked.until:
        until = min(until, local(asked.until))
    return Looked(since, until, asked.who, asked.about, asked.via)


def _asked(today: date) -> Asked:
    """What the address asks for; what it cannot mean is left out."""
    got = request.args
    about, via, until = got.get("about", ""), got.get("via", ""), got.get("until", "")
    try:
        day = date.fromisoformat(got.get("day", ""))
    except ValueError:
        day = today
    try:
        shown(local(until))
    except (ValueError, OverflowError):
        until = ""
    who = "".join(sign for sign in got.get("who", "") if sign.isprintable()).strip()
    return Asked(
        min(max(day, date(2000, 1, 1)), today), who[:_LONGEST_NAME],
        about if about in _subjects() else "", via if via in set(Via) else "", until,
    )  # fmt: skip


def _subjects() -> dict[str, str]:
    """What a command can be about, by the context whose it is."""
    book = words.book("console")
    head = "log_about."
    return {key.removeprefix(head): book[key] for key in book if key.startswith(head)}
