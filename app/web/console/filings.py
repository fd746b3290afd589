"""申报 — projects that are filed: the list, one with everything, and what is decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words
from app.base.work import Work, passes
from app.filing import commands as filing
from app.filing import queries as filings
from app.filing import rules
from app.filing.queries import A_PAGE
from app.filing.terms import FileKind, Folder, Sought
from app.kernel.actor import Permission
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError, RowError
from app.kernel.span import local_date
from app.org import queries as org
from app.projects.terms import Level, ProjectState
from app.web.console import frame
from app.web.console.projects import one_of, word
from app.web.sessions import Guest, entered

blueprint = frame.screens("filings", "/filings")

STATES = (
    ProjectState.DRAFT, ProjectState.UNIT_REVIEW, ProjectState.BUREAU_REVIEW,
    ProjectState.ANNOUNCED,
)  # fmt: skip
# While what is missing can still be sent in, or asked for.
_NOTED = frozenset({*STATES} - {ProjectState.ANNOUNCED})
# Where a refusal is said at the field it is about.
_FIELDS = {
    "filing.number.none": "number", "filing.number.form": "number", "filing.number.year": "number",
    "filing.number.taken": "number", "filing.review.no_remark": "remark",
}  # fmt: skip
_DIGITS, _LONGEST = 4, 60
_MOST_BYTES, _MOST_TYPED = 80 * 1024 * 1024, 2 * 1024 * 1024
_REFUSED = (ConflictError, InvalidError)
_SEEN_DIGITS = 9


@blueprint.before_request
def make_room() -> None:
    """A form of fifty courses with its files, and no more."""
    request.max_content_length = _MOST_BYTES
    request.max_form_memory_size = _MOST_TYPED


@blueprint.get("/")
@passes(*frame.DOORS, "filing.shelf", "org.employers")
@entered(Stage.OPEN)
def shelf(guest: Guest) -> ResponseReturnValue:
    """The filings within sight, narrowed as the address says; and one more."""
    return _shelf(guest)


@blueprint.post("/")
@passes(*frame.DOORS, "filing.open_draft", "filing.shelf", "org.employers")
@entered(Stage.OPEN)
def open_draft(guest: Guest) -> ResponseReturnValue:
    """An empty draft, to be filled in."""
    try:
        with frame.working(guest) as work:
            number = filing.open_draft(work, request.form.get("unit", "")[:_LONGEST])
    except _REFUSED as refused:
        return _shelf(guest, refused)
    return redirect(url_for("filings.edit", filing_id=number), 303)


@blueprint.get("/<int:filing_id>")
@passes(*frame.DOORS, "filing.folder_of", "filing.waiting")
@entered(Stage.OPEN)
def page(guest: Guest, filing_id: int) -> ResponseReturnValue:
    """One filing: what it says, what came with it, what was done with it, and what is next."""
    return _page(guest, filing_id)


@blueprint.post("/copy")
@passes("filing.copy_project")
@entered(Stage.OPEN)
def copy(guest: Guest) -> ResponseReturnValue:
    """A new draft after a project of another year."""
    no = request.form.get("no", "")[:_LONGEST]
    with frame.working(guest) as work:
        number = filing.copy_project(work, no)
    frame.tell("filings.copied", {"no": no})
    return redirect(url_for("filings.edit", filing_id=number), 303)


@blueprint.post("/<int:filing_id>")
@passes(*frame.DOORS, "filing.recall", "filing.folder_of", "filing.waiting")
@entered(Stage.OPEN)
def recall(guest: Guest, filing_id: int) -> ResponseReturnValue:
    """What nobody decided yet is taken back, to be written again."""
    try:
        with frame.working(guest) as work:
            filing.recall(work, filing_id, seen=seen())
    except _REFUSED as refused:
        return _page(guest, filing_id, refused)
    frame.tell("filings.recalled")
    return redirect(url_for("filings.page", filing_id=filing_id), 303)


@blueprint.get("/<int:filing_id>/files/<int:attachment_id>")
@passes("filing.attachment_of")
@entered(Stage.OPEN)
def attachment(guest: Guest, filing_id: int, attachment_id: int) -> ResponseReturnValue:
    """A file that came with a filing: a picture to be looked at or kept, a PDF to be kept."""
    with frame.working(guest) as work:
        found, content = filings.attachment_of(work, filing_id, attachment_id)
    give = frame.look if "look" in request.args else frame.download
    return give(content, found.name, found.media_type)


@blueprint.post("/<int:filing_id>/unit")
@passes(*frame.DOORS, "filing.agree", "filing.refuse", "filing.folder_of", "filing.waiting")
@entered(Stage.OPEN)
def of_unit(guest: Guest, filing_id: int) -> ResponseReturnValue:
    """The unit's office stands for it, or gives it back."""

    def decide(work: Work, act: str) -> str:
        match act:
            case "agree":
                filing.agree(work, filing_id, seen=seen())
            case "refuse":
                filing.refuse(work, filing_id, request.form.get("remark", ""), seen=seen())
            case _:
                raise NotFoundError("filing.filing.unknown")
        return ""

    said = {"agree": "agreed", "refuse": "refused"}
    return _decided(guest, filing_id, decide, said)


@blueprint.post("/<int:filing_id>/bureau")
@passes(
    *frame.DOORS, "filing.announce", "filing.send_back", "filing.folder_of", "filing.waiting",
)  # fmt: skip
@entered(Stage.OPEN)
def of_bureau(guest: Guest, filing_id: int) -> ResponseReturnValue:
    """The bureau gives it a number, or gives it back."""

    def decide(work: Work, act: str) -> str:
        match act:
            case "announce":
                number = request.form.get("number", "")[:_LONGEST]
                return filing.announce(work, filing_id, number, seen=seen())
            case "send_back":
                filing.send_back(work, filing_id, request.form.get("remark", ""), seen=seen())
            case _:
                raise NotFoundError("filing.filing.unknown")
        return ""

    said = {"announce": "announced", "send_back": "send_back"}
    return _decided(guest, filing_id, decide, said)


def seen() -> int:
    """The version of the filing that whoever sends a form saw."""
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _SEEN_DIGITS else 0


def said_of(fault: RowError) -> str:
    """What to tell a person about one field of the form."""
    return words.sentence(
        "errors", fault.code,
        {"label": label(fault), "value": fault.value, **dict(fault.facts)},
    )  # fmt: skip


def label(fault: RowError) -> str:
    """A field as the form calls it; of a file its kind."""
    book = words.book("filing")
    if fault.column == "files":
        return book[f"kind.{fault.value}"]
    return book[f"field.{fault.column.rpartition('.')[2]}"]


def size(count: int) -> str:
    """How large a file is, as people say it."""
    kilo = 1024
    return f"{count / kilo / kilo:.1f} MB" if count >= kilo * kilo else f"{-(-count // kilo)} KB"


def term(code: str) -> str:
    """A word of the form."""
    return words.book("filing")[code]


def _decided(
    guest: Guest, filing_id: int, decide: Callable[[Work, str], str], said: dict[str, str]
) -> ResponseReturnValue:
    act = request.form.get("act", "")
    try:
        with frame.working(guest) as work:
            number = decide(work, act)
    except _REFUSED as refused:
        return _page(guest, filing_id, refused)
    frame.tell(f"filings.{said[act]}", {"number": number})
    return redirect(url_for("filings.page", filing_id=filing_id), 303)


def _shelf(guest: Guest, refused: CmeError | None = None) -> ResponseReturnValue:
    sought, at_page = _sought(), _page_asked()
    with frame.working(guest) as work:
        found = filings.shelf(work, sought, at_page)
        units = org.employers(work)
        today = local_date(work.now)
    return frame.page(
        guest, "console/filings.html", refused.http_status if refused else 200, found=found,
        sought=sought, page=at_page, pages=-(-found.count // A_PAGE), states=STATES, levels=Level,
        word=word, to=_to, units=units, today=today,
        refusal="" if refused is None else words.of_error(refused),
        files=Permission.PROJECTS_FILE in guest.actor.permissions,
    )  # fmt: skip


def _page(guest: Guest, filing_id: int, refused: CmeError | None = None) -> ResponseReturnValue:
    with frame.working(guest) as work:
        folder = filings.folder_of(work, filing_id)
        now = work.now
        may = guest.actor.permissions
        left = filings.waiting(work).bureau if Permission.PROJECTS_REVIEW in may else 0
    state = folder.filing.state
    form, _ = rules.read(folder.typed, local_date(now))
    notes = rules.notes(form, {one.kind for one in folder.files}, now)
    return frame.page(
        guest, "console/filing.html", refused.http_status if refused else 200, folder=folder,
        one=folder.filing, typed=folder.typed, word=word, term=term, names=_names(folder),
        notes=[said_of(one) for one in notes] if state in _NOTED else [],
        refusal="" if refused is None else words.of_error(refused),
        number=_number(folder, refused), given=request.form, kinds=FileKind,
        writes=state is ProjectState.DRAFT and Permission.PROJECTS_FILE in may,
        agrees=state is ProjectState.UNIT_REVIEW and Permission.PROJECTS_REPORT in may,
        left=left, at_field=_FIELDS.get(refused.code, "") if refused else "",
        recalls=_recalls(guest, folder),
        courses=[row for row in folder.typed.courses if row.get("topic") or row.get("lecturer")],
        reviews=state is ProjectState.BUREAU_REVIEW and Permission.PROJECTS_REVIEW in may,
        moment=moment, shown=_shown, size=size, pictures=frame.PICTURES,
    )  # fmt: skip


def _number(folder: Folder, refused: CmeError | None) -> str:
    """What was typed as a number; where that is taken, or nothing was typed, the next."""
    if refused is not None and refused.code == "filing.number.taken":
        return folder.number
    return request.form.get("number", folder.number)


def _recalls(guest: Guest, folder: Folder) -> bool:
    """Whether who is looking filed it, and it waits."""
    waits = folder.filing.state in {ProjectState.UNIT_REVIEW, ProjectState.BUREAU_REVIEW}
    return waits and folder.filing.filed_by == guest.actor.name


def moment(said: str) -> str:
    """What was typed as a moment, as people write it; as it stands where it is none."""
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return said
    return f"{found:%Y-%m-%d %H:%M}"


def _names(folder: Folder) -> dict[str, str]:
    """The fields of the form by the names that changes give them, as people call them."""
    book = words.book("filing")
    found = {}
    changed = [one for some in (folder.changed, *(step.changes for step in folder.steps))
               for one in some]  # fmt: skip
    for one in changed:
        at, dot, name = one.field.rpartition(".")
        said = book.get(f"field.{name}", name)
        if dot:
            place = "place.batch" if at.startswith("b") else "place.course"
            said = book[place].format(number=int(at[1:]) + 1, label=said)
        found[one.field] = said
    return found


def _shown(name: str, value: str) -> str:
    """A value of the form as people read it."""
    book, field = words.book("filing"), name.rpartition(".")[2]
    if field == "level":
        return word(f"level.{value}") if value in set(Level) else value
    if field in {"starts_at", "ends_at"}:
        return moment(value)
    return book.get(f"{field}.{value}", value)


def _sought() -> Sought:
    asked = request.args
    year = asked.get("year", "")
    return Sought(
        one_of(ProjectState, asked.get("state", "")),
        int(year) if year.isascii() and year.isdecimal() and len(year) <= _DIGITS else None,
        one_of(Level, asked.get("level", "")),
        asked.get("words", "")[:_LONGEST].strip(),
    )


def _page_asked() -> int:
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 1


def _to(at_page: int) -> str:
    """The same list at another page."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if value}
    return url_for("filings.shelf", **kept | {"page": at_page})
