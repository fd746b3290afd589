"""第二道墙 — what the database itself refuses, whatever the code above it may have forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from app.base.database import Base
from app.base.security import protections
from app.base.site import Site, connect
from app.base.work import Door, Work, begin
from app.cards import queries as cards
from app.kernel.actor import Actor, Permission, Role
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.people import queries as people
from tests.house.estate import Estate
from tests.support.cast import COUNTY_HOSPITAL, HE_MIN, HOSPITAL, ZHENG_HAI, Cast

PLACED = sorted(
    name for name, asked in protections().items() if asked["placed"] and not asked["between"]
)
BETWEEN = sorted(name for name, asked in protections().items() if asked["between"])
APPEND_ONLY = sorted(name for name, asked in protections().items() if asked["append_only"])

Count = Callable[..., int]


class _UndoneError(Exception):
    """Ends a work whose outcome nobody wants."""


@contextmanager
def undone(site: Site, actor: Actor) -> Iterator[Work]:
    """A work as if within a command, of which nothing is left."""
    with suppress(_UndoneError), begin(site, actor) as work:
        work.session.execute(text("select set_config('app.action', 'tests', true)"))
        yield work
        raise _UndoneError


def within(place: Place) -> str:
    low, high = place.bounds
    return f"path >= '{low}' and path < '{high}'"


def refusal(work: Work, statement: str, **facts: object) -> str:
    """How the database refuses a statement; nothing where it does not."""
    try:
        with work.session.begin_nested():
            work.session.execute(text(statement), facts)
    except DBAPIError as refused:
        return str(refused.orig)
    return ""


# ------------------------------------------------------------------ row security


@pytest.mark.parametrize("hospital", [HOSPITAL, COUNTY_HOSPITAL])
def test_what_names_no_place_reads_and_changes_only_ones_own(
    estate: Estate, count: Count, hospital: str
) -> None:
    place = estate.cast.unit(hospital).place
    actor = estate.cast.actor(Role.HOSPITAL_ADMIN, hospital)
    own = {table: count(table, within(place)) for table in PLACED}
    everybodys = {table: count(table) for table in PLACED}

    seen, changed, removed = {}, {}, {}
    with undone(estate.site, actor) as work:
        for table in PLACED:
            paths = work.session.scalars(text(f"select path from {table}")).all()
            assert all(path.startswith(place.path) for path in paths)
            seen[table] = work.session.scalar(text(f"select count(*) from {table}"))
            changed[table] = work.session.execute(text(f"update {table} set path = path")).rowcount
    with undone(estate.site, actor) as work:
        # Children before parents; what is append-only refuses this by itself.
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in {*APPEND_ONLY, *BETWEEN}:
                gone = work.session.execute(text(f"delete from {table.name}"))
                removed[table.name] = gone.rowcount

    # A table of which a hospital has nothing, or everything, would prove nothing.
    assert [name for name in PLACED if not 0 < own[name] < everybodys[name]] == []
    assert seen == own
    assert changed == own
    removable = set(PLACED) - set(APPEND_ONLY)
    assert {name: removed[name] for name in removable} == {name: own[name] for name in removable}


def test_nothing_can_be_put_or_moved_elsewhere(estate: Estate) -> None:
    elsewhere = estate.place.path
    said = {}

    with undone(estate.site, estate.cast.county_hospital_admin) as work:
        for table in PLACED:
            row = f"jsonb_populate_record(t, jsonb_build_object('path', '{elsewhere}'))"
            put = f"insert into {table} select ({row}).* from {table} t limit 1"
            said[table, "put"] = refusal(work, put)
            said[table, "moved"] = refusal(work, f"update {table} set path = '{elsewhere}'")

    assert [act for act, refused in said.items() if "row-level security" not in refused] == []


@pytest.mark.parametrize("table", BETWEEN)
def test_what_stands_between_two_is_seen_from_both_and_nobody_moves_it(
    estate: Estate, table: str
) -> None:
    asked = text(f"select count(*) from {table}")
    county, city = estate.cast.county_hospital_admin, estate.cast.city_office
    put = f"insert into {table} select ({{}}).* from {table} t limit 1"

    with undone(estate.site, estate.cast.hospital_admin) as work:
        assert work.session.scalar(asked) == 1
        for end in ("path", "other_path"):
            refused = refusal(work, f"update {table} set {end} = {end}")
            assert "permission denied" in refused
        assert "permission denied" in refusal(work, f"delete from {table}")
        elsewhere = dict.fromkeys(("path", "other_path"), county.place.path)
        row = f"jsonb_populate_record(t, '{json.dumps(elsewhere)}')"
        assert "row-level security" in refusal(work, put.format(row))
    with undone(estate.site, county) as work:
        assert work.session.scalar(asked) == 0
    with undone(estate.site, city) as work:
        assert work.session.scalar(asked) == 1


def test_without_a_scope_nothing_is_seen(unused: Engine, estate: Estate) -> None:
    """On a connection that never had a scope it is an error; on one that had, an empty answer."""
    for table in (*PLACED, *BETWEEN):
        asked = text(f"select count(*) from {table}")
        with Session(unused) as session, pytest.raises(ProgrammingError, match="unrecognized"):
            session.execute(asked)
        with Session(estate.site.engine) as session:
            assert _seen(session, asked) == 0, table


def _seen(session: Session, asked: TextClause) -> int:
    try:
        return int(session.execute(asked).scalar_one())
    except ProgrammingError:
        return 0


@pytest.fixture
def unused(database_url: str) -> Iterator[Engine]:
    """An engine whose connections nobody used before."""
    engine = connect(database_url, pool_size=1)
    yield engine
    engine.dispose()


def test_a_scope_ends_with_its_work(unused: Engine, estate: Estate) -> None:
    with Session(unused) as session, session.begin():
        session.execute(text("set local app.lo = ''"))
        session.execute(text("set local app.hi = '~'"))
        assert session.scalar(text("select count(*) from person")) != 0
    with Session(unused) as session:  # the same connection, from the pool
        assert session.scalar(text("select count(*) from person")) == 0


# ------------------------------------------------------------------ reaching


@contextmanager
def at_a_door(site: Site, actor: Actor, *, reaches: bool) -> Iterator[Work]:
    with begin(site, actor) as work:
        work.door = Door(Permission.PEOPLE_READ, reaches, writes=False)
        yield work


def test_who_did_not_say_that_it_reaches_cannot(site: Site, cast: Cast) -> None:
    with (
        at_a_door(site, cast.hospital_admin, reaches=False) as work,
        pytest.raises(AssertionError, match="not declared to reach"),
        work.reaching(),
    ):
        pass
    with (
        begin(site, cast.hospital_admin) as work,
        pytest.raises(AssertionError, match="not declared to reach"),
        work.reaching(),
    ):
        pass


def test_after_reaching_the_scope_is_narrow_again(site: Site, cast: Cast) -> None:
    with at_a_door(site, cast.hospital_admin, reaches=True) as work:
        with work.reaching():
            assert people.people_by_no(work, [ZHENG_HAI])

        assert not people.people_by_no(work, [ZHENG_HAI])
        assert people.people_by_no(work, [HE_MIN])


def test_a_refusal_while_reaching_leaves_the_scope_narrow(site: Site, cast: Cast) -> None:
    with at_a_door(site, cast.hospital_admin, reaches=True) as work:
        with pytest.raises(NotFoundError), work.reaching():
            people.within_sight(work, "999999999")

        assert not people.people_by_no(work, [ZHENG_HAI])
        assert people.people_by_no(work, [HE_MIN])


def test_a_fault_of_the_database_while_reaching_leaves_nothing_to_ask(
    site: Site, cast: Cast
) -> None:
    with at_a_door(site, cast.hospital_admin, reaches=True) as work:
        with pytest.raises(DBAPIError, match="division by zero"), work.reaching():
            work.session.execute(text("select 1 / 0"))

        with pytest.raises(DBAPIError, match="current transaction is aborted"):
            people.people_by_no(work, [ZHENG_HAI])
        work.session.rollback()


def test_a_fault_that_was_rolled_back_while_reaching_leaves_the_scope_narrow(
    site: Site, cast: Cast
) -> None:
    with at_a_door(site, cast.hospital_admin, reaches=True) as work:
        with pytest.raises(DBAPIError), work.session.begin_nested(), work.reaching():
            work.session.execute(text("select 1 / 0"))

        assert not people.people_by_no(work, [ZHENG_HAI])
        assert people.people_by_no(work, [HE_MIN])


# ------------------------------------------------------------------ append-only


def test_what_is_append_only_is_refused_every_change(estate: Estate, count: Count) -> None:
    before = {table: count(table) for table in APPEND_ONLY}
    said = {}

    with undone(estate.site, estate.cast.operator) as work:
        for table in APPEND_ONLY:
            # A row follows its person to another place, and changes in nothing else.
            names = {column.name for column in Base.metadata.tables[table].columns} - {"path"}
            acts = [f"update {table} set {name} = {name}" for name in sorted(names)]
            acts += [f"delete from {table}", f"truncate {table}"]
            acts += [f"alter table {table} disable row level security", f"drop table {table}"]
            said |= {act: refusal(work, act) for act in acts}

    assert 0 not in before.values()
    assert [act for act, refused in said.items() if not _denied(refused)] == []
    assert {table: count(table) for table in APPEND_ONLY} == before


def _denied(refused: str) -> bool:
    return "permission denied" in refused or "must be owner" in refused


def test_the_app_cannot_become_another_role(site: Site, owner_url: str) -> None:
    with site.engine.connect() as connection:
        assert connection.scalar(text("select current_user")) == "kejiao_app"
        with pytest.raises((ProgrammingError, OperationalError, psycopg.Error)):
            connection.execute(text("set session authorization postgres"))


# ------------------------------------------------------------------ faults tell nothing


def test_the_text_of_a_fault_holds_nothing_of_what_was_asked(site: Site, cast: Cast) -> None:
    asked = text("select 1 / cast(:no as int), :secret")
    facts = {"no": 0, "secret": "04A1B2"}

    with begin(site, cast.operator) as work, pytest.raises(DBAPIError) as fault:
        work.session.execute(asked, facts)

    assert "04A1B2" not in str(fault.value)
    assert "hidden" in str(fault.value)


def test_cards_of_another_hospital_are_not_found_by_their_chip(site: Site, cast: Cast) -> None:
    person = cast.person(ZHENG_HAI).id

    with begin(site, cast.hospital_admin) as work:
        assert cards.cards_of_people(work, [person]) == {}
