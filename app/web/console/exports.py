"""导出 — cards and public courses as lists that the import takes back.

What begins like a formula is text in them, as in every list of ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response
from flask.typing import ResponseReturnValue

from app.accounts.commands.exporting import export
from app.accounts.terms import ListKind, Stage
from app.base import words, workbooks
from app.base.work import passes
from app.cards import queries as cards
from app.credits import queries as credits
from app.kernel.table import csv_of
from app.web.console import frame
from app.web.console.faults import label
from app.web.sessions import Guest, entered

blueprint = frame.screens("exports", "/export")

# Beyond, a workbook takes longer than people wait.
_LONG = 5000
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"
_COURSE = (
    "person_no", "name", "course_year", "course", "course_hours", "course_credits", "issuer",
    "taken_on",
)  # fmt: skip


@blueprint.get("/cards")
@passes("cards.register", "accounts.export")
@entered(Stage.OPEN)
def of_cards(guest: Guest) -> ResponseReturnValue:
    """Every card within sight, whose it is, and how it stands."""
    with frame.working(guest) as work:
        found = cards.register(work)
        export(work, ListKind.CARDS, len(found))
    said = words.book("people")
    head = [
        *map(label, ("person_no", "name", "card_no")),
        said["column.card.state"],
        said["column.since"],
    ]
    lines = [
        [one.person_no, one.name, one.card_no, said[f"value.{one.state}"],
         f"{frame.here(one.since):%Y-%m-%d %H:%M}"]
        for one in found
    ]  # fmt: skip
    return _list("cards", head, lines)


@blueprint.get("/courses")
@passes("credits.course_register", "accounts.export")
@entered(Stage.OPEN)
def of_courses(guest: Guest) -> ResponseReturnValue:
    """Every public course that somebody within sight has credit for."""
    with frame.working(guest) as work:
        found = credits.course_register(work)
        export(work, ListKind.COURSES, len(found))
    lines = [
        [no, name, str(one.year), one.course, f"{one.hours:f}", str(one.gross.amount), one.issuer,
         one.on.isoformat()]
        for no, name, one in found
    ]  # fmt: skip
    return _list("courses", [*map(label, _COURSE)], lines)


def download(rows: Sequence[Sequence[str]], name: str, *, plain: bool = False) -> Response:
    """A list as a workbook, or as CSV where it is long or asked for."""
    if plain or len(rows) > _LONG:
        return frame.download(csv_of(rows), f"{name}.csv", _CSV)
    return frame.download(workbooks.listed(rows, name), f"{name}.xlsx", _SHEET)


def _list(kind: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> Response:
    return download([head, *lines], words.book("roster")[f"{kind}.list_file"])
