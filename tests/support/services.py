"""One private PostgreSQL and Redis for a run of tests; each xdist worker has its own database.

The process that pytest was called in starts them, and tells the workers where they are. A worker's
database is a copy of one that was migrated once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from app.cli import db
from app.cli.services import Services

_TEMPLATE = "kejiao_template"
_LOCK = 20_260_413  # any number; workers take turns at the template
_REDIS_DATABASES = 16


class _Ground:
    """The services of this run, started when the first test asks, or at once for xdist."""

    def __init__(self) -> None:
        self._state = Path(tempfile.mkdtemp(prefix="kejiao-test-"))
        self._state.chmod(0o711)  # so that another user can run PostgreSQL in it
        self._services = Services(self._state, test=True)
        self._urls: tuple[str, str, str] | None = None

    def urls(self) -> tuple[str, str, str]:
        """Where the owner and the app log in to PostgreSQL, and where Redis answers."""
        if self._urls is None:
            started = self._services.__enter__()
            self._urls = started.owner_url, started.database_url, started.redis_url
        return self._urls

    def stop(self) -> None:
        self._services.__exit__()
        shutil.rmtree(self._state, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        ground = _Ground()
        config.stash[_GROUND] = ground
        config.add_cleanup(ground.stop)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["services"] = node.config.stash[_GROUND].urls()


@pytest.fixture(scope="session")
def owner_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """This worker's own database, migrated, as its owner: past row security, free to clean up."""
    server = _urls(request.config)[0]
    name = f"kejiao_{_worker(request.config)}"
    with _connected(server) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        known = connection.execute("select from pg_database where datname = %s", [_TEMPLATE])
        if known.fetchone() is None:
            _make_template(connection, server)
        connection.execute(_named("create database {} template {}", name, _TEMPLATE))
    yield _database(server, name)
    with _connected(server) as connection:
        connection.execute(_named("drop database {} with (force)", name))


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest, owner_url: str) -> str:
    """The same database as the app sees it: under row security, owning nothing."""
    return _database(_urls(request.config)[1], str(make_url(owner_url).database))


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """A Redis database that no other worker uses."""
    number = int(_worker(request.config).removeprefix("gw")) % _REDIS_DATABASES
    return _urls(request.config)[2].replace("db=0", f"db={number}")


_GROUND = pytest.StashKey[_Ground]()


def _urls(config: pytest.Config) -> tuple[str, str, str]:
    if hasattr(config, "workerinput"):
        owner, app, redis = config.workerinput["services"]
        return owner, app, redis
    return config.stash[_GROUND].urls()


def _worker(config: pytest.Config) -> str:
    return str(config.workerinput["workerid"]) if hasattr(config, "workerinput") else "gw0"


def _make_template(connection: psycopg.Connection, server: str) -> None:
    half_made = f"{_TEMPLATE}_new"
    connection.execute(_named("drop database if exists {}", half_made))
    connection.execute(_named("create database {}", half_made))
    db.upgrade(_database(server, half_made))
    connection.execute(_named("alter database {} rename to {}", half_made, _TEMPLATE))


def _connected(server: str) -> psycopg.Connection:
    url = make_url(server).set(drivername="postgresql", database="postgres")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _named(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))
