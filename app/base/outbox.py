"""发件箱的投递 — doing and finishing the work that commits left behind.

The row is the job. Who does it holds the row's lock, in the transaction that holds the handler's
change and the mark "done" as well. So a process may be killed at any moment: PostgreSQL sees its
connection end, undoes what it half did, lets go of the row, and the next one takes it. Nothing but
the rows says what is to be done: whoever is woken does what has waited longest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.base import words
from app.base.site import Site
from app.base.trail import OutboxMessage, TurnRow
from app.base.work import Work, begin, command, query
from app.kernel.actor import Actor, Permission, Role, Via
from app.kernel.errors import CmeError, NotFoundError
from app.kernel.place import Place

FAULTS = 8
_SOON = timedelta(seconds=1)
KEPT = timedelta(days=7)
TURNS_KEPT = timedelta(days=60)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A message of which an attempt was counted."""

    id: int
    topic: str
    body: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class GivenUp:
    """没办成的 — a message that was tried too often, and the fault of the last time."""

    id: int
    topic: str
    told_at: datetime
    error: str


class NotYetError(Exception):
    """What the message asks for must wait until something else is done; it is looked at again.

    Soon, or after the pause that is known to be needed.
    """

    def __init__(self, pause: timedelta = _SOON) -> None:
        super().__init__(str(pause))
        self.pause = max(pause, _SOON)


def deliver(site: Site, message_id: int) -> bool:
    """Do one message now, if nobody else does or did; whether this call finished it.

    A refusal (`CmeError`) ends the message with its sentence; anything else leaves it to be tried
    again after a pause, at most `FAULTS` times, and is raised for the caller's log. A lost
    connection, or another's work that came in between, is no fault of the message: it is raised
    too, but the message stays as it is. One given up tells the topic `<topic>.given_up`, where
    somebody answers it.
    """
    begun = _begun(site, OutboxMessage.id == message_id)
    return begun is not None and _do(site, begun)


def deliver_next(site: Site) -> bool:
    """Do the message that is due and has waited longest, as `deliver` does; False if none is."""
    begun = _begun(site, OutboxMessage.due_at <= site.clock())
    if begun is not None:
        _do(site, begun)
    return begun is not None


def leave(site: Site, topic: str, place: Place, **body: Any) -> None:
    """Leave work to be done that follows from no unit of work: from what others told us."""
    now = site.clock()
    with Session(site.engine) as session, session.begin():
        session.add(
            OutboxMessage(
                at=now, topic=topic, body=body, path=place.path, due_at=now, attempts=0, faults=0
            )
        )
        session.execute(text("select pg_notify('kejiao_outbox', '')"))


def due(session: Session, now: datetime, limit: int) -> list[int]:
    """The messages that wait for somebody to do them, longest first, at most so many."""
    return list(session.scalars(_first(OutboxMessage.due_at <= now, limit)))


def take_turn(work: Work, topic: str, turn: datetime) -> bool:
    """Tell a topic for one turn of its period; False when that turn was told before."""
    added = work.session.execute(
        insert(TurnRow)
        .values(topic=topic, turn=turn)
        .on_conflict_do_nothing()
        .returning(TurnRow.turn)
    ).one_or_none()
    if added is not None:
        work.tell(topic)
    return added is not None


@query(Permission.SYSTEM_OPERATE)
def given_up(work: Work) -> tuple[GivenUp, ...]:
    """没办成的 — the messages that were tried too often, the oldest first."""
    return tuple(map(_given_up, work.session.scalars(_GIVEN_UP.where(_within(work)))))


@command(Permission.SYSTEM_OPERATE)
def retry(work: Work, message_ids: Collection[int] = ()) -> tuple[GivenUp, ...]:
    """重办 — let messages that were given up be tried anew; those, or without ids all of them.

    NotFoundError for an id that names none.
    """
    asked = _GIVEN_UP.where(_within(work)).with_for_update()
    if message_ids:
        asked = asked.where(OutboxMessage.id.in_(message_ids))
    rows = work.session.scalars(asked).all()
    for missing in set(message_ids) - {row.id for row in rows}:
        raise NotFoundError("base.outbox.not_given_up", id=missing)
    again = tuple(map(_given_up, rows))
    for row in rows:
        row.done_at, row.faults, row.due_at = None, 0, work.now
        work.note("outbox_message", row.id, Place(row.path), topic=row.topic, error=row.error)
    return again


@command(Permission.SYSTEM_OPERATE)
def sweep(work: Work) -> int:
    """清理发件箱 — remove what was done a week ago and turns of two months ago; how many rows."""
    done = work.session.execute(
        delete(OutboxMessage)
        .where(OutboxMessage.done_at < work.now - KEPT, OutboxMessage.error.is_(None))
        .returning(OutboxMessage.id)
    ).all()
    turns = work.session.execute(
        delete(TurnRow).where(TurnRow.turn < work.now - TURNS_KEPT).returning(TurnRow.turn)
    ).all()
    return len(done) + len(turns)


_GIVEN_UP = (
    select(OutboxMessage)
    .where(OutboxMessage.done_at.is_not(None), OutboxMessage.faults >= FAULTS)
    .order_by(OutboxMessage.id)
)


def _within(work: Work) -> ColumnElement[bool]:
    """Of messages at or under the actor's place; no row security lies on them."""
    low, high = work.actor.place.bounds
    return and_(OutboxMessage.path >= low, OutboxMessage.path < high)


def _given_up(row: OutboxMessage) -> GivenUp:
    return GivenUp(row.id, row.topic, row.at, row.error or "")


def _first(which: ColumnElement[bool], limit: int) -> Select[int]:
    """Those of them at which nobody is."""
    return (
        select(OutboxMessage.id)
        .where(which, OutboxMessage.done_at.is_(None))
        .order_by(OutboxMessage.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _begun(site: Site, which: ColumnElement[bool]) -> _Begun | None:
    """Count an attempt, and stand back: one that kills its process must not bar all others."""
    first = _first(which, 1).correlate(None).scalar_subquery()
    with Session(site.engine) as session, session.begin():
        row = session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == first)
            .values(attempts=OutboxMessage.attempts + 1, due_at=site.clock() + _SOON)
            .returning(OutboxMessage)
        ).scalar_one_or_none()
        if row is None:
            return None
        return _Begun(row.id, row.topic, row.body, Place(row.path))


def _do(site: Site, begun: _Begun) -> bool:
    fault = None
    with begin(site, Actor(f"robot:{begun.topic}", Via.JOB, begun.place, Role.ROBOT)) as work:
        row = _held(work.session, begun.id)
        if row is None:
            return False
        work.message_id = begun.id
        try:
            with work.session.begin_nested():
                site.handlers[begun.topic](work, begun.body)
            row.done_at, row.error = site.clock(), None
        except CmeError as refusal:
            row.done_at, row.error = site.clock(), words.of_error(refusal)
            log.info("outbox.refused", message=begun.id, topic=begun.topic, code=refusal.code)
        except NotYetError as wait:
            row.due_at = site.clock() + wait.pause
            return False
        except Exception as error:
            if _passes(error):
                raise
            fault = error
            _put_back(work, row, error)
    if fault is not None:
        raise fault
    return True


def _held(session: Session, message_id: int) -> OutboxMessage | None:
    """The row, ours until the transaction ends; None if it is another's, or done."""
    return session.scalar(
        select(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.done_at.is_(None))
        .with_for_update(skip_locked=True)
    )


def _put_back(work: Work, row: OutboxMessage, fault: Exception) -> None:
    """Let the message be tried again, or give it up; nothing of what was tried stands."""
    now = work.site.clock()
    row.faults += 1
    row.due_at = now + timedelta(seconds=min(2**row.faults, 300))
    row.error = f"{type(fault).__name__}: {fault}"[:500]
    if row.faults >= FAULTS:
        row.done_at = now
        hearer = f"{row.topic}.given_up"
        if hearer in work.site.handlers:
            work.tell(hearer, place=Place(row.path), **row.body)


def _passes(fault: Exception) -> bool:
    """Whether the fault is the connection's or of two works that met, not the message's own."""
    cause = fault.orig if isinstance(fault, DBAPIError) else fault
    if isinstance(cause, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
        return True
    # One that the server did not live to say has no number; the others are its shutting down.
    numbers = {None, "57P01", "57P02", "57P03"}
    return isinstance(cause, psycopg.OperationalError) and cause.sqlstate in numbers


def backlog(session: Session, now: datetime) -> tuple[int, float]:
    """How many messages are to be done, and the age in seconds of the oldest."""
    row = session.execute(
        text("select count(*), min(at) from outbox_message where done_at is null")
    ).one()
    return row[0], (now - row[1]).total_seconds() if row[1] else 0.0
