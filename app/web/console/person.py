"""人员页 — one person: who, where they stand this year, why, and what was done to the file."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.commands import staffing
from app.accounts.queries import binding as bindings
from app.accounts.rules.logins import UNMASKED
from app.accounts.terms import Stage
from app.awards import queries as awards
from app.base import pictures, words
from app.base.work import Work, passes
from app.cards import queries as cards
from app.credits import queries as credits
from app.credits.queries import Position
from app.kernel.errors import CmeError, ConflictError, InvalidError, UnavailableError
from app.kernel.secret import Secret
from app.kernel.span import local_date
from app.org import queries as org
from app.org.terms import UnitKind
from app.people import commands as files
from app.people import queries as people
from app.people.rules import history
from app.people.terms import ALWAYS, Amendment, Profile, Status, TitleLevel
from app.speech import saying
from app.speech import why as speech
from app.transfers import queries as transfers
from app.web.console import frame, trails
from app.web.console import people as lists
from app.web.console.plotting import strips_of
from app.web.sessions import Guest, entered

# The list and the pages of those on it are one part of the menu.
blueprint = lists.blueprint

_TEXTS = ("name", "title", "post", "education", "specialty")
_DIGITS = 4
_LONGEST = 64  # of what is said back, or cannot be a number


@blueprint.get("/<no>")
@passes(
    *frame.DOORS, "people.file_of", "people.trail_of", "people.postings_of", "cards.held_by",
    "accounts.bindings_of", "credits.position_of", "credits.years_of", "credits.courses_of",
    "awards.activities_of", "org.tree", "transfers.transfers_of",
)  # fmt: skip
@entered(Stage.OPEN)
def person(guest: Guest, no: str) -> ResponseReturnValue:
    """One person within sight."""
    return _page(guest, no)


@blueprint.post("/<no>/status")
@passes(*frame.DOORS, "accounts.put_status")
@entered(Stage.OPEN)
def put_status(guest: Guest, no: str) -> ResponseReturnValue:
    """Their status holds from a day on."""
    form = request.form
    status, said = form.get("status", ""), form.get("since", "").strip()
    try:
        since = _day(said)
        with frame.working(guest) as work:
            staffing.put_status(
                work, no, _one_of(Status, status) or Status.NORMAL, since,
                seen=form.get("seen", ""),
            )  # fmt: skip
    except (ConflictError, InvalidError) as refused:
        return _page(guest, no, refused, "status", {"status": status, "since": said})
    return frame.done(
        url_for("people.person", no=no),
        "people.status",
        {"since": since, "status": trails.said(f"status.{status}")},
    )


@blueprint.get("/<no>/edit")
@passes(*frame.DOORS, "people.file_of", "org.tree")
@entered(Stage.OPEN)
def edit(guest: Guest, no: str) -> ResponseReturnValue:
    """The form of what can be changed by hand."""
    return _form(guest, no)


@blueprint.post("/<no>/edit")
@passes(*frame.DOORS, "accounts.amend_person", "people.file_of", "org.tree")
@entered(Stage.OPEN)
def amend(guest: Guest, no: str) -> ResponseReturnValue:
    """What was filled in stands."""
    form = request.form
    told = {name: form.get(name, "").strip() for name in _TEXTS}
    try:
        said = Amendment(
            **told, department_code=form.get("department", ""),
            title_level=_one_of(TitleLevel, form.get("level", "")),
            phone=Secret(form.get("phone", "").strip()[:_LONGEST]),
        )  # fmt: skip
        with frame.working(guest) as work:
            staffing.amend_person(work, no, said, seen=form.get("seen", ""))
    except (ConflictError, InvalidError) as refused:
        return _form(guest, no, refused, form.to_dict())
    return frame.done(url_for("people.person", no=no), "people.amended", {"name": told["name"]})


@blueprint.post("/<no>/numbers")
@passes(*frame.DOORS, "accounts.unmask")
@entered(Stage.OPEN)
def unmask(guest: Guest, no: str) -> ResponseReturnValue:
    """Their whole numbers, on this answer only: whoever comes back to the page asks again."""
    reason = request.form.get("reason", "")
    try:
        with frame.working(guest) as work:
            profile = staffing.unmask(work, no, reason)
    except (ConflictError, InvalidError) as refused:
        return _page(guest, no, refused, "numbers", {"reason": reason})
    return _page(guest, no, bare=profile)


@blueprint.get("/<no>/photo")
@passes("people.photo_of")
@entered(Stage.OPEN)
def photo(guest: Guest, no: str) -> ResponseReturnValue:
    """The photo alone, as we made it."""
    with frame.working(guest) as work:
        found = people.photo_of(work, no)
    answer = Response(found.jpeg, content_type="image/jpeg")
    answer.headers.set("Content-Disposition", "inline", filename="photo.jpg")
    return answer


@blueprint.post("/<no>/photo")
@passes(*frame.DOORS, "people.put_photo", "people.person_by_no")
@entered(Stage.OPEN)
def put_photo(guest: Guest, no: str) -> ResponseReturnValue:
    """A picture that was chosen or taken becomes their photo."""
    with frame.working(guest) as work:
        people.person_by_no(work, no)
    sent = request.files.get("photo")
    try:
        made = pictures.portrait(sent.stream.read(pictures.LARGEST + 1) if sent else b"")
    except InvalidError as refused:
        return _page(guest, no, refused, "photo")
    with frame.working(guest) as work:
        files.put_photo(work, no, made)
    return frame.done(url_for("people.person", no=no), "people.photo")


@blueprint.post("/<no>/photo/remove")
@passes("people.remove_photo")
@entered(Stage.OPEN)
def remove_photo(guest: Guest, no: str) -> ResponseReturnValue:
    """They have no photo any more."""
    with frame.working(guest) as work:
        files.remove_photo(work, no)
    return frame.done(url_for("people.person", no=no), "people.no_photo")


@blueprint.get("/<no>/why/<path:project_no>/<int:batch_no>")
@passes(*frame.DOORS, "awards.trace")
@entered(Stage.OPEN)
def why(guest: Guest, no: str, project_no: str, batch_no: int) -> ResponseReturnValue:
    """为什么 — one activity of one person, in the words the person reads."""
    with frame.working(guest) as work:
        trace = awards.trace(work, no, project_no, batch_no)
        today = local_date(work.now)
    return frame.page(
        guest, "console/why.html", why=speech.page(trace, today), person=trace.told.person,
        strips=strips_of(trace),
    )  # fmt: skip


def _page(
    guest: Guest, no: str, refused: CmeError | None = None, at: str = "",
    filled: dict[str, str] | None = None, bare: Profile | None = None,
) -> ResponseReturnValue:  # fmt: skip
    year = request.args.get("year", "")
    number = int(year) if year.isdecimal() and len(year) == _DIGITS else None
    with frame.working(guest) as work:
        today = local_date(work.now)
        file = people.file_of(work, no)
        position = _position(work, no, number)
        held = cards.held_by(work, no)
        bound = bindings.bindings_of(work, no)
        trail = people.trail_of(work, no)
        served = people.postings_of(work, no)
        moves = transfers.transfers_of(work, no)
        activities = awards.activities_of(work, no, position.year.span) if position else ()
        courses = credits.courses_of(work, no, position.year.number) if position else ()
        told = {*credits.years_of(work, no), *([position.year.number] if position else ())}
        years = sorted(told, reverse=True)
        names = {str(branch.id): branch.name for branch in org.tree(work)}
    return frame.page(
        guest, "console/person.html", refused.http_status if refused else 200, file=file,
        profile=file.person.profile, position=position, held=held, bound=bound, years=years,
        courses=courses,
        rows=tuple(speech.row(one, today) for one in activities), today=today,
        trail=trails.lines(trail, names),
        now_is=history.in_force(file.person.history, today), statuses=tuple(Status),
        always=ALWAYS, moves=moves, served=served,
        refusal=words.of_error(refused) if refused else "", at_form=at,
        filled=filled or {}, bare=bare, most_unmasked=UNMASKED.tries, said=trails.said,
        figure=saying.figure, dated=saying.dated, moment=saying.full_moment,
    )  # fmt: skip


def _position(work: Work, no: str, year: int | None) -> Position | None:
    """Where they stand; nothing while no standard is loaded."""
    try:
        return credits.position_of(work, no, year)
    except UnavailableError:
        return None


def _form(
    guest: Guest, no: str, refused: CmeError | None = None, filled: dict[str, str] | None = None
) -> ResponseReturnValue:
    with frame.working(guest) as work:
        file = people.file_of(work, no)
        tree = org.tree(work)
    profile, department = file.person.profile, file.department
    stands = {name: getattr(profile, name) for name in _TEXTS} | {
        "level": profile.title_level or "", "department": department.code if department else "",
    }  # fmt: skip
    departments = [
        branch for branch in tree
        if branch.kind is UnitKind.DEPARTMENT and file.unit.place.holds(branch.place)
        and not branch.closed
    ]  # fmt: skip
    return frame.page(
        guest, "console/person_edit.html", refused.http_status if refused else 200, file=file,
        filled=stands | (filled or {}), departments=departments, levels=tuple(TitleLevel),
        refusal=words.of_error(refused) if refused else "", said=trails.said,
        whole=any(branch.id == file.unit.id for branch in tree),
    )  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError("people.person.day", value=text[:_LONGEST]) from None


def _one_of(kind: Any, text: str) -> Any:
    return kind(text) if text in set(kind) else None
