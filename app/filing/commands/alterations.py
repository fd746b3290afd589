"""变更 — an announced batch is held at another time or place: at once, or when the bureau agrees.

Whoever changes anything locks the project first, then the request: of two at once the second sees
what the first did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.exc import IntegrityError

from app.base import words
from app.base.work import Work, command
from app.filing import queries
from app.filing.rules import altering
from app.filing.tables import AlterationRow
from app.filing.terms import AlterationState, Arrangement, Footing
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.span import Span, shown
from app.org import queries as org
from app.org.terms import Unit
from app.projects import queries as projects_asked
from app.projects import steps as projects
from app.projects.terms import FiledBatch


@command(Permission.PROJECTS_REPORT, reaches=True)
def alter(
    work: Work, project_no: str, batch_no: int, fields: Mapping[str, str], *, near: bool,
    reason: str = "", seen: str,
) -> AlterationState:  # fmt: skip
    """变更 — the batch is held so, or the bureau is asked; which of the two.

    `seen` is the mark of what whoever asks saw. ConflictError where it is other by now, where a
    request waits, or where it was held; InvalidError for a time or place that cannot be, and
    where the bureau would have to agree and is not told why. Reaches because lecturers come from
    anywhere.
    """
    found = queries.footing(work, project_no, batch_no, lock=True)
    unit = _host(work, found)
    if seen != altering.mark_of(found.now):
        raise ConflictError("filing.alteration.meanwhile", batch=batch_no)
    if found.waits:
        raise ConflictError("filing.alteration.asked", batch=batch_no)
    wanted, brought = queries.weighed(work, found, fields, near=near)
    said = _said(reason)
    if brought.causes and not said:
        raise InvalidError("filing.alteration.no_reason")
    state = AlterationState.ASKED if brought.causes else AlterationState.DONE
    [key] = work.fresh_ids(AlterationRow, 1)
    row = AlterationRow(
        id=key, path=unit.place.path, batch_id=found.batch_id, state=state,
        from_starts_at=found.batch.span.start, from_ends_at=found.batch.span.end,
        from_venue=found.batch.venue, starts_at=wanted.span.start, ends_at=wanted.span.end,
        venue=wanted.venue, near=wanted.near, causes=[one.value for one in brought.causes],
        reason=said, asked_at=work.now, asked_by=work.actor.name,
    )  # fmt: skip
    work.session.add(row)
    if state is AlterationState.DONE:
        row.ended_at, row.ended_by = work.now, work.actor.name
        _hold(work, found, brought.batch)
    try:
        work.session.flush()
    except IntegrityError:
        raise ConflictError("filing.alteration.asked", batch=batch_no) from None
    return state


@command(Permission.PROJECTS_REPORT, reaches=True)
def withdraw_alteration(work: Work, alteration_id: int) -> None:
    """撤回变更申请 — the host does not ask any more; the batch is held as it stands."""
    row, found = _asked(work, alteration_id)
    _host(work, found)
    _end(work, row, AlterationState.WITHDRAWN)


@command(Permission.PROJECTS_REVIEW, reaches=True)
def grant_alteration(work: Work, alteration_id: int, remark: str = "") -> None:
    """同意变更 — the batch is held as was asked, if that still can be.

    ConflictError for one's own request, and where the batch was held, altered or is too late.
    """
    row, found = _asked(work, alteration_id)
    if row.asked_by == work.actor.name:
        raise ConflictError("filing.review.own")
    before = Arrangement(Span(row.from_starts_at, row.from_ends_at), row.from_venue)
    if before != found.now:
        raise ConflictError("filing.alteration.changed", batch=found.batch.no)
    fields = {
        "starts_at": shown(row.starts_at), "ends_at": shown(row.ends_at), "venue": row.venue,
    }  # fmt: skip
    try:
        _, brought = queries.weighed(work, found, fields, near=row.near)
    except InvalidError as refused:
        why = words.of_row(refused.rows[0]) if refused.rows else words.of_error(refused)
        raise ConflictError("filing.alteration.no_more", why=why) from None
    _hold(work, found, brought.batch)
    _end(work, row, AlterationState.DONE, _said(remark))


@command(Permission.PROJECTS_REVIEW, reaches=True)
def refuse_alteration(work: Work, alteration_id: int, remark: str) -> None:
    """不同意变更 — the batch is held as it stands, and the host reads why."""
    row, _ = _asked(work, alteration_id)
    said = _said(remark)
    if not said:
        raise InvalidError("filing.review.no_remark")
    _end(work, row, AlterationState.REFUSED, said)


def _host(work: Work, found: Footing) -> Unit:
    """The unit that hosts the batch, for which the actor speaks. ConflictError for anybody else."""
    unit = org.unit_by_code(work, found.standing.filed.unit_code)
    if work.actor.place != unit.realm and not unit.place.holds(work.actor.place):
        raise ConflictError("filing.alteration.others", unit=unit.name)
    return unit


def _asked(work: Work, alteration_id: int) -> tuple[AlterationRow, Footing]:
    """The request within sight, locked with its project, and on what its batch stands."""
    row = work.session.get(AlterationRow, alteration_id)
    if row is None:
        raise NotFoundError("filing.alteration.unknown")
    [batch] = projects_asked.batches_of(work, [row.batch_id]).values()
    found = queries.footing(work, batch.project.no, batch.no, lock=True)
    work.session.refresh(row, with_for_update=True)
    if row.state != AlterationState.ASKED:
        by, state = row.ended_by or "", words.book("filing")[f"alteration.{row.state}"]
        raise ConflictError("filing.alteration.ended", by=by, state=state)
    return row, found


def _hold(work: Work, found: Footing, batch: FiledBatch) -> None:
    """The batch stands so; the other batches and the project stay as they are."""
    projects.put(work, [replace(found.standing.filed, batches=(batch,))])


def _end(work: Work, row: AlterationRow, state: AlterationState, remark: str = "") -> None:
    row.state, row.ended_at, row.ended_by = state, work.now, work.actor.name
    row.remark = remark or None


def _said(text: str) -> str:
    return " ".join(text.split())[: altering.LONGEST_REASON]
