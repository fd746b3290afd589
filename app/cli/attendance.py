"""考勤记录 — the operator's verbs about the swipes of a batch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from app.attendance import commands as attendance
from app.attendance.queries import records
from app.attendance.terms import SwipeId, SwipeState
from app.cli.desk import Desk, Told, help_of, verb
from app.kernel.errors import InvalidError
from app.kernel.span import local

# What answers about files call rejected are records that were discarded; a file that was refused
# as a whole has left none.
_STATES = {state.value: state for state in SwipeState} | {"rejected": SwipeState.DISCARDED}


class Moment(click.ParamType[datetime]):
    """A time; without a zone it is Beijing's."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return value if isinstance(value, datetime) else local(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO time", param, ctx)


@click.group("attendance", help=help_of("attendance"))
def group() -> None:
    """Verbs about attendance records."""


@verb(group, "list", "attendance.records_of", "attendance.unassigned")
@click.option("--project", "project_no", help=help_of("attendance.project"))
@click.option("--batch", "batch_no", type=int, help=help_of("attendance.batch"))
@click.option("--device", "sn", help=help_of("attendance.device"))
@click.option("--state", type=click.Choice(list(_STATES)), help=help_of("attendance.state"))
def list_(
    desk: Desk, project_no: str | None, batch_no: int | None, sn: str | None, state: str | None
) -> dict[str, Any] | Told:
    wanted = None if state is None else _STATES[state]
    with desk.work() as work:
        if project_no is not None and batch_no is not None and sn is None:
            found = records.records_of(work, project_no, batch_no, wanted)
        elif sn is not None and project_no is None and batch_no is None:
            found = records.unassigned(work, sn, wanted)
        else:
            raise InvalidError("attendance.list.of_what")
    answer = {"records": [record.plain() for record in found]}
    return (
        Told(answer, "attendance.list.none_rejected")
        if state == "rejected" and not found
        else answer
    )


@verb(
    group, "resolve", "attendance.attach", "attendance.accept", "attendance.discard",
    "attendance.claim",
)  # fmt: skip
@click.argument("record")
@click.option("--person", "person_no", metavar="PERSON_NO", help=help_of("attendance.person"))
@click.option("--accept", is_flag=True, help=help_of("attendance.accept"))
@click.option("--at", type=Moment(), help=help_of("attendance.at"))
@click.option("--discard", is_flag=True, help=help_of("attendance.discard"))
@click.option("--project", "project_no", help=help_of("attendance.to_project"))
@click.option("--batch", "batch_no", type=int, help=help_of("attendance.to_batch"))
@click.option("--reason", required=True, help=help_of("attendance.reason"))
def resolve(
    desk: Desk, record: str, *, person_no: str | None, accept: bool, at: datetime | None,
    discard: bool, project_no: str | None, batch_no: int | None, reason: str,
) -> dict[str, Any]:  # fmt: skip
    swipe = _swipe(record)
    claimed = project_no is not None and batch_no is not None
    if [person_no is not None, accept, discard, claimed].count(True) != 1 or (at and not accept):
        raise InvalidError("attendance.record.one_act")
    with desk.work() as work:
        if person_no is not None:
            done = attendance.attach(work, swipe, person_no, reason)
        elif accept:
            done = attendance.accept(work, swipe, reason, at)
        elif discard:
            done = attendance.discard(work, swipe, reason)
        else:
            done = attendance.claim(work, swipe, project_no or "", batch_no or 0, reason)
    return done.plain()


def _swipe(text: str) -> SwipeId:
    try:
        return SwipeId.parse(text)
    except ValueError:
        raise InvalidError("attendance.record.id", record=text) from None
