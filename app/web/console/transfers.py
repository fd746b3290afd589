"""转单位 — who leaves and who comes: what waits, what is under way, what is over."""

from __future__ import annotations

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words
from app.base.work import Work, passes
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.org import queries as org
from app.org.terms import Branch, UnitKind
from app.people import queries as people
from app.transfers import commands, queries
from app.transfers.terms import LIFE, SILENCE, Destination, Show, State
from app.web.console import frame
from app.web.sessions import Guest, entered

blueprint = frame.screens("transfers", "/transfers")

_LONGEST = 64
_LONGEST_REASON = 200
_EMPLOYERS = frozenset({UnitKind.HOSPITAL, UnitKind.BUREAU})


@blueprint.get("/")
@passes(*frame.DOORS, "transfers.shelf")
@entered(Stage.OPEN)
def shelf(guest: Guest) -> ResponseReturnValue:
    """Those within sight: what waits for who is looking, if anything does, else what is open."""
    said, text = request.args.get("show", ""), request.args.get("q", "")[:_LONGEST].strip()
    with frame.working(guest) as work:
        show = Show(said) if said in set(Show) else Show.MINE
        found = queries.shelf(work, show, text)
        if not said and not found.waiting:
            show = Show.OPEN
            found = queries.shelf(work, show, text)
    return frame.page(
        guest, "console/transfers.html", found=found, show=show, shows=Show, text=text, word=_word
    )


@blueprint.get("/<int:transfer>")
@passes(*frame.DOORS, "transfers.transfer_of", "org.tree")
@entered(Stage.OPEN)
def page(guest: Guest, transfer: int) -> ResponseReturnValue:
    """One of them: how far it has come, and what who is looking may do about it."""
    return _request(guest, transfer)


@blueprint.post("/<int:transfer>")
@passes(
    *frame.DOORS, "transfers.confirm", "transfers.complete", "transfers.refuse",
    "transfers.withdraw", "transfers.transfer_of", "org.tree",
)  # fmt: skip
@entered(Stage.OPEN)
def decide(guest: Guest, transfer: int) -> ResponseReturnValue:
    """It is agreed to, refused, withdrawn, or done for a unit that is silent."""
    try:
        with frame.working(guest) as work:
            said = _decide(work, transfer)
            one = queries.transfer_of(work, transfer)
    except (ConflictError, InvalidError) as refused:
        return _request(guest, transfer, refused)
    return frame.done(
        url_for("transfers.page", transfer=transfer),
        f"transfers.{said}",
        {"name": one.name, "unit": one.target},
    )


@blueprint.get("/leave/<no>")
@passes(*frame.DOORS, "transfers.destinations", "people.person_by_no")
@entered(Stage.OPEN)
def leaving(guest: Guest, no: str) -> ResponseReturnValue:
    """Where a person of one's own may go to."""
    return _leaving(guest, no)


@blueprint.post("/leave/<no>")
@passes(*frame.DOORS, "transfers.ask_out", "transfers.destinations", "people.person_by_no")
@entered(Stage.OPEN)
def leave(guest: Guest, no: str) -> ResponseReturnValue:
    """A person of one's own is to go to another unit."""
    try:
        with frame.working(guest) as work:
            number = commands.ask_out(work, no, request.form.get("unit", "")[:_LONGEST])
            one = queries.transfer_of(work, number)
    except (ConflictError, InvalidError) as refused:
        return _leaving(guest, no, refused)
    return frame.done(
        url_for("transfers.page", transfer=number),
        "transfers.asked_out",
        {"name": one.name, "unit": one.target},
    )


@blueprint.get("/join")
@passes(*frame.DOORS, "transfers.shelf", "org.tree")
@entered(Stage.OPEN)
def joining(guest: Guest) -> ResponseReturnValue:
    """Who is to come, by number and name."""
    return _joining(guest)


@blueprint.post("/join")
@passes(*frame.DOORS, "transfers.ask_in", "org.tree")
@entered(Stage.OPEN)
def join(guest: Guest) -> ResponseReturnValue:
    """Somebody is asked for."""
    given = {name: request.form.get(name, "")[:_LONGEST].strip() for name in ("no", "name", "to")}
    unit, _, department = given["to"].partition("/")
    try:
        with frame.working(guest) as work:
            number = commands.ask_in(work, unit, given["no"], given["name"], department)
    except (ConflictError, InvalidError, NotFoundError) as refused:
        return _joining(guest, refused)
    return frame.done(
        url_for("transfers.page", transfer=number), "transfers.asked_in", {"name": given["name"]}
    )


def _decide(work: Work, transfer: int) -> str:
    """What was done, by the word that says so."""
    reason = request.form.get("reason", "")[: _LONGEST_REASON + 1]
    match request.form.get("act", ""):
        case "confirm":
            to = request.form.get("to", "")[:_LONGEST]
            state = commands.confirm(work, transfer, to.partition("/")[2])
            return "done" if state is State.DONE else "agreed"
        case "complete":
            commands.complete(work, transfer, reason)
            return "done"
        case "refuse":
            commands.refuse(work, transfer, reason)
            return "refused"
        case "withdraw":
            commands.withdraw(work, transfer)
            return "withdrawn"
        case _:
            raise NotFoundError("transfers.request.unknown", number=transfer)


def _request(guest: Guest, transfer: int, refused: CmeError | None = None) -> Response:
    with frame.working(guest) as work:
        one = queries.transfer_of(work, transfer)
        homes = _homes(org.tree(work), one.target_code)
    return frame.page(
        guest, "console/transfer.html", 200 if refused is None else refused.http_status, one=one,
        refusal="" if refused is None else words.of_error(refused), given=request.form, word=_word,
        homes=homes, silence=SILENCE.days,
    )  # fmt: skip


def _leaving(guest: Guest, no: str, refused: CmeError | None = None) -> Response:
    words_of_unit = (request.form.get("unit", "") or request.args.get("q", ""))[:_LONGEST].strip()
    found: tuple[Destination, ...] = ()
    with frame.working(guest) as work:
        person = people.person_by_no(work, no)
        if words_of_unit:
            found = queries.destinations(work, words_of_unit)
    return frame.page(
        guest, "console/transfer_out.html", 200 if refused is None else refused.http_status,
        person=person, found=found, text=request.args.get("q", words_of_unit), life=LIFE.days,
        refusal="" if refused is None else words.of_error(refused), chosen=words_of_unit,
    )  # fmt: skip


def _joining(guest: Guest, refused: CmeError | None = None) -> Response:
    with frame.working(guest) as work:
        homes = _homes(org.tree(work))
    return frame.page(
        guest, "console/transfer_in.html", 200 if refused is None else refused.http_status,
        homes=homes, refusal="" if refused is None else words.of_error(refused),
        given=request.form, life=LIFE.days,
    )  # fmt: skip


def _homes(tree: tuple[Branch, ...], only: str = "") -> list[tuple[str, str]]:
    """Where somebody may stand: each place's value and words; departments where it is one unit."""
    standing = [one for one in tree if not one.closed]
    units = [one for one in standing if one.kind in _EMPLOYERS and (not only or one.code == only)]
    found = [(f"{one.code}/", one.name) for one in units]
    if len(units) == 1 and units[0].kind is UnitKind.HOSPITAL:
        [unit] = units
        found += [
            (f"{unit.code}/{one.code}", f"{unit.name}，{one.name}")
            for one in standing
            if one.kind is UnitKind.DEPARTMENT and unit.place.holds(one.place)
        ]
    return found


def _word(code: str) -> str:
    return words.book("console")[code]
