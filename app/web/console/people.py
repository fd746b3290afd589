"""人员 — the list of people: by unit, by what is typed, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.commands import exporting
from app.accounts.queries import binding as bindings
from app.accounts.terms import ListKind, Stage
from app.base import words
from app.base.work import Work, passes
from app.cards import commands as roster_commands
from app.cards import queries as cards
from app.credits import queries as credits
from app.credits.queries import Position
from app.kernel.errors import InvalidError, UnavailableError
from app.kernel.span import local_date
from app.org import queries as org
from app.org.terms import Branch, UnitKind
from app.people import queries as people
from app.people.rules.finding import LONGEST
from app.people.rules.roster import FORM
from app.people.terms import Listing, Person, Search, Status, TitleLevel
from app.speech import saying
from app.standards.terms import Result
from app.web.console import exports, frame, imports, trees
from app.web.sessions import Guest, entered

blueprint = frame.screens("people", "/people")

EVERYBODY = "all"
_EXPORTED = (
    "no", "name", "home", "title", "level", "status", "card", "year", "have", "need", "missing",
    "result", "bound",
)  # fmt: skip
_LONGEST_WORD = 64
_DIGITS = 19  # more are no id of a database


@dataclass(frozen=True, slots=True)
class Row:
    """一行 — a person as the list shows them."""

    person: Person
    card_no: str
    home: str
    # None while no standard is loaded.
    position: Position | None
    bound: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """筛选 — what the address asks for, as it is written there."""

    text: str
    unit: str
    status: str
    level: str
    result: str
    after: int
    before: int

    def but(self, **other: str) -> dict[str, Any]:
        """The address of the same list with something else in it, from its first page."""
        kept = {
            "q": self.text, "unit": self.unit, "status": self.status, "level": self.level,
            "result": self.result,
        }  # fmt: skip
        return {name: value for name, value in (kept | other).items() if value}


@blueprint.get("")
@passes(
    *frame.DOORS, "people.listing", "people.head_counts", "org.tree", "cards.holders_of_number",
    "cards.active_numbers", "accounts.bound_people", "credits.positions_of", "credits.who_stands",
)  # fmt: skip
@entered(Stage.OPEN)
def index(guest: Guest) -> ResponseReturnValue:
    """Everybody within sight, as the address sifts them."""
    asked = asked_for()
    with frame.working(guest) as work:
        tree = org.tree(work)
        chosen = trees.chosen(tree, asked.unit)
        found = people.listing(
            work, search_of(work, asked, chosen), after=asked.after, before=asked.before
        )
        rows = _rows(work, found.people, tree)
        heads = people.head_counts(work)
        today = local_date(work.now)
    if _astray(asked, found):
        return redirect(url_for("people.index", **asked.but()))
    return frame.page(
        guest, "console/people.html", asked=asked, found=found, rows=rows, chosen=chosen,
        nodes=trees.opened(tree, chosen, heads), statuses=tuple(Status), levels=tuple(TitleLevel),
        everybody=EVERYBODY, said=lambda code: words.book("people")[code], figure=saying.figure,
        year=rows[0].position.year.number if rows and rows[0].position else None,
        results=tuple(Result), today=today,
        departments=[one for one in tree if one.kind is UnitKind.DEPARTMENT and not one.closed],
        titles=tuple(imports.spelling(FORM, tree).titles),
        whole=chosen is None or chosen.kind is not UnitKind.DEPARTMENT, most=people.MOST_AT_ONCE,
    )  # fmt: skip


@blueprint.get("/export")
@passes(
    "people.everyone", "org.tree", "cards.holders_of_number", "cards.active_numbers",
    "accounts.bound_people", "accounts.export", "credits.positions_of", "credits.who_stands",
)  # fmt: skip
@entered(Stage.OPEN)
def export(guest: Guest) -> ResponseReturnValue:
    """The same list, whole: as a workbook, or as CSV where it is long or asked for."""
    asked = asked_for()
    with frame.working(guest) as work:
        tree = org.tree(work)
        found = people.everyone(work, search_of(work, asked, trees.chosen(tree, asked.unit)))
        rows = _rows(work, found, tree)
        exporting.export(work, ListKind.PEOPLE, len(rows))
    book = words.book("people")
    lines = [[book[f"export.{name}"] for name in _EXPORTED]]
    lines += [_line(row, book) for row in rows]
    name = words.book("roster")["template.list_file"]
    return exports.download(lines, name, plain=request.args.get("as") == "csv")


@blueprint.post("/batch")
@passes(
    "org.tree", "cards.check_edits", "people.nos_of", "cards.holders_of_number",
    "credits.who_stands",
)  # fmt: skip
@entered(Stage.OPEN)
def batch(guest: Guest) -> ResponseReturnValue:
    """What was chosen is checked and shown before it is done: of those ticked, or of all found."""
    nos: Sequence[str] = request.form.getlist("no")[: people.PAGE]
    try:
        with frame.working(guest) as work:
            said, name = _chosen_edit(tree := org.tree(work))
            if request.form.get("whole"):
                asked = asked_for()
                nos = people.nos_of(work, search_of(work, asked, trees.chosen(tree, asked.unit)))
            number = roster_commands.check_edits(work, nos, said, name)
    except InvalidError as refused:
        frame.say(words.of_error(refused))
        return redirect(url_for("people.index", **asked_for().but()), 303)
    return redirect(url_for("edits.result", number=number, show="changed"), 303)


def _chosen_edit(tree: Sequence[Branch]) -> tuple[dict[str, str], str]:
    """What a form says of everybody who is chosen, by column, and how it is called."""
    act = request.form.get("act", "")
    value = request.form.get(f"to_{act}", "").strip()[:_LONGEST_WORD]
    since = request.form.get("since", "")[:_LONGEST_WORD]
    book = words.book("people")
    if not value or f"edit.{act}" not in book:
        raise InvalidError("people.edit.nothing")
    said, shown = {act: value}, value
    match act:
        case "department_code":
            shown = next((one.name for one in tree if one.code == value), value)
        case "status":
            said["status_from"], shown = since, book.get(f"status.{value}", value)
        case "title":
            said["title_level"] = imports.spelling(FORM, tree).titles.get(value, "")
    return said, words.sentence("people", f"edit.{act}", {"value": shown, "since": since})


def asked_for() -> Asked:
    """What the present address asks for; what it cannot mean is left out."""
    got = request.args
    status, level, result = (got.get(name, "") for name in ("status", "level", "result"))
    return Asked(
        text="".join(sign for sign in got.get("q", "") if sign.isprintable()).strip()[:LONGEST],
        unit=got.get("unit", ""),
        status=status if status in {EVERYBODY, *Status} else "",
        level=level if level in set(TitleLevel) else "",
        result=result if result in set(Result) else "",
        after=_number(got.get("after", "")),
        before=_number(got.get("before", "")),
    )


def search_of(work: Work, asked: Asked, chosen: Branch | None) -> Search:
    """Who is looked for; a number may be that of a card."""
    also = cards.holders_of_number(work, asked.text) if asked.text else ()
    employer = chosen is not None and chosen.kind is UnitKind.HOSPITAL
    return Search(
        text=asked.text,
        also=also,
        place=None if chosen is None else chosen.place,
        unit_id=chosen.id if chosen is not None and employer else None,
        status=Status(asked.status) if asked.status not in {"", EVERYBODY} else None,
        level=TitleLevel(asked.level) if asked.level else None,
        cancelled_too=asked.status == EVERYBODY,
        among=_standing(work, asked, chosen),
    )


def _standing(work: Work, asked: Asked, chosen: Branch | None) -> tuple[int, ...] | None:
    """Who stands as the address asks; nobody is left out while no standard is loaded."""
    if not asked.result:
        return None
    try:
        place = None if chosen is None else chosen.place
        return credits.who_stands(work, place, Result(asked.result))
    except UnavailableError:
        return None


def _astray(asked: Asked, found: Listing) -> bool:
    """Whether whoever leafed through the list came to its beginning, or to where nobody is."""
    if asked.before:
        return len(found.people) < people.PAGE
    return bool(asked.after) and not found.people


def _line(row: Row, book: Mapping[str, str]) -> list[str]:
    """A row as the export writes it."""
    person = row.person
    level = book[f"level.{person.title_level}"] if person.title_level else ""
    return [
        person.no, person.name, row.home, person.title, level, book[f"status.{person.status}"],
        row.card_no, *_figures(row.position, book), book["bound.yes" if row.bound else "bound.no"],
    ]  # fmt: skip


def _figures(position: Position | None, book: Mapping[str, str]) -> list[str]:
    if position is None:
        return [""] * 5
    standing = position.standing
    return [
        str(position.year.number), saying.figure(standing.have.total),
        saying.amount(standing.need.total), saying.amount(standing.missing),
        book[f"result.{standing.result}"],
    ]  # fmt: skip


def _rows(work: Work, found: Sequence[Person], tree: tuple[Branch, ...]) -> tuple[Row, ...]:
    ids = [person.id for person in found]
    if not ids:
        return ()
    names = {branch.id: branch.name for branch in tree}
    numbers = cards.active_numbers(work, ids)
    positions = _positions(work, ids)
    bound = bindings.bound_people(work, ids)
    return tuple(
        Row(
            person, numbers.get(person.id, ""),
            names.get(person.department_id or person.unit_id, ""), positions.get(person.id),
            person.id in bound,
        )
        for person in found
    )  # fmt: skip


def _positions(work: Work, ids: Sequence[int]) -> dict[int, Position]:
    """Where they stand; of nobody while no standard is loaded."""
    try:
        return credits.positions_of(work, ids)
    except UnavailableError:
        return {}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0
