"""日志 — what was done to something, in words: on every page that shows one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.base import words
from app.base.acts import Act, Edit
from app.kernel.actor import Via
from app.speech import saying

_MOMENTS = frozenset(
    {"since", "bound_at", "ended_at", "claimed_at", "effective_at", "handed_at", "done_at",
     "undone_at", "applied_at", "opened_at", "asked_at", "starts_at", "ends_at", "taken_at"}
)  # fmt: skip
# Of these all is told, of others what has a name.
_WHOLE = frozenset({"person", "person_photo", "person_status", "card"})
# The names of commands that nobody signed, and of our own jobs.
_NOBODY, _ROBOTS = "system", "robot:"
_UNITS = frozenset({"department_id", "unit_id", "parent_id"})


@dataclass(frozen=True, slots=True)
class Line:
    """日志的一行 — when, who and from where, what was done to what, and what became of it.

    `to` is empty where people have no word for it.
    """

    at: datetime
    who: str
    via: str
    did: str
    to: str
    change: str


def lines(
    acts: Iterable[Act], names: Mapping[str, str], about: Mapping[str, str] | None = None
) -> list[Line]:
    """The acts as lines; units are named by their ids, and rows by their keys."""
    return [_line(act, names, about or {}) for act in acts]


def _line(act: Act, names: Mapping[str, str], about: Mapping[str, str]) -> Line:
    """What an act changed, in words: each part before and after."""
    sealed = "trail.given" if act.kind == "add" else "trail.changed"
    parts = (_edited(act.table, edit, names, sealed) for edit in act.edits)
    change = said("trail.between").join(filter(None, (about.get(act.row, ""), *parts)))
    named = f"table.{act.table}" in words.book("people")
    to = f"{said(f'kind.{act.kind}')}{said(f'table.{act.table}')}" if named else ""
    return Line(act.at, _who(act), said(f"via.{act.via}"), said(f"action.{act.action}"), to, change)


def _who(act: Act) -> str:
    """Who it was; a job is nobody, as is who signed no command, and an openid is no name."""
    if act.via == Via.JOB or act.actor == _NOBODY:
        return ""
    if act.via == Via.WECHAT and not act.actor.isdecimal():
        return said("who.wechat")
    return act.actor.removeprefix("device:")


def _edited(table: str, edit: Edit, names: Mapping[str, str], sealed: str) -> str:
    book = words.book("people")
    column = book.get(f"column.{table}.{edit.column}") or book.get(f"column.{edit.column}")
    if column is None and table not in _WHOLE:
        return ""
    facts = {"column": column or book["column.other"]}
    before, after = (value(table, edit.column, one, names) for one in (edit.before, edit.after))
    if not before and not after:
        return said(sealed).format_map(facts) if table in _WHOLE else ""
    if not before or not after:
        return said("trail.is").format_map(facts | {"after": after or before})
    return said("trail.became").format_map(facts | {"before": before, "after": after})


def value(table: str, column: str, stored: object, names: Mapping[str, str]) -> str:
    """A stored value as people read it; nothing for what is sealed."""
    text = "" if stored is None else str(len(stored) if isinstance(stored, list) else stored)
    if text.startswith("<"):
        return ""
    if column in _MOMENTS and text:
        return saying.full_moment(datetime.fromisoformat(text))
    if column in _UNITS:
        return names.get(text, "")
    book, states = words.book("people"), words.book("console")
    heads = (f"value.{table}", "value", "status", "level")
    known = (book.get(f"{head}.{text}") for head in heads)
    return next(filter(None, known), "") or states.get(f"state.{text}", text)


def who(name: str) -> str:
    """By whom something was done; where nobody stood behind it, by which door."""
    if name == _NOBODY:
        return said("via.cli")
    return said("via.job") if name.startswith(_ROBOTS) else name


def said(code: str) -> str:
    """A word of the log; for what has none, that it is something else."""
    book = words.book("people")
    return book.get(code) or book[f"{code.split('.', maxsplit=1)[0]}.other"]
