"""Every table stands under the protection its class asks for."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, Table, text

from app.base.database import Base, Placed
from app.base.security import BETWEEN, FILTER, POLICY, protections
from app.base.site import APP_ROLE

PLACED = sorted(name for name, asked in protections().items() if asked["placed"])


def ask(owner: Engine, sql: str, **facts: object) -> list[tuple[object, ...]]:
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql), facts)]


@pytest.mark.parametrize("table", PLACED)
def test_a_placed_table_has_row_security_enabled_and_forced(owner: Engine, table: str) -> None:
    [flags] = ask(
        owner,
        "select relrowsecurity, relforcerowsecurity from pg_class"
        " where relname = :t and relkind = 'r'",
        t=table,
    )

    assert flags == (True, True)


@pytest.mark.parametrize("table", PLACED)
def test_a_placed_table_has_the_one_policy(owner: Engine, table: str) -> None:
    policies = ask(
        owner,
        "select policyname, cmd, qual, with_check from pg_policies where tablename = :t",
        t=table,
    )

    asked = protections()[table]
    one = FILTER if asked["filtered"] else BETWEEN if asked["between"] else POLICY
    assert policies == [("place", "ALL", one, one)]


@pytest.mark.parametrize("mapper", sorted(Base.registry.mappers, key=lambda m: m.class_.__name__))
def test_a_placed_table_that_is_listed_by_path_has_an_index_on_it(mapper: object) -> None:
    kind, table = mapper.class_, mapper.local_table  # type: ignore[attr-defined]
    if not issubclass(kind, Placed) or not kind.__path_index__ or not kind.__row_security__:
        return
    assert isinstance(table, Table)
    leading = {next(iter(index.columns)).name for index in table.indexes}

    assert "path" in leading


def test_the_role_of_the_app_owns_nothing_and_cannot_pass_row_security(owner: Engine) -> None:
    owned = ask(
        owner,
        "select relname from pg_class"
        " where relowner = (select oid from pg_roles where rolname = :r)"
        " and relpersistence <> 't'",
        r=APP_ROLE,
    )
    [rights] = ask(
        owner, "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = :r",
        r=APP_ROLE,
    )  # fmt: skip

    assert owned == []
    assert rights == (False, False, False)


@pytest.mark.parametrize(
    "table", sorted(name for name, asked in protections().items() if asked["append_only"])
)
def test_what_is_append_only_can_be_neither_changed_nor_removed(owner: Engine, table: str) -> None:
    rights = ask(
        owner,
        "select has_table_privilege(:r, :t, 'update'), has_table_privilege(:r, :t, 'delete'),"
        " has_table_privilege(:r, :t, 'truncate')",
        r=APP_ROLE, t=table,
    )  # fmt: skip

    assert rights == [(False, False, False)]


@pytest.mark.parametrize(
    "table", sorted(name for name, asked in protections().items() if asked["audited"])
)
def test_an_audited_table_refuses_changes_outside_a_command(owner: Engine, table: str) -> None:
    triggers = ask(
        owner,
        "select tgname from pg_trigger where tgrelid = to_regclass(:t) and tgenabled = 'O'"
        " and not tgisinternal",
        t=table,
    )

    assert ("demand_action",) in triggers
