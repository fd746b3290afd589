"""绑定 — who asks to be confirmed, and slips for those who are not bound yet."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.commands import requests, slips
from app.accounts.queries import proofs
from app.accounts.terms import Stage
from app.accounts.terms.proofs import Bound, Waits
from app.base import words
from app.base.work import passes
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.kernel.span import SHANGHAI
from app.org import queries as org
from app.speech import slips as sheets
from app.web.console import frame
from app.web.sessions import Guest, entered

blueprint = frame.screens("bindings", "/bindings")

_LONGEST_NO, _LONGEST_REASON = 40, 200
_OTHER = "other"


@blueprint.get("")
@passes(*frame.DOORS, "accounts.requests", "accounts.unbound")
@entered(Stage.OPEN)
def page(guest: Guest) -> ResponseReturnValue:
    """The requests that wait, the oldest first, and how many of each department are not bound."""
    return _page(guest)


@blueprint.post("/<int:number>")
@passes(
    *frame.DOORS, "accounts.approve_request", "accounts.refuse_request", "accounts.requests",
    "accounts.unbound",
)  # fmt: skip
@entered(Stage.OPEN)
def answer(guest: Guest, number: int) -> ResponseReturnValue:
    """One request is answered: it is this person, or it is not bound."""
    chosen = request.form.get("person", "")
    no = (request.form.get("no", "") if chosen == _OTHER else chosen).strip()[:_LONGEST_NO]
    reason = request.form.get("reason", "")[:_LONGEST_REASON]
    refuse = request.form.get("act") == "refuse"
    if not no and not refuse:
        return _page(guest, InvalidError("accounts.request.nobody"), number)
    try:
        with frame.working(guest) as work:
            if refuse:
                requests.refuse_request(work, number, reason)
                outcome = None
            else:
                outcome = requests.approve_request(work, number, no, reason)
    except (ConflictError, InvalidError, NotFoundError) as refused:
        return _page(guest, refused, number)
    match outcome:
        case Bound():
            frame.tell("bindings.bound", {"no": no})
        case Waits(until=until):
            at = until.astimezone(SHANGHAI)
            facts = {"no": no, "month": at.month, "day": at.day, "clock": f"{at:%H:%M}"}
            frame.tell("bindings.waits", facts)
        case None:
            frame.tell("bindings.refused")
    return redirect(url_for("bindings.page"), 303)


@blueprint.post("/slips")
@passes("accounts.issue_slips")
@entered(Stage.OPEN)
def printed(guest: Guest) -> ResponseReturnValue:
    """New slips of a department as PDF, to be printed now: no code is given a second time."""
    code = request.form.get("unit", "")[:_LONGEST_NO]
    with frame.working(guest) as work:
        unit = org.unit_by_code(work, code)
        made = slips.issue_slips(work, code)
    name = words.sentence("paper", "slip.file", {"unit": unit.name})
    return frame.download(sheets.as_pdf(unit.name, made), f"{name}.pdf", "application/pdf")


def _page(guest: Guest, refused: CmeError | None = None, number: int = 0) -> Response:
    with frame.working(guest) as work:
        waiting = proofs.requests(work)
        units = proofs.unbound(work)
    status = 200 if refused is None else refused.http_status
    return frame.page(
        guest, "console/bindings.html", status, waiting=waiting, units=units, number=number,
        refusal="" if refused is None else words.of_error(refused), given=request.form,
    )  # fmt: skip
