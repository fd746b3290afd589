"""申报 — the operator's verbs about what is filed: list, agree, give back, announce."""

from __future__ import annotations

from typing import Any

import click

from app.cli.desk import Desk, Told, help_of, verb
from app.filing import commands as filing
from app.filing import queries as filings
from app.filing.terms import Filing, Sought
from app.kernel.errors import InvalidError
from app.projects.terms import ProjectState

_STATES = ("draft", "unit_review", "bureau_review", "announced")


@click.group("filing", help=help_of("filing"))
def group() -> None:
    """Verbs about filings."""


@verb(group, "list", "filing.shelf")
@click.option("--state", metavar="STATE", help=help_of("filing.list.state"))
@click.option("--year", type=int, help=help_of("filing.list.year"))
@click.option("--words", default="", help=help_of("filing.list.words"))
@click.option("--page", type=click.IntRange(1), default=1, help=help_of("filing.list.page"))
def list_(desk: Desk, state: str | None, year: int | None, words: str, page: int) -> dict[str, Any]:
    """Name the filings that are sought, the last changed first."""
    if state is not None and state not in _STATES:
        raise InvalidError("filing.list_state", value=state, allowed=", ".join(_STATES))
    sought = Sought(ProjectState(state) if state else None, year, None, words)
    with desk.work() as work:
        found = filings.shelf(work, sought, page)
    return {"count": found.count, "filings": [_told(one) for one in found.filings]}


@verb(group, "agree", "filing.folder_of", "filing.agree")
@click.argument("number", type=int)
def agree(desk: Desk, number: int) -> Told:
    """The unit's office stands for it, and the bureau is to look at it."""
    with desk.work() as work:
        one = filings.folder_of(work, number).filing
        filing.agree(work, number, seen=one.version)
    return Told({"filing": number, "state": ProjectState.BUREAU_REVIEW.value}, "filing.agree")


@verb(group, "send-back", "filing.folder_of", "filing.refuse", "filing.send_back")
@click.argument("number", type=int)
@click.option("--reason", required=True, help=help_of("filing.send-back.reason"))
def send_back(desk: Desk, number: int, reason: str) -> Told:
    """Give it back to who wrote it, for the unit or for the bureau: before whom it is."""
    with desk.work() as work:
        one = filings.folder_of(work, number).filing
        of_unit = one.state is ProjectState.UNIT_REVIEW
        decide = filing.refuse if of_unit else filing.send_back
        decide(work, number, reason, seen=one.version)
    return Told({"filing": number, "state": ProjectState.DRAFT.value}, "filing.send-back")


@verb(group, "announce", "filing.folder_of", "filing.announce")
@click.argument("number", type=int)
@click.option("--no", "project_no", default="", help=help_of("filing.announce.no"))
def announce(desk: Desk, number: int, project_no: str) -> Told:
    """The project stands under its number: the next that nobody has, unless one is given."""
    with desk.work() as work:
        folder = filings.folder_of(work, number)
        seen = folder.filing.version
        given = filing.announce(work, number, project_no or folder.number, seen=seen)
    answer = {"filing": number, "state": ProjectState.ANNOUNCED.value, "project_no": given}
    return Told(answer, "filing.announce")


def _told(one: Filing) -> dict[str, Any]:
    return {
        "filing": one.id, "name": one.name, "unit": one.unit_name, "year": one.year,
        "level": one.level, "state": one.state.value, "returned": one.remark,
        "project_no": one.project_no or None,
    }  # fmt: skip
