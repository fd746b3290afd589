"""Fixtures for everybody: a site on its own database, a clock that stands still, a clean-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from app.base.database import Base
from app.base.site import Site, connect
from app.base.vault import Vault
from app.config import Config
from app.kernel.secret import Secret
from device.drivers import DRIVERS
from jobs.queues import HANDLERS
from tests.support import serving

# Those that others import come first.
pytest_plugins = [
    "tests.support.services",
    "tests.support.simulator",
    "tests.support.cast",
    "tests.support.depth",
    "tests.support.terminal",
    "tests.support.wechat_client",
    "tests.support.platforms",
    "tests.support.entrance",
    "tests.support.holding",
    "tests.support.nurse",
    "tests.support.office",
    "tests.support.phones",
]

# The clean-up and the house tests must know every table, whatever a test imports.
for _tables in Path(__file__).resolve().parents[1].glob("app/*/tables.py"):
    import_module(f"app.{_tables.parent.name}.tables")

# A Saturday morning in Beijing, after the first batch of the sample project.
NOW = datetime(2013, 5, 25, 1, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test sets; it does not run."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def set(self, moment: datetime) -> None:
        """Stand at that moment."""
        self.now = moment

    def advance(self, **parts: float) -> None:
        """Go on by hours=…, minutes=…"""
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def owner(owner_url: str) -> Iterator[Engine]:
    """The database as its owner, past row security: to clean up and to look, never to do."""
    # The owner is under row security as well; here it sees everything and needs no command.
    see_all = "-c app.lo= -c app.hi=~ -c app.action=tests"
    engine = create_engine(owner_url, connect_args={"options": see_all})
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def _engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, pool_size=10)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def config(database_url: str, owner_url: str, redis_url: str) -> Config:
    return Config(
        database_url=Secret(database_url),
        owner_url=Secret(owner_url),
        redis_url=redis_url,
        keys=Secret("k1:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="),
        index_key=Secret("aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk="),
        secret=Secret("a secret of the tests"),
        public_url="http://127.0.0.1:1",
        production=False,
        pool_size=10,
        statement_timeout_ms=0,
        # No platform: a test that needs one takes the simulator.
        wechat_api="http://127.0.0.1:1",
        wechat_open="http://127.0.0.1:1",
    )


@pytest.fixture
def site(_engine: Engine, config: Config, clock: Clock, owner: Engine) -> Iterator[Site]:
    """The product on this worker's own database, which is empty again afterwards."""
    vault = Vault({"k1": b"k" * 32}, b"i" * 32)
    yield Site(
        config=config, engine=_engine, vault=vault, handlers=HANDLERS, drivers=DRIVERS, clock=clock
    )
    serving.over()
    emptied = "; ".join(f"delete from {one.name}" for one in reversed(Base.metadata.sorted_tables))
    with owner.begin() as connection:
        connection.exec_driver_sql(emptied)


@pytest.fixture
def count(owner: Engine) -> Callable[..., int]:
    """How many rows a table has, past row security: `count("card_entry", "person_id = 3")`."""

    def ask(table: str, where: str = "true") -> int:
        with owner.connect() as connection:
            return connection.execute(
                text(f"select count(*) from {table} where {where}")
            ).scalar_one()

    return ask
