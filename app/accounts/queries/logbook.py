"""操作日志 — what everybody did within one's own place, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from app.accounts.tables import GrantRow, LoginRow
from app.base.acts import Act, act_of
from app.base.trail import AuditEntry
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.people import queries as people
from app.people.terms import Person

A_PAGE = 100
_PERSON = "p"


@dataclass(frozen=True, slots=True)
class Looked:
    """查日志 — from when until when, exclusive; by whom, what about and by which door, or any."""

    since: datetime
    until: datetime
    who: str = ""
    # The first part of an action: the context whose command it is.
    about: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """日志的一条 — an act on so many rows; on one person's, whose."""

    act: Act
    count: int
    person: Person | None


@dataclass(frozen=True, slots=True)
class Logbook:
    """操作日志 — the latest first; `older` is until when to ask for the rest, if there is more."""

    entries: tuple[LogEntry, ...]
    older: datetime | None


@query(Permission.AUDIT_READ)
def logbook(work: Work, looked: Looked, *, most: int = A_PAGE) -> Logbook:
    """操作日志 — of the time and the people asked for, the latest first; alike in one line.

    What one command did to many rows is one entry with their number: a work has one instant.
    Sign-ins of administrators stand nowhere; they are shown to whoever keeps those.
    """
    kind = func.coalesce(AuditEntry.change["kind"].astext, "")
    alike = (
        AuditEntry.at, AuditEntry.actor, AuditEntry.role, AuditEntry.via, AuditEntry.action,
        AuditEntry.table_name, kind,
    )  # fmt: skip
    # What one row became is told; what many became is only counted.
    change = case(
        (func.count() == 1, cast(func.min(cast(AuditEntry.change, Text)), JSONB)),
        else_=func.jsonb_build_object("kind", kind),
    )
    asked = (
        select(
            *alike[:-1], func.count().label("rows"), change.label("change"),
            func.min(AuditEntry.row_id).label("row_id"), func.min(AuditEntry.path).label("path"),
        )
        .where(AuditEntry.at >= looked.since, AuditEntry.at < looked.until, _within(work))
        .group_by(*alike)
        .order_by(AuditEntry.at.desc(), AuditEntry.action, AuditEntry.table_name, kind)
        .limit(most + 1)
    )  # fmt: skip
    if looked.who:
        asked = asked.where(AuditEntry.actor.contains(looked.who, autoescape=True))
    if looked.about:
        asked = asked.where(AuditEntry.action.startswith(f"{looked.about}.", autoescape=True))
    if looked.via:
        asked = asked.where(AuditEntry.via == looked.via)
    rows = work.session.execute(asked).all()
    # What was done in one instant is not torn apart.
    shown = [row for row in rows[:most] if len(rows) <= most or row.at > rows[most].at] or rows
    whose = [_person_id(row.path) if row.rows == 1 else None for row in shown]
    named = people.people_of(work, {one for one in whose if one is not None})
    entries = tuple(
        LogEntry(act_of(row), row.rows, named.get(one) if one is not None else None)
        for row, one in zip(shown, whose, strict=True)
    )
    return Logbook(entries, shown[-1].at if len(rows) > most else None)


def _within(work: Work) -> ColumnElement[bool]:
    """At or under the actor's place; and, of what stands nowhere, what those did who act there."""
    low, high = work.actor.place.bounds
    kept = (
        select(LoginRow.name)
        .join(GrantRow, GrantRow.login_id == LoginRow.id)
        .where(GrantRow.path >= low, GrantRow.path < high, LoginRow.person_id.is_(None))
    )
    here = and_(AuditEntry.path >= low, AuditEntry.path < high)
    return or_(here, and_(AuditEntry.path == "", AuditEntry.actor.in_(kept)))


def _person_id(path: str) -> int | None:
    last = path.rstrip(".").rpartition(".")[2]
    return int(last[1:]) if last.startswith(_PERSON) and last[1:].isdecimal() else None
