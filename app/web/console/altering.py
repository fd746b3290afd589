"""变更 — a batch is held at another time or place: looked at first, then done or asked for."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words
from app.base.work import Work, passes
from app.filing import commands as filing
from app.filing import queries as filings
from app.filing.rules import altering
from app.filing.terms import AlterationState, Arrangement, Outcome
from app.kernel.actor import Permission
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.kernel.span import SHANGHAI
from app.projects import queries as asked
from app.web.console import frame, projects
from app.web.console.filings import said_of, term
from app.web.sessions import Guest, entered

# The page of a batch is a part of its project's.
blueprint = projects.blueprint

_LONGEST, _DIGITS = 400, 16
_SHOWN = (
    *frame.DOORS, "projects.dossier_of", "filing.footing_of", "filing.alterations_of",
    "filing.prospect", "filing.waiting",
)  # fmt: skip


@blueprint.get("/<path:no>/batches/<int:batch>/change")
@passes(*_SHOWN)
@entered(Stage.OPEN)
def alteration(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """When and where a batch is held, and how else it may be; or what the bureau is asked."""
    return _page(guest, no, batch)


@blueprint.post("/<path:no>/batches/<int:batch>/change")
@passes(*_SHOWN, "filing.alter")
@entered(Stage.OPEN)
def alter(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """Look what it would bring; and once that was seen, do it or ask for it."""
    fields = {name: _given(name) for name in altering.FIELDS}
    near = bool(_given("near"))
    try:
        with frame.working(guest) as work:
            wanted, brought = filings.prospect(work, no, batch, fields, near=near)
        if request.form.get("act") != "alter" or _given("looked") != _look(wanted, brought):
            return _page(guest, no, batch, look=(wanted, brought))
        with frame.working(guest) as work:
            state = filing.alter(
                work, no, batch, fields, near=near, reason=_given("reason"), seen=_given("seen")
            )
    except (ConflictError, InvalidError) as refused:
        if refused.code == "filing.alteration.no_reason":
            return _page(guest, no, batch, refused, look=(wanted, brought))
        return _page(guest, no, batch, refused)
    said = "altered" if state is AlterationState.DONE else "alteration_asked"
    frame.tell(f"projects.{said}", {"batch": batch})
    return redirect(url_for("projects.dossier", no=no), 303)


@blueprint.post("/<path:no>/batches/<int:batch>/asked")
@passes(
    *_SHOWN, "filing.grant_alteration", "filing.refuse_alteration", "filing.withdraw_alteration",
)  # fmt: skip
@entered(Stage.OPEN)
def answer(guest: Guest, no: str, batch: int) -> ResponseReturnValue:
    """The bureau agrees or does not; or the host does not ask any more."""
    number, remark = _given("alteration"), _given("remark")
    key = int(number) if number.isascii() and number.isdecimal() and len(number) < _DIGITS else 0
    acts: dict[str, Callable[[Work], None]] = {
        "granted": lambda work: filing.grant_alteration(work, key, remark),
        "refused": lambda work: filing.refuse_alteration(work, key, remark),
        "withdrawn": lambda work: filing.withdraw_alteration(work, key),
    }
    act = request.form.get("act", "")
    if act not in acts:
        raise NotFoundError("filing.alteration.unknown")
    try:
        with frame.working(guest) as work:
            acts[act](work)
    except (ConflictError, InvalidError) as refused:
        return _page(guest, no, batch, refused)
    frame.tell(f"projects.alteration_{act}", {"batch": batch})
    return redirect(url_for("projects.dossier", no=no), 303)


def _page(
    guest: Guest, no: str, batch: int, refused: CmeError | None = None,
    look: tuple[Arrangement, Outcome] | None = None,
) -> ResponseReturnValue:  # fmt: skip
    may = guest.actor.permissions
    with frame.working(guest) as work:
        dossier = asked.dossier_of(work, no)
        footing = filings.footing_of(work, no, batch)
        past = [one for one in filings.alterations_of(work, no) if one.batch_no == batch]
        left = filings.waiting(work).altered if Permission.PROJECTS_REVIEW in may else 0
        closed = altering.objection(footing, work.now)
    waits = next((one for one in past if one.state is AlterationState.ASKED), None)
    brought = None if look is None else look[1]
    if waits is not None and not closed:
        brought = altering.outcome(footing, waits.after, ("", ""))
    is_host = Permission.PROJECTS_REPORT in may and dossier.hosted_by(guest.actor.place)
    return frame.page(
        guest, "console/altering.html", refused.http_status if refused else 200,
        project=dossier.project, footing=footing, past=past, waits=waits, brought=brought,
        looked="" if look is None else _look(*look), term=term, left=left,
        faults={one.column: said_of(one) for one in (refused.rows if refused else ())},
        refusal="" if refused is None else words.of_error(refused),
        at_reason=refused is not None and refused.code == "filing.alteration.no_reason",
        closed=words.sentence("errors", closed, {"batch": batch}) if closed else "",
        alters=is_host and not closed and waits is None, withdraws=is_host and waits is not None,
        reviews=waits is not None and Permission.PROJECTS_REVIEW in may,
        given=request.form or _filled(footing.now),
        names={one.person_no: dossier.names.get(one.person_id, one.person_no)
               for each in dossier.batches for one in each.lecturers},
        seen=altering.mark_of(footing.now), longest=altering.LONGEST_REASON,
    )  # fmt: skip


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST].strip()


def _filled(now: Arrangement) -> dict[str, str]:
    """The form as it stands before anybody typed."""
    start, end = (one.astimezone(SHANGHAI) for one in (now.span.start, now.span.end))
    return {
        "starts_at": f"{start:%Y-%m-%dT%H:%M}", "ends_at": f"{end:%Y-%m-%dT%H:%M}",
        "venue": now.venue,
    }  # fmt: skip


def _look(wanted: Arrangement, brought: Outcome) -> str:
    """What was seen before it is done: if it is other by now, it is looked at once more."""
    return "-".join((altering.mark_of(wanted), *brought.causes))
