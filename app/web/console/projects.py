"""项目 — the projects of a unit, and one of them with its batches and what each waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.commands import exporting
from app.accounts.terms import ListKind, Stage
from app.attendance import commands as attendance
from app.attendance.queries import devices
from app.awards import commands, rules
from app.awards import queries as awards
from app.awards.terms import Next, Standing
from app.base import words, workbooks
from app.base.work import Work, passes
from app.filing import queries as filings
from app.filing.rules import lists
from app.filing.terms import Alteration, AlterationState
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from app.org import queries as org
from app.projects import commands as filed
from app.projects import queries as projects
from app.projects.queries import A_PAGE
from app.projects.terms import Batch, BatchId, Level, Move, ProjectState, Sought
from app.web.console import archive, frame
from app.web.console.faults import label
from app.web.console.imports import SHEET
from app.web.sessions import Guest, entered

blueprint = frame.screens("projects", "/projects")

_LONGEST = 60
_LONGEST_REMARK = 200
_DIGITS = 4
# From when on there is something to keep.
_ARCHIVED = frozenset({ProjectState.AWARDED, ProjectState.AWARD_REVIEW, ProjectState.CLOSED})
E = TypeVar("E", bound=StrEnum)
# What stands on the page of one project beside itself.
_SHOWN = (
    "awards.standings_of", "projects.moves_of", "filing.folder_of_project", "attendance.enrolled",
    "filing.alterations_of",
)  # fmt: skip


@blueprint.get("/")
@passes("projects.shelf", "awards.standings_of", *frame.DOORS)
@entered(Stage.OPEN)
def shelf(guest: Guest) -> ResponseReturnValue:
    """The projects within sight, narrowed as the address says."""
    sought, page = _sought(), _page()
    with frame.working(guest) as work:
        found = projects.shelf(work, sought, page)
        every = [one for batches in found.batches.values() for one in batches]
        standings, ahead = _ahead(work, every)
    return frame.page(
        guest, "console/projects.html", found=found, sought=sought, page=page, levels=Level,
        states=ProjectState, pages=-(-found.count // A_PAGE), standings=standings, ahead=ahead,
        word=word, to=_to,
    )  # fmt: skip


@blueprint.get("/export")
@passes("projects.listed", "org.tree")
@entered(Stage.OPEN)
def export(guest: Guest) -> ResponseReturnValue:
    """The same list, whole, a line for each batch, as the import reads it."""
    with frame.working(guest) as work:
        found = projects.listed(work, _sought())
        units = {one.code: one.name for one in org.tree(work)}
    book = words.book("roster")
    columns = [*lists.FORM.columns, "state"]
    rows = [[label(name) for name in columns]]
    for one in found:
        shared = {"unit_code": units.get(one.filed.unit_code, one.filed.unit_code),
                  "state": word(f"state.{one.state}")}  # fmt: skip
        for told in lists.lines_of(one.filed):
            line = told | shared
            rows.append([_exported(name, line.get(name, "")) for name in columns])
    name = book["projects.listed"]
    return frame.download(workbooks.listed(rows, name), f"{name}.xlsx", SHEET)


@blueprint.get("/<path:no>")
@passes("projects.dossier_of", *_SHOWN, *frame.DOORS)
@entered(Stage.OPEN)
def dossier(guest: Guest, no: str) -> ResponseReturnValue:
    """One project: its batches, and the next step of each."""
    return _dossier(guest, no)


@blueprint.post("/<path:no>")
@passes(
    "awards.report", "awards.approve", "awards.send_back", "projects.dossier_of", *_SHOWN,
    *frame.DOORS,
)  # fmt: skip
@entered(Stage.OPEN)
def decide(guest: Guest, no: str) -> ResponseReturnValue:
    """The award is reported to the bureau, which closes the project or sends it back."""
    act, remark = request.form.get("act", ""), request.form.get("remark", "")[:_LONGEST_REMARK]
    try:
        with frame.working(guest) as work:
            _decide(work, no, act, remark)
    except (ConflictError, InvalidError) as refused:
        return _dossier(guest, no, words.of_error(refused), refused.http_status, remark)
    frame.tell(f"award.{act}")
    return redirect(url_for("projects.dossier", no=no), 303)


@blueprint.post("/<path:no>/register")
@passes("projects.register", "projects.dossier_of", *_SHOWN, *frame.DOORS)
@entered(Stage.OPEN)
def register(guest: Guest, no: str) -> ResponseReturnValue:
    """开班登记 — it will be held as announced."""
    try:
        with frame.working(guest) as work:
            filed.register(work, no)
    except ConflictError as refused:
        return _dossier(guest, no, words.of_error(refused), refused.http_status)
    frame.tell("projects.registered")
    return redirect(url_for("projects.dossier", no=no), 303)


@blueprint.post("/<path:no>/package")
@passes("attendance.make_package", "projects.dossier_of", *_SHOWN, *frame.DOORS)
@entered(Stage.OPEN)
def package(guest: Guest, no: str) -> ResponseReturnValue:
    """活动包 — one batch for one terminal, to be carried there; a terminal on line fetches it."""
    sn, batch = request.form.get("sn", "")[:_LONGEST], request.form.get("batch", "")
    number = int(batch) if batch.isascii() and batch.isdecimal() and len(batch) <= _DIGITS else 0
    try:
        with frame.working(guest) as work:
            projects.batch_of(work, no, number)
            made, body = attendance.make_package(work, sn, no, number)
    except (ConflictError, UnavailableError) as refused:
        return _dossier(guest, no, words.of_error(refused), refused.http_status)
    return frame.download(body, f"{sn}-{made.seq}.pkg", "application/octet-stream")


@blueprint.get("/<path:no>/archive")
@passes(
    "projects.dossier_of", "projects.moves_of", "filing.folder_of_project", "filing.attachment_of",
    "filing.alterations_of", "attendance.records_of", "awards.standings_of", "awards.verdicts_of",
    "accounts.export",
)  # fmt: skip
@entered(Stage.OPEN)
def pack(guest: Guest, no: str) -> ResponseReturnValue:
    """归档包 — everything that is kept of a project, as a zip with hashes."""
    with frame.working(guest) as work:
        found = projects.dossier_of(work, no)
        folder = filings.folder_of_project(work, no)
        past = projects.moves_of(work, no), filings.alterations_of(work, no)
        exporting.export(work, ListKind.ARCHIVE, len(found.batches), found.project.no)
        now = work.now
    made = archive.stream(lambda: frame.working(guest), found, folder, past, guest.actor.name, now)
    name = words.sentence("archive", "name.archive", {"no": found.project.no})
    return frame.download(made, name, "application/zip")


def _decide(work: Work, no: str, act: str, remark: str) -> None:
    match act:
        case "report":
            commands.report(work, no)
        case "approve":
            commands.approve(work, no)
        case "send_back":
            commands.send_back(work, no, remark)
        case _:
            raise NotFoundError("projects.project.unknown", project_no=no)


def _dossier(
    guest: Guest, no: str, refusal: str = "", status: int = 200, remark: str = ""
) -> ResponseReturnValue:
    given = guest.actor.permissions
    with frame.working(guest) as work:
        found = projects.dossier_of(work, no)
        standings, ahead = _ahead(work, found.batches)
        folder = filings.folder_of_project(work, no)
        moves = projects.moves_of(work, no)
        altered = filings.alterations_of(work, no)
        now = work.now
        is_open = found.project.state not in {ProjectState.AWARD_REVIEW, ProjectState.CLOSED}
        packs = is_open and Permission.DEVICES_MANAGE in given
        terminals = devices.enrolled(work) if packs else ()
        first = min((one.span.start for one in found.batches), default=work.now)
        early = found.project.state is ProjectState.ANNOUNCED and work.now < first
    hosts = Permission.PROJECTS_REPORT in given and found.hosted_by(guest.actor.place)
    ready = bool(ahead) and set(ahead.values()) == {Next.REPORT}
    return frame.page(
        guest, "console/project.html", status, found=found, standings=standings, ahead=ahead,
        word=word, refusal=refusal, remark=remark, folder=folder,
        log=_log(moves, altered), alterations=_by_batch(altered),
        alters=_alterable(found.batches, altered, now) if is_open and hosts else (),
        terminals=[one for one in terminals if one.key is not None],
        registers=early and hosts,
        copies=Permission.PROJECTS_FILE in given, archived=found.project.state in _ARCHIVED,
        reports=ready and Permission.AWARDS_RUN in given,
        reviews=found.project.state is ProjectState.AWARD_REVIEW
        and Permission.AWARDS_REVIEW in given,
        own=guest.actor.name in {one.by for one in standings.values()},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """经过的一行 — when, who, and what they did, in words."""

    at: datetime
    by: str
    what: str
    remark: str


def _log(moves: Iterable[Move], altered: Iterable[Alteration]) -> list[Line]:
    """办理经过 — what was done with a project and its batches, the latest first."""
    book = words.book("console")
    lines = [
        Line(one.at, one.by, book.get(f"move.{one.action}", book["move.other"]), one.remark)
        for one in moves
    ]
    for one in altered:
        lines += _altered(one)
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _altered(one: Alteration) -> Iterator[Line]:
    def line(at: datetime, by: str, code: str, remark: str) -> Line:
        start = f"{frame.here(one.after.span.start):%Y-%m-%d %H:%M}"
        facts = {"batch": one.batch_no, "start": start, "venue": one.after.venue}
        return Line(at, by, words.sentence("filing", f"alteration.log_{code}", facts), remark)

    if not one.causes:
        yield line(one.asked_at, one.asked_by, "at_once", one.reason)
        return
    if one.ended_at is not None:
        yield line(one.ended_at, one.ended_by, one.state.value, one.remark)
    yield line(one.asked_at, one.asked_by, "asked", one.reason)


def _alterable(
    batches: Iterable[Batch], altered: Iterable[Alteration], now: datetime
) -> set[BatchId]:
    """Those that did not begin, and for which nobody is asked already."""
    asked = {one.batch_id for one in altered if one.state is AlterationState.ASKED}
    return {one.id for one in batches if one.span.start > now and one.id not in asked}


def _by_batch(altered: Iterable[Alteration]) -> dict[BatchId, list[Alteration]]:
    """The alterations of each batch, the latest first."""
    found: dict[BatchId, list[Alteration]] = {}
    for one in altered:
        found.setdefault(one.batch_id, []).append(one)
    return found


def _exported(column: str, value: str) -> str:
    """A cell as people write it; what is a word of ours in its first writing."""
    book = words.book("roster")
    known = book.get(f"{column}.{value}", "")
    return known.split(book["template.separator"])[0] or value


def word(code: str) -> str:
    """A word of the console's own book."""
    return words.book("console")[code]


def _ahead(work: Work, batches: Iterable[Batch]) -> tuple[dict[int, Standing], dict[BatchId, Next]]:
    """How far each of the batches has come, and what it waits for."""
    known = {batch.id: batch for batch in batches}
    standings = awards.standings_of(work, known)
    ahead = {
        key: rules.next_of(one.project.state, standings[key], ended=one.span.end <= work.now)
        for key, one in known.items()
    }
    return standings, ahead


def _sought() -> Sought:
    asked = request.args
    year = asked.get("year", "")
    return Sought(
        int(year) if year.isascii() and year.isdecimal() and len(year) <= _DIGITS else None,
        one_of(Level, asked.get("level", "")),
        one_of(ProjectState, asked.get("state", "")),
        asked.get("words", "")[:_LONGEST].strip(),
    )


def one_of(kind: type[E], value: str) -> E | None:
    """The word of that value; None for what is none."""
    return kind(value) if value in set(kind) else None


def _page() -> int:
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 1


def _to(page: int) -> str:
    """The same list at another page."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if value}
    return url_for("projects.shelf", **kept | {"page": page})
