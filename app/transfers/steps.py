"""转单位's part of commands above, and of its own."""

from __future__ import annotations

from sqlalchemy import select

from app.base.work import Work
from app.transfers.tables import TransferRow
from app.transfers.terms import State


def overtake(work: Work, person_id: int, but: int = 0) -> None:
    """What else is open for a person who stands elsewhere by now, or is nobody, is over.

    For a command that reaches.
    """
    others = select(TransferRow).where(
        TransferRow.person_id == person_id, TransferRow.state == State.OPEN, TransferRow.id != but
    )
    for other in work.session.scalars(others.order_by(TransferRow.id).with_for_update()):
        other.state, other.ended_at = State.OVERTAKEN, work.now
