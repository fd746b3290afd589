"""Questions about cards that are asked for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, select, text

from app.base.acts import Act, acts, acts_on
from app.base.trail import AuditEntry
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.span import local_date
from app.making.tables import CardBatchRow, CardOrderRow
from app.making.terms import CardBatch, CardOrder, Kind, MakingId, State
from app.people.terms import PersonId, PersonNo

_MOST = 200
_MOST_OWN = 20
_LATELY = timedelta(days=30)

# The names of units above one's own place are no secret, but out of sight: a batch is one's own
# unit's, so that its name is within.
_BATCHES = """
select b.id, coalesce(u.name, '') as unit_name, b.kind, b.state, b.opened_at, b.opened_by, b.due_on,
  count(o.person_id) as asked, count(o.handed_at) as handed
from card_batch b left join unit u on u.id = b.unit_id
left join card_order o on o.card_batch_id = b.id
"""
_GROUPED = " group by b.id, u.name order by (b.state = 'done'), b.due_on nulls last, b.id desc"
_ALL = text(f"{_BATCHES} {_GROUPED} limit {_MOST}")
_LATE = text(f"{_BATCHES} where b.state <> 'done' and b.due_on < :today {_GROUPED}")
_ONE = text(f"{_BATCHES} where b.id = :id {_GROUPED}")

_ORDERS = text("""
select o.person_id, p.person_no, p.name, coalesce(d.name, '') as department, o.old_no,
  coalesce(o.new_no, '') as new_no, o.handed_at, coalesce(o.received_by, '') as received_by
from card_order o join person p on p.id = o.person_id left join unit d on d.id = p.department_id
where o.card_batch_id = :id order by p.name_key, p.id
""")


@query(Permission.CARDS_CHANGE)
def batches(work: Work) -> tuple[CardBatch, ...]:
    """制卡批次 — those within sight, what is not done and due first, the newest of them first."""
    return tuple(map(_batch, work.session.execute(_ALL)))


@query(Permission.CARDS_CHANGE)
def late(work: Work) -> tuple[CardBatch, ...]:
    """过期的批次 — those within sight that should have been handed out by now, the first first."""
    return tuple(map(_batch, work.session.execute(_LATE, {"today": local_date(work.now)})))


@query(Permission.CARDS_CHANGE)
def batch_of(work: Work, batch_id: int) -> tuple[CardBatch, tuple[CardOrder, ...]]:
    """制卡批次 — one within sight, with its people by name. NotFoundError for any other."""
    row = work.session.execute(_ONE, {"id": batch_id}).one_or_none()
    if row is None:
        raise NotFoundError("making.batch.unknown", batch=batch_id)
    orders = work.session.execute(_ORDERS, {"id": batch_id})
    return _batch(row), tuple(map(_order, orders))


@query(Permission.CARDS_CHANGE)
def trail_of(work: Work, batch_id: int) -> tuple[Act, ...]:
    """日志 — what was done to a batch within sight and to its people's places, the latest first."""
    batch_of(work, batch_id)
    own = {CardBatchRow.__tablename__: [str(batch_id)]}
    return acts_on(work, own, within=f"{CardOrderRow.__tablename__}:{batch_id},")


@query(Permission.CARDS_CHANGE)
def own_materials(work: Work) -> tuple[tuple[CardBatch, Act], ...]:
    """我取的资料 — what the actor took within a month, of batches within sight, newest first."""
    found = {str(one.id): one for one in batches(work)}
    taken = and_(
        AuditEntry.table_name == CardBatchRow.__tablename__,
        AuditEntry.row_id.in_(found),
        AuditEntry.action == "making.take_material",
        AuditEntry.actor == work.actor.name,
        AuditEntry.at > work.now - _LATELY,
    )
    return tuple((found[act.row], act) for act in acts(work, taken, _MOST_OWN))


def locked(work: Work, batch_id: int) -> CardBatchRow:
    """A batch within sight, locked. NotFoundError for any other."""
    asked = select(CardBatchRow).where(CardBatchRow.id == batch_id).with_for_update()
    row = work.session.scalar(asked)
    if row is None:
        raise NotFoundError("making.batch.unknown", batch=batch_id)
    return row


def waiting_among(work: Work, person_ids: Collection[int]) -> frozenset[int]:
    """Which of these people wait for a card already."""
    asked = select(CardOrderRow.person_id).where(
        CardOrderRow.handed_at.is_(None), CardOrderRow.person_id.in_(person_ids)
    )
    return frozenset(work.session.scalars(asked))


def _batch(row: Row[*tuple[Any, ...]]) -> CardBatch:
    return CardBatch(
        id=MakingId(row.id),
        unit_name=row.unit_name,
        kind=Kind(row.kind),
        state=State(row.state),
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        due_on=row.due_on,
        asked=row.asked,
        handed=row.handed,
    )


def _order(row: Row[*tuple[Any, ...]]) -> CardOrder:
    return CardOrder(
        person_id=PersonId(row.person_id),
        person_no=PersonNo(row.person_no),
        name=row.name,
        where=row.department,
        old_no=row.old_no,
        new_no=row.new_no,
        handed_at=row.handed_at,
        received_by=row.received_by,
    )
