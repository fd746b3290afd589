"""学分 by WeChat in safe mode, at 2.4 million people and 30 million entries.

Prints the plans of the two reads, then, for gunicorn with two workers: requests a second, p50 and
p99, and the CPU that server and database spend on a request; the constant is /healthz of the same
server. The driver runs on the same machine, so the CPU a request is what compares.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import Engine, text

from app.accounts import commands as accounts
from app.accounts.terms import AccountKind, Mode, OfficialAccount
from app.base.work import begin
from app.config import ROOT
from app.kernel.secret import Secret
from tests.load.ground import OPERATOR, Ground, ground, populate
from wechat.caller import Caller
from wechat.security import Keys

_CONNECTIONS = 16
_ENTRIES_A_PERSON = 12.5
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


def main(argv: list[str]) -> None:
    """Load, show the plans, drive, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.load wechat")
    parser.add_argument("--people", type=int, default=2_400_000)
    parser.add_argument("--messages", type=int, default=4_000)
    options = parser.parse_args(argv)
    with ground() as on:
        began = time.perf_counter()
        _fill(on.owner, options.people)
        people = _bind(on, options.people)
        took = time.perf_counter() - began
        print(
            f"{options.people:,} people, {_count(on.owner):,} entries in {took:.0f} s", flush=True
        )
        _show_plans(on.owner, people[0])
        _drive(on, options.messages, people)


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
                "insert into binding (slug, openid, person_id, person_no, path, bound_at)"
                " select 'city', 'o' || id, id, person_no, path, now() from person"
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


def _drive(on: Ground, messages: int, people: Sequence[int]) -> None:
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "app.main:create_app()", "-k", "gthread", "-w", "2",
         "--threads", "4", "-b", f"127.0.0.1:{port}", "--log-level", "error"],
        cwd=ROOT, env=_environment(on, port),
    )  # fmt: skip
    try:
        _wait(port)
        bodies = _bodies(messages, people)
        _SPENT[0] = _cpu_s(server.pid) + _cpu_s(on.services.pids["postgres"])
        for round_no in (1, 2):
            some = bodies[(round_no - 1) * messages : round_no * messages]
            constant = [("GET", "/healthz", b"")] * messages
            for name, requests in (("constant", constant), ("学分", some)):
                _report(name, on, server.pid, asyncio.run(_run(port, requests)), messages)
    finally:
        server.terminate()
        server.wait(20)


def _report(name: str, on: Ground, pid: int, took: Sequence[float], messages: int) -> None:
    # The CPU of the run is the difference to what the processes had before it.
    spent = _cpu_s(pid) + _cpu_s(on.services.pids["postgres"])
    before, _SPENT[0] = _SPENT[0], spent
    wall, times = took[-1], sorted(took[:-1])
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(
        f"{name}: {messages / wall:,.0f} requests/s, p50 {p50 * 1000:.1f} ms, "
        f"p99 {p99 * 1000:.1f} ms, {(spent - before) / messages * 1e6:,.0f} µs of CPU a request",
        flush=True,
    )


_SPENT = [0.0]


def _bodies(messages: int, people: Sequence[int]) -> list[tuple[str, str, bytes]]:
    keys = Keys.of(appid="wxload", mode=Mode.SAFE, token=Secret("load"), aes_key=Secret(AES_KEY))
    caller = Caller(keys=keys, http=lambda *_: (0, b""))
    made = []
    for n in range(2 * messages):
        query, body = caller.sealed(caller.text(f"o{people[n % len(people)]}", "学分"))
        made.append(("POST", f"/wechat/city?{urlencode(query)}", body))
    return made


async def _run(port: int, requests: Sequence[tuple[str, str, bytes]]) -> list[float]:
    """Seconds of every request, and of all together last."""
    waiting, took = list(reversed(requests)), []

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            method, target, body = waiting.pop()
            began = time.perf_counter()
            writer.write(
                f"{method} {target} HTTP/1.1\r\nHost: load\r\nContent-Type: text/xml\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"{method} {target}: {head[:60]!r}")
            [length] = [
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            ]
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(_CONNECTIONS)))
    return [*took, time.perf_counter() - began]


def _environment(on: Ground, port: int) -> dict[str, str]:
    config = on.site.config
    return os.environ | {
        "DATABASE_URL": config.database_url.reveal(),
        "REDIS_URL": config.redis_url,
        "KEJIAO_KEYS": config.keys.reveal(),
        "KEJIAO_INDEX_KEY": config.index_key.reveal(),
        "KEJIAO_SECRET": config.secret.reveal(),
        "KEJIAO_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


def _cpu_s(parent: int) -> float:
    """CPU seconds of a process and all below it, ended children of theirs included."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        process = int(entry.parent.name)
        children.setdefault(int(fields[1]), []).append(process)
        spent[process] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    total, todo = 0.0, [parent]
    while todo:
        pid = todo.pop()
        total += spent.get(pid, 0.0)
        todo += children.get(pid, [])
    return total


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def _count(owner: Engine) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text("select count(*) from credit_entry")).scalar_one())
