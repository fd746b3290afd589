"""制卡's part of commands above."""

from __future__ import annotations

from sqlalchemy import select

from app.base.work import Work
from app.making.tables import CardBatchRow, CardOrderRow
from app.making.terms import State


def drop_waiting(work: Work, person_id: int) -> None:
    """Who leaves their unit waits for no card of it any more; a batch is done with its last card.

    For a command that reaches.
    """
    waiting = select(CardOrderRow).where(
        CardOrderRow.person_id == person_id, CardOrderRow.handed_at.is_(None)
    )
    row = work.session.scalar(waiting.with_for_update())
    if row is not None:
        work.session.delete(row)
        work.session.flush()
        close_finished(work, work.session.get_one(CardBatchRow, row.card_batch_id))


def close_finished(work: Work, batch: CardBatchRow) -> None:
    """A batch is done when nobody of it waits any more."""
    left = select(CardOrderRow.person_id).where(
        CardOrderRow.card_batch_id == batch.id, CardOrderRow.handed_at.is_(None)
    )
    if batch.state != State.DRAFT and work.session.scalar(left.limit(1)) is None:
        batch.state = State.DONE
