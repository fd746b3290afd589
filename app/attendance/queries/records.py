"""Questions about records: the swipes of a batch with their states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, select

from app.attendance.tables import DeviceRow, QuarantineRow, SwipeRow
from app.attendance.terms import DeviceId, Hold, Record, SwipeId, SwipeState
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.people import queries as people
from app.projects import queries as projects


@query(Permission.SWIPES_READ, reaches=True)
def records_of(
    work: Work, project_no: str, batch_no: int, state: SwipeState | None = None
) -> tuple[Record, ...]:
    """考勤记录 — those of a batch within sight, in order of time; of one state where one is given.

    Reaches, once the batch is found, for the names of those who swiped, from whatever unit.
    """
    batch = projects.batch_of(work, project_no, batch_no)
    asked = _select().where(SwipeRow.batch_id == batch.id)
    if state is not None:
        asked = asked.where(SwipeRow.state == state)
    with work.reaching():
        return _records(work, work.session.execute(asked.order_by(*_ORDER)).all())


@query(Permission.SWIPES_READ, reaches=True)
def unassigned(work: Work, sn: str, state: SwipeState | None = None) -> tuple[Record, ...]:
    """无主记录 — those of a terminal within sight that belong to no batch, in order of time."""
    asked = (
        _select()
        .join(DeviceRow, DeviceRow.id == SwipeRow.device_id)
        .where(DeviceRow.sn == sn, SwipeRow.batch_id.is_(None))
    )
    if state is not None:
        asked = asked.where(SwipeRow.state == state)
    rows = work.session.execute(asked.order_by(*_ORDER)).all()
    with work.reaching():
        return _records(work, rows)


def record_of(work: Work, swipe: SwipeId) -> Record:
    """One record that is known to be there; the caller reaches, for the name."""
    asked = _select().where(
        SwipeRow.device_id == swipe.device_id,
        SwipeRow.epoch == swipe.epoch,
        SwipeRow.seq == swipe.seq,
    )
    return _records(work, [work.session.execute(asked).one()])[0]


_ORDER = (SwipeRow.at, SwipeRow.device_id, SwipeRow.epoch, SwipeRow.seq)


def _select() -> Select[*tuple[Any, ...]]:
    return select(
        SwipeRow.device_id,
        SwipeRow.epoch,
        SwipeRow.seq,
        SwipeRow.state,
        SwipeRow.hold,
        SwipeRow.at_dev,
        SwipeRow.at,
        SwipeRow.person_id,
        QuarantineRow.corrected_at,
        QuarantineRow.card_no,
        QuarantineRow.resolution,
        QuarantineRow.resolved_by,
        QuarantineRow.resolved_reason,
    ).outerjoin(
        QuarantineRow,
        and_(
            QuarantineRow.device_id == SwipeRow.device_id,
            QuarantineRow.epoch == SwipeRow.epoch,
            QuarantineRow.seq == SwipeRow.seq,
        ),
    )


def _records(work: Work, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Record, ...]:
    named = people.people_of(work, {row.person_id for row in rows if row.person_id})
    return tuple(
        Record(
            id=SwipeId(DeviceId(row.device_id), row.epoch, row.seq),
            state=SwipeState(row.state),
            reason=None if row.hold is None else Hold(row.hold),
            at_dev=row.at_dev,
            at=row.at,
            corrected_at=row.corrected_at,
            person_no=person.no if (person := named.get(row.person_id)) else None,
            name=person.name if person else None,
            card_no=row.card_no,
            resolution=row.resolution,
            resolved_by=row.resolved_by,
            resolved_reason=row.resolved_reason,
        )
        for row in rows
    )
