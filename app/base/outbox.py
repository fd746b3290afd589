"""发件箱的投递 — claiming, doing and finishing the work that commits left behind.

The row is the job. A claim takes a lease and counts itself; the handler's change and the mark
"done" are one transaction, which only the holder of the newest claim can commit. So a process may
be killed at any moment: its lease runs out, another claims, and what it half did was rolled back.
Redis is only told to wake somebody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.base import words
from app.base.site import Site
from app.base.trail import OutboxMessage, TurnRow
from app.base.work import Work, begin, command
from app.kernel.actor import Actor, Permission, Role, Via
from app.kernel.errors import CmeError
from app.kernel.place import Place

LEASE = timedelta(seconds=20)
HEARTBEAT = timedelta(seconds=5)
# A message handed to a worker and not begun by then is handed out again.
WAKE_AGAIN = timedelta(seconds=15)
FAULTS = 8
_SOON = timedelta(seconds=1)
KEPT = timedelta(days=7)
TURNS_KEPT = timedelta(days=60)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """领取 — the right to do one message, while its lease holds."""

    message_id: int
    attempt: int
    faults: int
    topic: str
    body: Mapping[str, Any]
    place: Place


class NotYetError(Exception):
    """What the message asks for must wait until something else is done; it is looked at again."""


class LostClaimError(Exception):
    """Another process claimed the message meanwhile; what this one did is rolled back."""


def deliver(site: Site, message_id: int) -> bool:
    """Do one message now, if nobody else does or did; whether this call finished it.

    A refusal (`CmeError`) ends the message with its sentence; anything else leaves it to be tried
    again after a pause, at most `FAULTS` times, and is raised for the caller's log. A lost
    connection, or another's work that came in between, is no fault of the message: it is tried
    again soon, and that is not counted. A message given up tells the topic `<topic>.given_up`,
    where somebody answers it.
    """
    claim = _claim(site, message_id)
    if claim is None:
        return False
    robot = Actor(f"robot:{claim.topic}", Via.JOB, claim.place, Role.ROBOT)
    try:
        with _kept_alive(site, claim), begin(site, robot) as work:
            site.handlers[claim.topic](work, claim.body)
            _finish(work.session, claim, work.now, error=None)
    except LostClaimError:
        log.warning("outbox.lost_claim", message=message_id)
        return False
    except CmeError as refusal:
        with Session(site.engine) as session, session.begin():
            _finish(session, claim, site.clock(), error=words.of_error(refusal))
        log.info("outbox.refused", message=message_id, topic=claim.topic, code=refusal.code)
    except NotYetError:
        _put_back(site, claim, None)
        return False
    except Exception as fault:
        _put_back(site, claim, fault)
        raise
    return True


def due(session: Session, now: datetime, limit: int) -> list[int]:
    """Messages to hand to workers now; marked so that they are not handed out twice at once."""
    waiting = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.done_at.is_(None),
            OutboxMessage.due_at <= now,
            (OutboxMessage.lease_until.is_(None)) | (OutboxMessage.lease_until < now),
        )
        .order_by(OutboxMessage.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return sorted(
        session.scalars(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(waiting.scalar_subquery()))
            .values(due_at=now + WAKE_AGAIN)
            .returning(OutboxMessage.id)
        )
    )


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


def _claim(site: Site, message_id: int) -> Claim | None:
    now = site.clock()
    with Session(site.engine) as session, session.begin():
        row = session.execute(
            update(OutboxMessage)
            .where(
                OutboxMessage.id == message_id,
                OutboxMessage.done_at.is_(None),
                (OutboxMessage.lease_until.is_(None)) | (OutboxMessage.lease_until < now),
            )
            .values(lease_until=now + LEASE, attempts=OutboxMessage.attempts + 1)
            .returning(OutboxMessage)
        ).scalar_one_or_none()
        if row is None:
            return None
        return Claim(message_id, row.attempts, row.faults, row.topic, row.body, Place(row.path))


@contextmanager
def _kept_alive(site: Site, claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread of its own while the work goes on."""
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(HEARTBEAT.total_seconds()):
            try:
                _renew(site, claim)
            except SQLAlchemyError as fault:  # the next one may be heard, before the lease is out
                log.warning(
                    "outbox.not_renewed", message=claim.message_id, fault=type(fault).__name__
                )

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _renew(site: Site, claim: Claim) -> None:
    mine = OutboxMessage.id == claim.message_id, OutboxMessage.attempts == claim.attempt
    with Session(site.engine) as session, session.begin():
        session.execute(update(OutboxMessage).where(*mine).values(lease_until=site.clock() + LEASE))


def _finish(session: Session, claim: Claim, now: datetime, *, error: str | None) -> None:
    done = session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == claim.message_id,
            OutboxMessage.attempts == claim.attempt,
            OutboxMessage.done_at.is_(None),
        )
        .values(done_at=now, error=error, lease_until=None)
        .returning(OutboxMessage.id)
    ).one_or_none()
    if done is None:
        raise LostClaimError


def _put_back(site: Site, claim: Claim, fault: Exception | None) -> None:
    """Let the message be tried again; nothing of what was tried stands."""
    now = site.clock()
    passing = fault is None or _passes(fault)
    faults = claim.faults if passing else claim.faults + 1
    given_up = faults >= FAULTS
    pause = _SOON if passing else timedelta(seconds=min(2**faults, 300))
    with Session(site.engine) as session, session.begin():
        mine = session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == claim.message_id, OutboxMessage.attempts == claim.attempt)
            .values(
                faults=faults,
                lease_until=None,
                due_at=now + pause,
                error=f"{type(fault).__name__}: {fault}"[:500] if fault else None,
                done_at=now if given_up else None,
            )
            .returning(OutboxMessage.id)
        ).one_or_none()
        hearer = f"{claim.topic}.given_up"
        if mine and given_up and hearer in site.handlers:
            told = {"at": now, "topic": hearer, "body": claim.body, "path": claim.place.path}
            session.add(OutboxMessage(**told, due_at=now, attempts=0, faults=0))


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
