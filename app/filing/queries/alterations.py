"""Questions about batches that are held at another time or place than was announced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, func, select

from app.attendance.queries import devices
from app.base import words
from app.base.work import Work, query
from app.filing.rules import altering
from app.filing.tables import AlterationRow
from app.filing.terms import (
    Alteration,
    AlterationId,
    AlterationState,
    Arrangement,
    Cause,
    Footing,
    Outcome,
)
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError, RowError
from app.kernel.span import Span
from app.org.tables import UnitRow
from app.projects import queries as projects
from app.projects.rules import number_of
from app.projects.tables import BatchRow, ProjectRow
from app.projects.terms import BatchId


@query(Permission.PROJECTS_READ)
def alterations_of(work: Work, project_no: str) -> tuple[Alteration, ...]:
    """变更 — those of all batches of a project within sight, the latest first."""
    wanted = ProjectRow.project_no == number_of(project_no).text
    rows = work.session.execute(_select().where(wanted).order_by(AlterationRow.id.desc()))
    found = [_alteration(*row) for row in rows]
    done = [one for one in reversed(found) if one.state is AlterationState.DONE]
    latest = {one.batch_id: one.id for one in done}
    carried = devices.carriers(work, latest)
    return tuple(
        replace(one, stale=_stale(one, carried[one.batch_id])) if one.id in latest.values() else one
        for one in found
    )


@query(Permission.PROJECTS_READ, reaches=True)
def footing_of(work: Work, project_no: str, batch_no: int) -> Footing:
    """变更的依据 — of a batch within sight. Reaches for what came of it, wherever that stands.

    NotFoundError for a batch that is not within sight.
    """
    return footing(work, project_no, batch_no)


@query(Permission.PROJECTS_READ, reaches=True)
def prospect(
    work: Work, project_no: str, batch_no: int, fields: Mapping[str, str], *, near: bool
) -> tuple[Arrangement, Outcome]:
    """看变更后会怎样 — when and where it would be held by what was typed, and what that brings.

    InvalidError names every field that is wrong; ConflictError where it may not be altered now.
    """
    found = footing(work, project_no, batch_no)
    if found.waits:
        raise ConflictError("filing.alteration.asked", batch=batch_no)
    return weighed(work, found, fields, near=near)


def footing(work: Work, project_no: str, batch_no: int, *, lock: bool = False) -> Footing:
    """On what a batch stands when somebody would alter it; inside a door that reaches."""
    no = number_of(project_no).text
    standing = projects.on_file(work, [no], lock=lock).get(no)
    batch = None if standing is None else next(
        (one for one in standing.filed.batches if one.no == batch_no), None
    )  # fmt: skip
    if standing is None or batch is None:
        raise NotFoundError("projects.batch.unknown", project_no=no, batch=batch_no)
    key = standing.batches[batch_no]
    announced = agreed = Arrangement(batch.span, batch.venue)
    own = select(AlterationRow).where(
        AlterationRow.batch_id == key,
        AlterationRow.state.in_([AlterationState.DONE, AlterationState.ASKED]),
    )
    rows = work.session.scalars(own.order_by(AlterationRow.id)).all()
    past = [one for one in rows if one.state == AlterationState.DONE]
    if past:
        announced = agreed = _before(past[0])
    for one in past:
        agreed = _after(one) if one.causes else agreed
    with work.reaching():
        hanging = projects.hanging_on(work, [key], but=[AlterationRow.__tablename__])[key]
    terminals = tuple(devices.carriers(work, [key])[key])
    return Footing(standing, batch, announced, agreed, hanging, terminals, len(past) < len(rows))


def weighed(
    work: Work, found: Footing, fields: Mapping[str, str], *, near: bool
) -> tuple[Arrangement, Outcome]:
    """What the typed time and place bring, as `prospect` tells it."""
    if said := altering.objection(found, work.now):
        raise ConflictError(said, batch=found.batch.no)
    wanted, faults = altering.arranged(fields, near=near, announced=found.announced, now=work.now)
    if wanted is None:
        raise InvalidError("filing.alteration.refused", rows=faults)
    if (wanted.span, wanted.venue) == (found.batch.span, found.batch.venue):
        raise InvalidError("filing.alteration.same")
    other = altering.overlapped(wanted.span, found.batch, found.standing.filed.batches)
    if other is not None:
        facts = (("batch", other.no),)
        rows = [RowError(0, "starts_at", "", "filing.alteration.overlap", facts)]
        raise InvalidError("filing.alteration.refused", rows=rows)
    book = words.book("filing")
    labels = (book["session.start"], book["session.end"])
    return wanted, altering.outcome(found, wanted, labels)


def _stale(one: Alteration, carried: Mapping[str, datetime]) -> tuple[str, ...]:
    """The terminals whose last package is older than what was altered."""
    since = one.ended_at or one.asked_at
    return tuple(sn for sn, made_at in carried.items() if made_at < since)


def asked(work: Work) -> tuple[int, Alteration | None]:
    """How many within sight wait for the bureau, and the one that waits longest; for `waiting`."""
    waits = AlterationRow.state == AlterationState.ASKED
    first = _select().where(waits).order_by(AlterationRow.id).limit(1)
    row = work.session.execute(first).one_or_none()
    if row is None:
        return 0, None
    count = work.session.scalar(select(func.count()).where(waits)) or 0
    return count, _alteration(*row)


def _select() -> Select[AlterationRow, int, str, str, str]:
    return (
        select(
            AlterationRow, BatchRow.no, ProjectRow.project_no, ProjectRow.name, UnitRow.name
        )
        .join(BatchRow, BatchRow.id == AlterationRow.batch_id)
        .join(ProjectRow, ProjectRow.id == BatchRow.project_id)
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
    )  # fmt: skip


def _alteration(
    row: AlterationRow, batch_no: int, project_no: str, project_name: str, unit_name: str
) -> Alteration:
    return Alteration(
        id=AlterationId(row.id),
        batch_id=BatchId(row.batch_id),
        batch_no=batch_no,
        project_no=project_no,
        project_name=project_name,
        unit_name=unit_name,
        state=AlterationState(row.state),
        before=_before(row),
        after=_after(row),
        causes=tuple(map(Cause, row.causes)),
        reason=row.reason,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by or "",
        remark=row.remark or "",
    )


def _before(row: AlterationRow) -> Arrangement:
    return Arrangement(Span(row.from_starts_at, row.from_ends_at), row.from_venue)


def _after(row: AlterationRow) -> Arrangement:
    return Arrangement(Span(row.starts_at, row.ends_at), row.venue, row.near)
