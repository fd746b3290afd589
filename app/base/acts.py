"""日志 — what was done to something, as its page tells it: one way for every kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from app.base.trail import AuditEntry
from app.base.work import Work

# Of whatever has a longer trail, the latest.
MOST = 200
# Where a row stands and whose it is says nothing that people ask.
_SILENT = frozenset(
    {"kind", "path", "person_id", "id", "name_key", "uid_index", "phone_index", "mark"}
) | {"id_number_index"}
_KINDS = frozenset(
    {"", "add", "edit", "merge", "remove", "recall", "settle", "stop", "take", "look"}
)


@dataclass(frozen=True, slots=True)
class Edit:
    """改动 — one part of what an act changed, before and after."""

    column: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Act:
    """所为 — who did what to something, and when; `row` is its key."""

    at: datetime
    actor: str
    role: str
    via: str
    action: str
    table: str
    row: str
    kind: str
    edits: tuple[Edit, ...]


def acts(work: Work, about: ColumnElement[bool], most: int = MOST) -> tuple[Act, ...]:
    """所为 — those of the trail about which that is true, the latest first."""
    asked = select(AuditEntry).where(about).order_by(AuditEntry.id.desc()).limit(most)
    return tuple(map(act_of, work.session.scalars(asked)))


def acts_on(
    work: Work, rows: Mapping[str, list[str]], most: int = MOST, *, within: str = ""
) -> tuple[Act, ...]:
    """所为 — what was done to these rows, by table; and to rows whose key begins with `within`.

    At or under the actor's place, whatever the rows are: the trail itself has no row security.
    """
    low, high = work.actor.place.bounds
    named = [
        and_(AuditEntry.table_name == table, AuditEntry.row_id.in_(ids))
        for table, ids in rows.items()
    ]
    if within:
        table, _, key = within.partition(":")
        named.append(and_(AuditEntry.table_name == table, AuditEntry.row_id.startswith(key)))
    here = and_(AuditEntry.path >= low, AuditEntry.path < high)
    return acts(work, and_(here, or_(*named)), most)


def act_of(row: Any) -> Act:
    """What a row of the trail, or one with the same columns, says was done."""
    kind = row.change.get("kind", "")
    if kind not in _KINDS:  # a row with a kind of its own, which stands where that of the act was
        kind = "add"
    edits = tuple(
        Edit(column, *_before_and_after(kind, told))
        for column, told in row.change.items()
        if column not in _SILENT and told not in (None, "")
    )
    return Act(
        row.at, row.actor, row.role, row.via, row.action, row.table_name, row.row_id, kind, edits
    )


def _before_and_after(kind: str, told: Any) -> tuple[Any, Any]:
    if kind == "edit":
        return told[0], told[1]
    return (told, None) if kind == "remove" else (None, told)
