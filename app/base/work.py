"""The unit of work: one transaction, one actor, one instant, one trail."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from sqlalchemy import event, insert, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import ORMExecuteState, Session

from app.base.database import Audited, Base
from app.base.site import Site
from app.base.trail import AuditEntry, OutboxMessage
from app.kernel.actor import Actor, Permission
from app.kernel.errors import ForbiddenError
from app.kernel.place import Place

P = ParamSpec("P")
R = TypeVar("R")

_NO_ACTION = ""
_SCOPE = text("select set_config('app.lo', :lo, true), set_config('app.hi', :hi, true)")
_NEXT_IDS = text("select nextval(pg_get_serial_sequence(:t, 'id')) from generate_series(1, :n)")
_ACTION = text("select set_config('app.action', :action, true)")


@dataclass(frozen=True, slots=True)
class Door:
    """What the house knows of a command or query: its permission, and whether it may reach out."""

    permission: Permission
    reaches: bool
    writes: bool


DOORS: dict[str, Door] = {}


@dataclass(slots=True)
class Work:
    """All that a command may touch of the outside world."""

    site: Site
    session: Session
    actor: Actor
    now: datetime
    action: str = _NO_ACTION
    door: Door | None = None
    # The number of the outbox message that this work does; None where it does none.
    message_id: int | None = None
    messages: list[OutboxMessage] = field(default_factory=list)

    def tell(self, topic: str, *, place: Place | None = None, **body: Any) -> None:
        """Leave work to be done, by a robot at that place, after this one is committed."""
        message = OutboxMessage(
            at=self.now, topic=topic, body=body, path=(place or self.actor.place).path,
            due_at=self.now, attempts=0, faults=0,
        )  # fmt: skip
        self.session.add(message)
        self.messages.append(message)

    def fresh_ids(self, table: type[Base], count: int) -> list[int]:
        """So many new ids of a table, taken before the rows are made so the trail can name them."""
        asked = {"t": table.__tablename__, "n": count}
        return list(self.session.scalars(_NEXT_IDS, asked))

    def note(self, table: str, row_id: object, place: Place, **facts: Any) -> None:
        """Write one trail row for an act on a whole set of rows, which has no row of its own."""
        self.session.execute(insert(AuditEntry), [self._entry(table, row_id, place.path, facts)])

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Lift row security for a few statements of a command or query declared to reach.

        Whoever reaches has first found, within the actor's own scope, the thing that gives the
        right to; the trail names every action that may reach. However the block ends, the work is
        within its scope again, or in a failed transaction in which nothing can be asked any more.
        """
        if self.door is None or not self.door.reaches:
            raise AssertionError(f"{self.action or 'this work'} is not declared to reach")
        self.session.flush()
        _set_scope(self.session, Place.root())
        try:
            yield
            self.session.flush()
        except BaseException:
            with suppress(SQLAlchemyError):
                _set_scope(self.session, self.actor.place)
            raise
        _set_scope(self.session, self.actor.place)

    @contextmanager
    def wholly(self) -> Iterator[None]:
        """All of the block is done or, where it raises, nothing of it; the work goes on."""
        with self.session.begin_nested():
            yield

    def _entry(
        self, table: str, row_id: object, path: str, change: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "at": self.now, "actor": self.actor.name, "role": self.actor.role,
            "via": self.actor.via, "action": self.action, "table_name": table,
            "row_id": str(row_id), "path": path, "change": change,
        }  # fmt: skip


@contextmanager
def begin(site: Site, actor: Actor) -> Iterator[Work]:
    """Open a unit of work; it commits when the block ends, or leaves no trace."""
    with _Session(site.engine, expire_on_commit=False) as session, session.begin():
        _set_scope(session, actor.place)
        work = session.info[Work] = Work(site, session, actor, site.clock())
        yield work
        if work.messages:
            session.flush()
            session.execute(text("select pg_notify('kejiao_outbox', '')"))


def driver_connection(work: Work) -> psycopg.Connection:
    """The driver's own connection of this work's transaction, for COPY and streams of rows."""
    connection = work.session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError(connection)
    return connection


def command(
    permission: Permission, *, reaches: bool = False
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    """Mark a change someone may ask for, and refuse it to whom lacks the permission."""
    return _mark(Door(permission, reaches, writes=True))


def query(
    permission: Permission, *, reaches: bool = False
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    """Mark a question someone may ask, and refuse it to whom lacks the permission."""
    return _mark(Door(permission, reaches, writes=False))


F = TypeVar("F", bound=Callable[..., Any])


def passes(*doors: str) -> Callable[[F], F]:
    """Name the commands and queries through which a URL, key, job or verb passes.

    The house tests refuse one that names none, or one that names a door that does not exist.
    """

    def mark(function: F) -> F:
        function.__doors__ = doors  # type: ignore[attr-defined]
        return function

    return mark


def _mark(
    door: Door,
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    def wrap(function: Callable[Concatenate[Work, P], R]) -> Callable[Concatenate[Work, P], R]:
        name = f"{function.__module__.split('.')[1]}.{function.__name__}"
        DOORS[name] = door

        @functools.wraps(function)
        def run(work: Work, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if door.permission not in work.actor.permissions:
                raise ForbiddenError("base.work.forbidden", permission=door.permission, action=name)
            outer = work.action, work.door
            work.action, work.door = name if door.writes else work.action, door
            try:
                if door.writes:
                    work.session.execute(_ACTION, {"action": name})
                result = function(work, *args, **kwargs)
                if door.writes:
                    work.session.flush()
                return result
            finally:
                work.action, work.door = outer

        return run

    return wrap


def _set_scope(session: Session, place: Place) -> None:
    low, high = place.bounds
    session.execute(_SCOPE, {"lo": low, "hi": high})


class _Session(Session):
    """A session that writes the trail of its work; it listens as a class, as each lives briefly."""


@event.listens_for(_Session, "before_flush")
def _write_trail(session: Session, *_: object) -> None:
    work: Work = session.info[Work]
    entries = [
        *_entries(work, "add", session.new),
        *_entries(work, "edit", session.dirty),
        *_entries(work, "remove", session.deleted),
    ]
    if entries:
        session.execute(insert(AuditEntry), entries)


def _entries(work: Work, kind: str, rows: Iterable[object]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if not isinstance(row, Audited):
            continue
        state = inspect(row)
        names = state.mapper.column_attrs.keys()
        change: dict[str, Any]
        if kind == "edit":
            change = {
                name: [_plain(past.deleted[0]) if past.deleted else None, _plain(past.added[0])]
                for name in names
                if (past := state.attrs[name].history).added
            }
            if not change:
                continue
        else:
            change = {name: _plain(state.dict.get(name)) for name in names}
        table = state.mapper.local_table.name
        if work.action == _NO_ACTION:
            raise AssertionError(f"{table} changed outside a command")
        key = ",".join(str(state.dict.get(c.key)) for c in state.mapper.primary_key)
        yield work._entry(table, key, state.dict.get("path", ""), {"kind": kind, **change})


@event.listens_for(_Session, "do_orm_execute")
def _refuse_bulk_change(state: ORMExecuteState) -> None:
    changed = state.bind_mapper if state.is_update or state.is_delete else None
    if changed is not None and issubclass(changed.class_, Audited):
        raise AssertionError("a bulk change of an audited table would leave no trail")


def _plain(value: object) -> object:
    """What the trail may keep of a value: sealed bytes and hashes are named, never copied."""
    if value is None or isinstance(value, bool | int | str | dict | list):
        return value
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)
