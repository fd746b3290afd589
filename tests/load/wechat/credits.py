"""学分 in safe mode, at 2.4 million people and 30 million entries.

Prints the plans of the two reads; then, with sixteen callers, requests a second and the CPU that
server and database spend on one, beside the constant /healthz of the same server; then p50 and p99
at 100 messages a second, also with a Redis that takes connections and says nothing.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from sqlalchemy import Engine, text

from app.accounts import commands as accounts
from app.accounts.terms import AccountKind, Mode, OfficialAccount
from app.base.work import begin
from app.kernel.secret import Secret
from tests.load.ground import OPERATOR, Ground, ground, populate
from tests.load.wechat import driving
from tests.support.caller import Caller
from wechat.security import Keys

RATE = 100.0

_BOUND = 2_000
AES_KEY = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq"
_PATH = "'1.2.' || 10 + p % 200 || '.p' || p || '.'"

_PROJECTS = """
insert into project (id, project_no, name, level, promoted, medical_type, credit_class, course_kind,
  unit_id, year, credits, hours, cap_project, state, path) overriding system value
select n, '2013-01-01-' || n, '测试项目' || n, 'national', false, 'western', 'I', 'professional',
  10, 2013, 5, 15, null, 'announced', '1.2.10.' from generate_series(1, 5000) n;
insert into batch (id, project_id, no, starts_at, ends_at, venue, unit_only, limit_persons, plan,
  path) overriding system value
select n, n, 1, timestamptz '2026-03-01 08:00+08' + mod(n, 200) * interval '1 day',
  timestamptz '2026-03-01 18:00+08' + mod(n, 200) * interval '1 day', '', false, null,
  '{"strategy": "any"}', '1.2.10.' from generate_series(1, 5000) n;
drop index uq_credit_entry_run, uq_credit_entry_reverses, uq_credit_entry;
"""

# A person's entries are spread over the table, as years of awarding would leave them.
_ENTRIES = f"""
insert into credit_entry (id, person_id, path, year, source, credit_class, item, part, gross, net,
  hours, given_on, project_id, batch_id, run_id, edition_id, entered_at, entered_by)
overriding system value
select :first + row_number() over (), p, {_PATH}, 2024 + :round % 3, 'swipe', null, 'PRJ-REC',
  'attendee', 2, 2, 6, date '2026-03-01' + (p % 200)::int, 1 + (p + :round * 331) % 5000,
  1 + (p + :round * 331) % 5000, 1, 1, now(), 'load'
from generate_series(1, :people) p where :round < 12 or p % 2 = 0
"""

_FINISH = (
    (
        "create unique index uq_credit_entry_run on credit_entry"
        " (batch_id, person_id, part, run_id) where reverses is null and batch_id is not null"
    ),
    (
        "create unique index uq_credit_entry_reverses on credit_entry (reverses)"
        " where reverses is not null"
    ),
    (
        "create unique index uq_credit_entry on credit_entry (person_id, year, id)"
        " include (path, given_on, source, credit_class, gross, net, batch_id, reverses)"
    ),
    f"""insert into person_year (person_id, year, path, total, class_1, class_2, hours)
    select p, 2024 + y, {_PATH}, 8, 0, 0, 24 from generate_series(1, :people) p,
    generate_series(0, 2) y""",
)


def measure(people: int, messages: int) -> None:
    """Load, show the plans, drive, and print the figures."""
    with ground() as on:
        began = time.perf_counter()
        _fill(on.owner, people)
        bound = _bind(on, people)
        took = time.perf_counter() - began
        print(f"{people:,} people, {_count(on.owner):,} entries in {took:.0f} s", flush=True)
        _show_plans(on.owner, bound[0])
        bodies = sealed(4 * messages, lambda n: (f"o{bound[n % len(bound)]}", "学分"))
        port = driving.free_port()
        with driving.gunicorn("app.main:create_app()", port, environment(on, port)) as pid:
            spent = _meter(on, pid)
            for _ in range(2):
                constant = [("GET", "/healthz", b"")] * messages
                _busy("constant", driving.closed(port, constant), spent())
                some, bodies = bodies[:messages], bodies[messages:]
                _busy("学分", driving.closed(port, some), spent())
            some, bodies = bodies[:messages], bodies[messages:]
            _calm("学分 at 100 a second", driving.paced(port, some, RATE))
        with _silent() as redis_url:
            blind = environment(on, port) | {"REDIS_URL": redis_url}
            with driving.gunicorn("app.main:create_app()", port, blind):
                _calm("the same, Redis black-holed", driving.paced(port, bodies, RATE))


def _meter(on: Ground, pid: int) -> Callable[[], float]:
    """Asked again and again: the CPU seconds of server and database since it was last asked."""

    def now() -> float:
        return driving.cpu_s(pid) + driving.cpu_s(on.services.pids["postgres"])

    last = now()

    def since() -> float:
        nonlocal last
        before, last = last, now()
        return last - before

    return since


def _busy(name: str, told: driving.Told, spent: float) -> None:
    count = len(told.took)
    print(
        f"{name}: {count / told.wall:,.0f} requests/s, p50 {told.p50_ms:.1f} ms, "
        f"p99 {told.p99_ms:.1f} ms, {spent / count * 1e6:,.0f} µs of CPU a request",
        flush=True,
    )


def _calm(name: str, told: driving.Told) -> None:
    print(f"{name}: p50 {told.p50_ms:.1f} ms, p99 {told.p99_ms:.1f} ms, no error", flush=True)


@contextmanager
def _silent() -> Iterator[str]:
    """The address of a Redis that takes connections and never says a word."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(128)
        yield f"redis://127.0.0.1:{hole.getsockname()[1]}/0"


def _fill(owner: Engine, people: int) -> None:
    populate(owner, people)
    with owner.begin() as connection:
        for statement in _PROJECTS.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    first = 0
    for round_no in range(13):
        with owner.begin() as connection:
            facts = {"first": first, "round": round_no, "people": people}
            first += connection.execute(text(_ENTRIES), facts).rowcount
    with owner.begin() as connection:
        for statement in _FINISH:
            connection.execute(
                text(statement), {"people": people} if ":people" in statement else {}
            )
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("credit_entry", "person_year", "batch", "project"):
            connection.execute(text(f"vacuum analyze {table}"))


def _bind(on: Ground, people: int) -> list[int]:
    chosen = [1 + n * (people // _BOUND) for n in range(_BOUND)]
    with begin(on.site, OPERATOR) as work:
        accounts.put_official_account(
            work,
            OfficialAccount(
                slug="city", kind=AccountKind.SUBSCRIPTION, name="load", appid="wxload",
                secret=Secret("s" * 32), token=Secret("load"), aes_key=Secret(AES_KEY),
                mode=Mode.SAFE,
            ),
        )  # fmt: skip
    with on.owner.begin() as connection:
        connection.execute(
            text(
                "insert into binding (slug, openid, person_id, person_no, path, bound_at, how)"
                " select 'city', 'o' || id, id, person_no, path, now(), 'operator' from person"
                " where id = any(:ids)"
            ),
            {"ids": chosen},
        )
    return chosen


def _show_plans(owner: Engine, person: int) -> None:
    asked = {
        "totals": "select total, class_1, class_2, hours from person_year"
        " where person_id = :p and year = 2026",
        "lines": "select id, reverses, given_on, source, credit_class, gross, net, batch_id"
        " from credit_entry where person_id = :p and year = 2026",
    }
    with owner.begin() as connection:
        connection.execute(text("set local role kejiao_app"))
        for name, sql in asked.items():
            plan = connection.execute(
                text(f"explain (analyze, buffers, costs off, timing off) {sql}"), {"p": person}
            ).scalars()
            print(f"plan of {name}:", *(f"  {line}" for line in plan), sep="\n", flush=True)


def sealed(count: int, said: Callable[[int], tuple[str, str]]) -> list[driving.Request]:
    """So many messages in safe mode; `said` gives the openid and the words of each."""
    keys = Keys.of(appid="wxload", mode=Mode.SAFE, token=Secret("load"), aes_key=Secret(AES_KEY))
    caller = Caller(keys=keys, http=lambda *_: (0, b""))
    made = []
    for number in range(count):
        query, body = caller.sealed(caller.text(*said(number)))
        made.append(("POST", f"/wechat/city?{urlencode(query)}", body))
    return made


def environment(on: Ground, port: int) -> dict[str, str]:
    """The settings of a server on that ground."""
    config = on.site.config
    return os.environ | {
        "DATABASE_URL": config.database_url.reveal(),
        "REDIS_URL": config.redis_url,
        "KEJIAO_KEYS": config.keys.reveal(),
        "KEJIAO_INDEX_KEY": config.index_key.reveal(),
        "KEJIAO_SECRET": config.secret.reveal(),
        "KEJIAO_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


def _count(owner: Engine) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text("select count(*) from credit_entry")).scalar_one())
