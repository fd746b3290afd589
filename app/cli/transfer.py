"""转单位 — the operator's verbs about transfers: ask, agree, complete, refuse, list.

What a unit alone may say is said for that unit, by the operator who stands there.
"""

from __future__ import annotations

from typing import Any

import click

from app.cli.desk import Desk, Told, help_of, verb
from app.kernel.span import shown
from app.people import queries as people
from app.transfers import commands as transfers
from app.transfers import queries as moving
from app.transfers.terms import Show, Transfer

_AT = click.option("--at", required=True, metavar="UNIT", help=help_of("transfer.at"))
_DEPARTMENT = click.option("--department", default="", help=help_of("transfer.department"))


@click.group("transfer", help=help_of("transfer"))
def group() -> None:
    """Verbs about transfers."""


@verb(group, "list", "transfers.shelf")
@click.option("--ended", is_flag=True, help=help_of("transfer.list.ended"))
@click.option("--at", default="", metavar="UNIT", help=help_of("transfer.list.at"))
def list_(desk: Desk, ended: bool, at: str) -> dict[str, Any]:
    """Name those that are open, or over."""
    with desk.work(at=at) as work:
        found = moving.shelf(work, Show.ENDED if ended else Show.OPEN)
    return {"transfers": [_told(one) for one in found.transfers], "more": found.more}


@verb(group, "ask", "people.file_of", "transfers.ask_out", "transfers.ask_in")
@click.argument("person_no")
@click.option("--to", "target", required=True, metavar="UNIT", help=help_of("transfer.ask.to"))
@click.option("--joining", is_flag=True, help=help_of("transfer.ask.joining"))
@_DEPARTMENT
def ask(desk: Desk, person_no: str, target: str, joining: bool, department: str) -> Told:
    """Ask that somebody leave their unit for another, for the one or the other."""
    with desk.work() as work:
        file = people.file_of(work, person_no)
    if joining:
        name = file.person.profile.name
        with desk.work(at=target) as work:
            number = transfers.ask_in(work, target, person_no, name, department)
    else:
        with desk.work(at=file.unit.code) as work:
            number = transfers.ask_out(work, person_no, target)
    return Told({"transfer": number, "state": "open"}, "transfer.ask")


@verb(group, "confirm", "transfers.confirm")
@click.argument("number", type=int)
@_AT
@_DEPARTMENT
def confirm(desk: Desk, number: int, at: str, department: str) -> Told:
    """Agree for a unit; where the other did already, the person has moved."""
    with desk.work(at=at) as work:
        state = transfers.confirm(work, number, department)
    return Told({"transfer": number, "state": state.value}, f"transfer.confirm.{state}")


@verb(group, "complete", "transfers.complete")
@click.argument("number", type=int)
@click.option("--reason", default="", help=help_of("transfer.complete.reason"))
def complete(desk: Desk, number: int, reason: str) -> Told:
    """Move somebody across cities, or from a unit that is silent, as the platform alone may."""
    with desk.work() as work:
        transfers.complete(work, number, reason)
    return Told({"transfer": number, "state": "done"}, "transfer.confirm.done")


@verb(group, "refuse", "transfers.refuse")
@click.argument("number", type=int)
@_AT
@click.option("--reason", required=True, help=help_of("transfer.refuse.reason"))
def refuse(desk: Desk, number: int, at: str, reason: str) -> Told:
    """Say for a unit that it does not agree; the person stays where they are, and is told."""
    with desk.work(at=at) as work:
        transfers.refuse(work, number, reason)
    return Told({"transfer": number, "state": "refused"}, "transfer.refuse")


def _told(one: Transfer) -> dict[str, Any]:
    return {
        "transfer": one.id, "person_no": one.person_no, "name": one.name, "from": one.source,
        "to": one.target, "state": one.state.value, "left": one.case.left,
        "joined": one.case.joined, "asked_at": shown(one.case.asked_at),
        "expires_at": shown(one.case.expires_at), "reason": one.reason or None,
    }  # fmt: skip
