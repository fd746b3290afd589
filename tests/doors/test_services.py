"""The PostgreSQL and Redis that a run starts for itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from app.base import words
from app.cli import processes
from app.cli.servers import Server
from app.cli.services import Services
from app.kernel.errors import ConflictError

pytestmark = pytest.mark.xdist_group("services")


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="科 教%+") as folder:
        yield Path(folder)


def open_to_all(state: Path) -> Path:
    state.chmod(0o711)
    return state


def test_killed_servers_come_back_where_they_stood_with_what_they_had(state: Path) -> None:
    with Services(open_to_all(state)) as services:
        addresses = services.owner_url, services.redis_url
        ask(services, "create table kept as select 7 as kept")
        redis.Redis.from_url(services.redis_url).set("kept", "7")

        for server in services.started:
            kill(server)
            server.start()

        assert (services.owner_url, services.redis_url) == addresses
        assert ask(services, "select kept from kept") == 7
        assert redis.Redis.from_url(services.redis_url).get("kept") == b"7"


def test_binaries_carried_by_packages_serve_where_the_machine_has_none(state: Path) -> None:
    with Services(open_to_all(state), test=True, carried_only=True) as services:
        carried = [server.footing.program.carried for server in services.started]

        assert carried == [True, True]
        assert ask(services, "select 7") == 7
        assert redis.Redis.from_url(services.redis_url).ping()


def test_a_folder_that_only_root_may_enter_is_good_enough(state: Path) -> None:
    state.chmod(0o700)

    with Services(state, test=True) as services:
        assert ask(services, "select 7") == 7


def test_a_path_too_long_for_a_socket_is_good_enough(state: Path) -> None:
    deep = open_to_all(state) / ("x" * 100)

    with Services(deep, test=True) as services:
        assert ask(services, "select 7") == 7
        assert redis.Redis.from_url(services.redis_url).ping()


def test_the_app_logs_in_as_a_role_that_owns_nothing(state: Path) -> None:
    with Services(open_to_all(state), test=True) as services:
        url = services.database_url.replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            rights = connection.execute(
                "select rolsuper or rolcreatedb or rolcreaterole or rolbypassrls"
                " from pg_roles where rolname = current_user"
            ).fetchone()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("create table mine ()")

        assert rights == (False,)


def test_a_lock_file_that_names_a_stranger_does_not_stop_the_next_start(state: Path) -> None:
    with Services(open_to_all(state), test=True) as services:
        server = services.started[0]
        kill(server)
        lock = server.home / "postmaster.pid"
        with subprocess.Popen(["/bin/sleep", "60"], user=server.footing.uid) as stranger:
            lock.write_text(
                lock.read_text().replace(lock.read_text().split()[0], str(stranger.pid))
            )

            server.start()
            stranger.kill()

        assert ask(services, "select 7") == 7


def test_what_a_killed_launcher_left_running_is_ended_before_the_next_start(state: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from app.cli import processes;"
        "processes._dies_with_us = lambda farewell: None;"  # as on a system without that call
        "from app.cli.services import Services;"
        "s = Services(Path(sys.argv[1]), test=True).__enter__();"
        "print(*s.pids.values(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, open_to_all(state)], stdout=subprocess.PIPE, text=True
    ) as launcher:
        assert launcher.stdout is not None
        orphans = [int(pid) for pid in launcher.stdout.readline().split()]
        launcher.kill()

    with Services(state, test=True) as services:
        assert ask(services, "select 7") == 7
        assert not [pid for pid in orphans if processes.lives(pid)]


def test_a_state_folder_serves_one_run_at_a_time(state: Path) -> None:
    with (
        Services(open_to_all(state), test=True),
        pytest.raises(ConflictError) as refused,
        Services(state, test=True),
    ):
        pass

    assert str(state) in words.of_error(refused.value)


def ask(services: Services, statement: str) -> object:
    with psycopg.connect(services.owner_url.replace("+psycopg", "")) as connection:
        asked = connection.execute(statement)
        row = asked.fetchone() if asked.description else None
    return row[0] if row else None


def kill(server: Server) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    processes.wait_for(lambda: server.poll() is not None, 5)
