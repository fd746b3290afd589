"""Row security (行级安全) and the rights of the app's role, as DDL for migrations and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, func, literal, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text

from app.base.database import AppendOnly, Audited, Base, Between, Personal, Placed
from app.base.site import APP_ROLE
from app.base.work import Work
from app.kernel.place import Place

POLICY = "((path >= current_setting('app.lo'::text)) AND (path < current_setting('app.hi'::text)))"

# What stands at two places is seen from both.
BETWEEN = f"({POLICY} OR {POLICY.replace('path', 'other_path')})"

# The same, where no index on the path answers it and it is asked of every row: whoever reaches, or
# stands at the root, is found out once a statement, which makes a million rows a third cheaper.
FILTER = (
    "(( SELECT ((current_setting('app.lo'::text) = ''::text)"
    f" AND (current_setting('app.hi'::text) = '~'::text))) OR {POLICY})"
)

# Any number may move people at once.
_MOVING = text("select pg_advisory_xact_lock_shared(hashtextextended('paths', 0))")
_STILL = text("select pg_advisory_xact_lock(hashtextextended('paths', 0))")

DEMAND_ACTION = """
create or replace function demand_action() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('app.action', true), '') = '' then
    raise exception '% changed outside a command', tg_table_name using errcode = '42501';
  end if;
  return null;
end $$
"""


def secure(
    table: str,
    *,
    placed: bool = False,
    filtered: bool = False,
    between: bool = False,
    changing: Sequence[str] = (),
    audited: bool = False,
    append_only: bool = False,
) -> list[str]:
    """The statements that put a new table under the house's protection.

    Rights of the app's role (an append-only row may still follow its person to another path; of a
    table with columns named as `changing` nothing else changes, and nothing is removed); row
    security, enabled and forced, where the table is placed, as a filter where it has no index on
    the path, from either end where a row stands between two places; a trigger that refuses a
    change outside a command where it is audited.
    """
    rights = "select, insert" if append_only or changing else "select, insert, update, delete"
    lines = [f"grant {rights} on {table} to {APP_ROLE}"]
    if changing:
        lines.append(f"grant update ({', '.join(changing)}) on {table} to {APP_ROLE}")
    if append_only and placed:
        lines.append(f"grant update (path) on {table} to {APP_ROLE}")
    if placed:
        policy = FILTER if filtered else BETWEEN if between else POLICY
        lines += [
            f"alter table {table} enable row level security",
            f"alter table {table} force row level security",
            f"create policy place on {table} using {policy} with check {policy}",
        ]
    if audited:
        lines.append(
            f"create trigger demand_action before insert or update or delete on {table}"
            " for each statement execute function demand_action()"
        )
    return lines


def protections() -> dict[str, dict[str, bool]]:
    """For each table, the arguments of `secure` that its class asks for."""
    return {
        mapper.local_table.name: _protection(mapper.class_)  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
    }


def _protection(kind: type[Any]) -> dict[str, bool]:
    placed = issubclass(kind, Placed) and kind.__row_security__
    return {
        "placed": placed,
        "filtered": placed and not kind.__path_index__,
        "between": placed and issubclass(kind, Between),
        "audited": issubclass(kind, Audited),
        "append_only": issubclass(kind, AppendOnly),
    }


def hold_still(work: Work) -> None:
    """Nobody's rows move until this work ends; those who just move them are waited for.

    For whoever writes rows about many people without locking each: what is read of their paths from
    here on is where they stand, and who moves meanwhile takes the new rows along. To be called
    before the first such row is written: who moves waits for it, and may wait for nothing else.
    """
    work.session.execute(_STILL)


def repath(work: Work, places: Mapping[int, Place]) -> None:
    """Move every row about these people to their new paths, in every table that has such rows.

    Whoever holds all paths still is waited for, so that its rows are moved as well.
    """
    if not places:
        return
    work.session.execute(_MOVING)
    # Two arrays, however many people move: a list of values has a limit, and takes long to write.
    moves = (
        func.unnest(
            literal(list(places), ARRAY(BigInteger)),
            literal([place.path for place in places.values()], ARRAY(Text)),
        )
        .table_valued("person_id", "path", name="moves")
        .render_derived()
    )
    for table in personal_tables():
        work.session.execute(
            update(table).where(table.c.person_id == moves.c.person_id).values(path=moves.c.path)
        )


def personal_tables() -> list[Table]:
    """The tables whose rows follow a person, in order of name."""
    found = {
        str(mapper.local_table.name): mapper.local_table  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Personal)
    }
    return [table for _, table in sorted(found.items()) if isinstance(table, Table)]
