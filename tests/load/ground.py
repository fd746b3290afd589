"""A real PostgreSQL of its own for one measurement, and a small country of people to measure on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from app.base.site import Site, connect
from app.base.vault import Vault
from app.base.work import begin
from app.cli import db
from app.cli.services import Services
from app.config import Config
from app.kernel.actor import Actor, Role, Via
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.standards import commands as standards
from device.drivers import DRIVERS
from jobs.queues import HANDLERS
from tests.support.filing import batch, filed, project

NO = "2013-01-01-001"
OPERATOR = Actor("load", Via.CLI, Place.root(), Role.OPERATOR)

# The owner is under row security as well; here it sees everything and needs no command.
_EVERYTHING = "-c app.lo= -c app.hi=~ -c app.action=load"

# What a wait for the disk would add to both sides of a ratio is noise on a shared machine.
_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB"}


@dataclass(frozen=True)
class Ground:
    """The product on its own database, and the owner's way in for loading and looking."""

    site: Site
    owner: Engine
    services: Services


@contextmanager
def ground() -> Iterator[Ground]:
    """An empty, migrated database with the shipped standards; gone afterwards."""
    state = Path(tempfile.mkdtemp(prefix="kejiao-load-"))
    state.chmod(0o711)
    try:
        with Services(state, settings=_SETTINGS) as services:
            db.upgrade(services.owner_url)
            owner = create_engine(services.owner_url, connect_args={"options": _EVERYTHING})
            engine = connect(services.database_url, pool_size=8)
            config = Config(
                database_url=Secret(services.database_url),
                owner_url=Secret(services.owner_url),
                redis_url=services.redis_url,
                keys=Secret("k1:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="),
                index_key=Secret("aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk="),
                secret=Secret("a secret of the load figures"),
                public_url="http://127.0.0.1:1",
                production=False,
                pool_size=8,
                statement_timeout_ms=0,
                wechat_api="http://127.0.0.1:1",
                wechat_open="http://127.0.0.1:1",
            )
            vault = Vault({"k1": b"k" * 32}, b"i" * 32)
            site = Site(
                config=config, engine=engine, vault=vault, handlers=HANDLERS, drivers=DRIVERS
            )
            with begin(site, OPERATOR) as work:
                standards.load_shipped(work)
            yield Ground(site, owner, services)
            engine.dispose()
            owner.dispose()
    finally:
        shutil.rmtree(state, ignore_errors=True)


_UNITS = """
insert into unit (id, code, parent_id, kind, name, grade, sort_order, path)
overriding system value values
  (1, 'P', null, 'province', '测试省', null, 0, '1.'),
  (2, 'C', 1, 'city', '测试市', null, 0, '1.2.');
insert into unit (id, code, parent_id, kind, name, grade, sort_order, path)
overriding system value
select 10 + n, 'H' || n, 2, 'hospital', '测试医院' || n, 'tertiary', n, '1.2.' || 10 + n || '.'
from generate_series(0, 199) n;
"""

_PEOPLE = """
insert into person (id, person_no, name, name_key, id_type, id_number, id_number_index, unit_id,
  title, post, education, specialty, status, path)
overriding system value
select n, (100000000 + n)::text, '员工' || n, 'yuangong', 'other', '\\x00', int8send(n),
  10 + n % 200, '', '', '', '', 'normal', '1.2.' || 10 + n % 200 || '.p' || n || '.'
from generate_series(1, :people) n
"""


def populate(owner: Engine, people: int) -> None:
    """So many people in 200 hospitals of one city, as the owner, past every rule: only for load."""
    with owner.begin() as connection:
        connection.execute(text(_UNITS))
        connection.execute(text(_PEOPLE), {"people": people})
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze unit"))
        connection.execute(text("vacuum analyze person"))


def hold(site: Site, **changes: Any) -> None:
    """File the project NO of hospital H0, with one batch of these members; its id is 1."""
    filed(site, OPERATOR, project(NO, unit_code="H0", batches=[batch(**changes)]))
