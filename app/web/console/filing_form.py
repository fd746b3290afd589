"""申报书 — the form of a project: whatever is typed is kept first, and judged when it is filed."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import documents, words
from app.base.work import passes
from app.filing import commands as filing
from app.filing import queries as filings
from app.filing import rules
from app.filing.terms import (
    MOST_BATCHES,
    MOST_COURSES,
    Attachment,
    FileKind,
    Folder,
    HoldForm,
    Method,
    Typed,
)
from app.kernel.actor import Permission
from app.kernel.errors import CmeError, ConflictError, InvalidError
from app.kernel.secret import Secret
from app.kernel.span import local_date
from app.projects.terms import CourseKind, Level, MedicalType, ProjectState
from app.web.console import filings as pages
from app.web.console import frame
from app.web.console.projects import word
from app.web.sessions import Guest, entered

# The list and the page of a filing are the same part of the menu.
blueprint = pages.blueprint

# What a field keeps of what was typed: more than it may hold, so that nothing is cut off unseen.
_ROOM = 4
_LONGEST_SECRET = 32
_ROWS = 60  # a form with more is none of ours


@blueprint.get("/<int:filing_id>/edit")
@passes(*frame.DOORS, "filing.folder_of")
@entered(Stage.OPEN)
def edit(guest: Guest, filing_id: int) -> ResponseReturnValue:
    """The form, as far as it is filled in."""
    return _form(guest, filing_id)


@blueprint.post("/<int:filing_id>/edit")
@passes(
    *frame.DOORS, "filing.save", "filing.file", "filing.discard", "filing.attach", "filing.detach",
    "filing.folder_of",
)  # fmt: skip
@entered(Stage.OPEN)
def keep(guest: Guest, filing_id: int) -> ResponseReturnValue:
    """What was typed is kept as a draft; then one row more or less, or the whole is filed."""
    act, _, which = request.form.get("act", "save").partition(".")
    if act == "discard":
        return _discard(guest, filing_id)
    typed, at = _changed(_typed(), act, which)
    files = _take_files(guest, filing_id)
    try:
        with frame.working(guest) as work:
            seen = filing.save(work, filing_id, typed, seen=pages.seen())
            if act == "drop_file":
                filing.detach(work, filing_id, int(which) if which.isdecimal() else 0)
    except ConflictError as refused:
        return _form(guest, filing_id, refused, typed, files)
    if files:
        return _form(guest, filing_id, files=files, status=InvalidError.http_status)
    if act != "file":
        if act == "save":
            frame.tell("filings.saved")
        return redirect(url_for("filings.edit", filing_id=filing_id, _anchor=at), 303)
    try:
        with frame.working(guest) as work:
            state = filing.file(work, filing_id, seen=seen)
    except (ConflictError, InvalidError) as refused:
        return _form(guest, filing_id, refused)
    frame.tell("filings.sent" if state is ProjectState.BUREAU_REVIEW else "filings.handed")
    return redirect(url_for("filings.page", filing_id=filing_id), 303)


def _discard(guest: Guest, filing_id: int) -> ResponseReturnValue:
    try:
        with frame.working(guest) as work:
            filing.discard(work, filing_id, seen=pages.seen())
    except ConflictError as refused:
        return _form(guest, filing_id, refused)
    frame.tell("filings.discarded")
    return redirect(url_for("filings.shelf"), 303)


def _take_files(guest: Guest, filing_id: int) -> dict[str, str]:
    """Keep what was sent in before anything else is judged; of what cannot be kept, why, by kind.

    A file is looked at before a work begins: nobody waits for it.
    """
    refusals: dict[str, str] = {}
    for kind in FileKind:
        for sent in request.files.getlist(f"file.{kind}"):
            if not sent.filename:
                continue
            try:
                kept = documents.document(sent.filename, sent.stream.read(documents.LARGEST + 1))
                with frame.working(guest) as work:
                    filing.attach(work, filing_id, kind, kept)
            except (ConflictError, InvalidError) as refused:
                refusals[kind] = words.of_error(refused)
    return refusals


def _form(
    guest: Guest, filing_id: int, refused: CmeError | None = None, typed: Typed | None = None,
    files: Mapping[str, str] | None = None, status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    with frame.working(guest) as work:
        folder = filings.folder_of(work, filing_id)
        today = local_date(work.now)
    if folder.filing.state is not ProjectState.DRAFT and refused is None:
        return redirect(url_for("filings.page", filing_id=filing_id), 303)
    faults = {one.column: pages.said_of(one) for one in (refused.rows if refused else ())}
    names = {
        one.column: _at(one.column, pages.label(one)) for one in (refused.rows if refused else ())
    }
    return frame.page(
        guest, "console/filing_form.html", refused.http_status if refused else status,
        folder=folder, one=folder.filing, typed=typed or folder.typed, faults=faults,
        at_fault=names,
        refusal="" if refused is None else words.of_error(refused), term=pages.term,
        word=word, levels=Level, medical_types=MedicalType, course_kinds=CourseKind,
        hold_forms=HoldForm, methods=Method, disciplines=rules.DISCIPLINES, kinds=FileKind,
        years_said=[(year, year) for year in range(today.year - 1, today.year + 3)],
        batch_options=lambda count: [(n, n) for n in range(1, count + 1)],
        options=lambda name, kinds: [(one, pages.term(f"{name}.{one}")) for one in kinds],
        fields=rules.FIELDS, of_batch=rules.BATCH,
        of_course=rules.COURSE, most_batches=MOST_BATCHES, most_courses=MOST_COURSES,
        file_faults=files or {}, files_by_kind=_by_kind(folder), size=pages.size,
        reports=Permission.PROJECTS_REPORT in guest.actor.permissions,
    )  # fmt: skip


def _by_kind(folder: Folder) -> dict[str, list[Attachment]]:
    found: dict[str, list[Attachment]] = {kind.value: [] for kind in FileKind}
    for one in folder.files:
        found[one.kind].append(one)
    return found


def _at(column: str, label: str) -> str:
    """A field with its place, for the list of what is wrong."""
    at, dot, _ = column.rpartition(".")
    if not dot:
        return label
    place = "place.batch" if at.startswith("b") else "place.course"
    return pages.term(place).format(number=int(at[1:]) + 1, label=label)


def _typed() -> Typed:
    """What the form sent says; what it does not ask for is not taken."""
    batches = tuple(_rows("b", rules.BATCH, MOST_BATCHES + 1))
    courses = tuple(_rows("c", rules.COURSE, _ROWS))
    given = request.form
    secrets = {
        name: Secret(given.get(name, "").strip()[:_LONGEST_SECRET]) for name in rules.SECRETS
    }
    for n, row in enumerate(courses):
        number = Secret(given.get(f"c{n}.id", "").strip().upper()[:_LONGEST_SECRET])
        secrets[rules.secret_of_course(row["key"])] = number
    secrets[rules.ID_NUMBER] = Secret(secrets[rules.ID_NUMBER].reveal().upper())
    typed = {name: one for name, one in secrets.items() if one}
    return Typed(_row("", rules.FIELDS), batches, courses, typed)


def _rows(letter: str, most: Mapping[str, int], count: int) -> list[dict[str, str]]:
    """The rows that were sent, one after the other, each with a key of its own."""
    numbers = {name[1:].partition(".")[0] for name in request.form if name.startswith(letter)}
    present = [n for n in range(count) if str(n) in numbers]
    return [_row(f"{letter}{n}.", most) for n in present]


def _row(at: str, most: Mapping[str, int]) -> dict[str, str]:
    sent = {name: request.form.get(f"{at}{name}", "") for name in most}
    return {
        name: value.replace("\r\n", "\n").strip()[: _ROOM * most[name] + _LONGEST_SECRET]
        for name, value in sent.items()
    }


def _given(key: int) -> dict[str, str]:
    """What a new row says without anybody typing it."""
    return {"key": str(key), "batch": "1", "method": Method.LECTURE.value}


def _changed(typed: Typed, act: str, which: str) -> tuple[Typed, str]:
    """One row more or less, and where in the form to go on."""
    n = int(which) if which.isascii() and which.isdecimal() and len(which) < _ROOM else -1
    batches, courses = list(typed.batches), list(typed.courses)
    match act:
        case "add_batch" if len(batches) < MOST_BATCHES:
            batches.append(dict.fromkeys(rules.BATCH, ""))
            at = f"b{len(batches) - 1}"
        case "drop_batch" if 0 <= n < len(batches):
            del batches[n]
            at = "batches"
        case "add_course" if len(courses) < MOST_COURSES:
            key = 1 + max((int(one["key"]) for one in courses if one["key"].isdecimal()), default=0)
            courses.append(dict.fromkeys(rules.COURSE, "") | _given(key))
            at = f"c{len(courses) - 1}"
        case "drop_course" if 0 <= n < len(courses):
            del courses[n]
            at = "courses"
        case _:
            return typed, ""
    return Typed(typed.fields, tuple(batches), tuple(courses), typed.secrets), at
