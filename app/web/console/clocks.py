"""时钟修正 — what moving a terminal's swipes would do, one act that does it, and back again."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.attendance import commands as attendance
from app.attendance.queries import clocks
from app.awards import queries as awards
from app.awards.queries import Weighing
from app.awards.terms import Group, Options
from app.base import words
from app.base.work import Work, passes
from app.kernel.errors import CmeError, ConflictError, InvalidError
from app.projects import queries as projects
from app.web.console import frame
from app.web.console.analysis import told_of_shift
from app.web.sessions import Guest, entered

blueprint = frame.screens("clocks", "/clocks")

_LONGEST, _DIGITS = 200, 9
_SHOWN = (
    *frame.DOORS, "projects.batch_of", "attendance.crooked", "attendance.if_moved",
    "awards.weigh",
)  # fmt: skip


@blueprint.get("/<path:no>/<int:batch>")
@passes(*_SHOWN)
@entered(Stage.OPEN)
def page(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """How many swipes would be moved, from when to when, and who would gain or lose by it."""
    return _page(guest, no, batch)


@blueprint.post("/<path:no>/<int:batch>")
@passes(*_SHOWN, "attendance.repair_clock")
@entered(Stage.OPEN)
def repair(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """They are moved."""
    terminal, shift = _asked()
    swipes = _number(request.form.get("swipes", ""))
    reason = request.form.get("reason", "")[: _LONGEST + 1]
    try:
        with frame.working(guest) as work:
            attendance.repair_clock(work, no, batch, terminal, shift, reason, swipes=swipes)
    except (ConflictError, InvalidError) as refused:
        return _page(guest, no, batch, refused)
    way, far = told_of_shift(shift)
    frame.tell("clock.repaired", {"terminal": terminal, "way": way, "far": far, "count": swipes})
    return redirect(url_for("analysis.page", no=no, batch=batch), 303)


@blueprint.post("/<path:no>/<int:batch>/<int:number>/undo")
@passes("attendance.undo_clock_repair", "projects.batch_of", *frame.DOORS)
@entered(Stage.OPEN)
def undo(guest: Guest, no: str, batch: int, number: int) -> ResponseReturnValue:
    """They are moved back."""
    try:
        with frame.working(guest) as work:
            attendance.undo_clock_repair(work, no, batch, number)
    except ConflictError as refused:
        frame.say(words.of_error(refused))
    else:
        frame.tell("clock.undone")
    return redirect(url_for("analysis.page", no=no, batch=batch), 303)


def _page(
    guest: Guest, no: str, batch: int, refused: CmeError | None = None
) -> ResponseReturnValue:
    terminal, shift = _asked()
    with frame.working(guest) as work:
        found = projects.batch_of(work, no, batch)
        crooked = clocks.crooked(work, no, batch, terminal)
        weighed = _weighed(work, no, batch, terminal, shift) if crooked.swipes and shift else None
    way, far = told_of_shift(shift)
    return frame.page(
        guest, "console/clock.html", 200 if refused is None else refused.http_status, batch=found,
        crooked=crooked, shift=shift, way=way, far=far, one=weighed, groups=Group,
        refusal="" if refused is None else words.of_error(refused),
        reason=request.form.get("reason", "")[:_LONGEST],
    )  # fmt: skip


def _weighed(work: Work, no: str, batch: int, terminal: str, shift: int) -> Weighing | None:
    """What the plan would give by the right clock; nothing where it asks for what there is not."""
    moved = clocks.if_moved(work, no, batch, terminal, shift)
    try:
        return awards.weigh(work, no, batch, Options(), instead=moved)
    except InvalidError:
        return None


def _asked() -> tuple[str, int]:
    """Which terminal, and by how many minutes; half a day at most is meant, whatever is typed."""
    terminal, text = request.values.get("terminal", "")[:64], request.values.get("shift", "")
    return terminal, -_number(text[1:]) if text.startswith("-") else _number(text)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0
