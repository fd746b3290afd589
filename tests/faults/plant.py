"""The real parts as processes, on a PostgreSQL and a Redis of their own, and the ways to kill them.

with running() as plant:                 web (2 workers), worker, relay; an empty, migrated database
    plant.site, plant.owner              the product in this process, and the owner's way to look
    plant.kill(Victim.HORSE, chance)     kill -9; the process ids, none where there was no victim
    plant.mend()                         start again what is down; the names of those
    plant.fallen()                       the names of those that are down
"""

from __future__ import annotations

import base64
import http.client
import os
import random
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine

from app import config
from app.base.site import APP_ROLE, Site
from app.cli import db, processes
from app.cli.keeping import Child, Part
from app.cli.services import Services
from app.main import build
from jobs.queues import connect

# The owner is under row security as well; here it sees everything and needs no command.
_SEE_ALL = "-c app.lo= -c app.hi=~ -c app.action=tests"
_READY_S = 60.0
# What a process has handed to the kernel outlives its kill -9; only a power cut asks for more. A
# commit still waits until it was handed over.
_UNSYNCED = {
    "fsync": "off",
    "full_page_writes": "off",
}


class Victim(StrEnum):
    """What can be killed."""

    WEB = "web"
    WEB_WORKER = "web worker"
    WORKER = "worker"
    HORSE = "horse"  # the process that a worker forks for one message
    RELAY = "relay"
    REDIS = "redis"
    BACKEND = "backend"  # one connection's process of PostgreSQL, which takes all others with it
    POSTGRES = "postgres"  # with all its children


class Plant:
    """The parts of one installation, all of them ours to kill."""

    def __init__(self, services: Services, site: Site, owner: Engine, port: int) -> None:
        self.services = services
        self.site = site
        self.owner = owner
        self.port = port
        self._web = _child(services, "web", *_web(port))
        self._worker = _child(services, "worker", "-m", "jobs.worker")
        self._relay = _child(services, "relay", "-m", "jobs.relay")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redis(self) -> Redis:
        return connect(self.services.redis_url)

    @property
    def children(self) -> tuple[Child, ...]:
        return self._web, self._worker, self._relay

    @property
    def parts(self) -> tuple[Part, ...]:
        return *self.services.started, *self.children

    def fallen(self) -> list[str]:
        """The names of the parts that are down."""
        return [part.name for part in self.parts if part.poll() is not None]

    def mend(self) -> list[str]:
        """Start again what is down, servers first; the names of those."""
        fallen = [part for part in self.parts if part.poll() is not None]
        for part in fallen:
            part.start()
        return [part.name for part in fallen]

    def kill(self, victim: Victim, chance: random.Random) -> set[int]:
        """Kill it without a word; the process ids, none where there was nothing to kill."""
        found = self.pids_of(victim)
        if victim in {Victim.WEB_WORKER, Victim.BACKEND} and found:
            found = {chance.choice(sorted(found))}
        killed = set()
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.add(pid)
        return killed

    def pids_of(self, victim: Victim) -> set[int]:  # noqa: PLR0911  one way to find each
        """The processes that this victim consists of, or from which one is to be taken."""
        servers = self.services.pids
        match victim:
            case Victim.WEB:
                return _only(self._web.pid)
            case Victim.WEB_WORKER:
                return _children_of(self._web.pid)
            case Victim.WORKER:
                return _only(self._worker.pid)
            case Victim.HORSE:
                return _children_of(self._worker.pid)
            case Victim.RELAY:
                return _only(self._relay.pid)
            case Victim.REDIS:
                return _only(servers.get("redis"))
            case Victim.BACKEND:
                return {one for one in _children_of(servers.get("postgres")) if _serves_us(one)}
            case Victim.POSTGRES:
                postmaster = servers.get("postgres")
                return _only(postmaster) | _children_of(postmaster)

    def answers(self) -> bool:
        """Whether the web does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def running() -> Iterator[Plant]:
    """A plant that is up; afterwards nothing of it runs and nothing of it is left."""
    state = Path(tempfile.mkdtemp(prefix="kejiao-faults-"))
    state.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, state, ignore_errors=True)
        services = stack.enter_context(Services(state, settings=_UNSYNCED))
        db.upgrade(services.owner_url)
        port = _free_port()
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in _environment(services, port).items():
            patch.setenv(name, value)
        site = build(config.load())
        stack.callback(site.engine.dispose)
        owner = create_engine(
            services.owner_url, connect_args={"options": _SEE_ALL}, pool_pre_ping=True
        )
        stack.callback(owner.dispose)
        plant = Plant(services, site, owner, port)
        for child in plant.children:
            stack.callback(child.stop)
            child.start()
        for child in plant.children:
            stack.callback(child.ask)
        assert processes.wait_for(plant.answers, _READY_S), processes.tail(
            state / "log" / "web.log"
        )
        yield plant


def _web(port: int) -> tuple[str, ...]:
    return (
        "-m", "gunicorn", "app.main:create_app()", "--worker-class", "gthread", "--workers", "2",
        "--threads", "4", "--graceful-timeout", "2", "--no-control-socket",
        "--bind", f"127.0.0.1:{port}",
    )  # fmt: skip


def _child(services: Services, name: str, *arguments: str) -> Child:
    return Child(name, arguments, state=services.state)


def _environment(services: Services, port: int) -> Mapping[str, str]:
    return {
        "DATABASE_URL": services.database_url,
        "OWNER_DATABASE_URL": services.owner_url,
        "REDIS_URL": services.redis_url,
        "KEJIAO_STATE": str(services.state),
        "KEJIAO_KEYS": f"k1:{base64.b64encode(b'k' * 32).decode()}",
        "KEJIAO_INDEX_KEY": base64.b64encode(b"i" * 32).decode(),
        "KEJIAO_SECRET": secrets.token_urlsafe(32),
        "KEJIAO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PYTHONWARNINGS": "default",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _only(pid: int | None) -> set[int]:
    return set() if pid is None else {pid}


def _children_of(pid: int | None) -> set[int]:
    """The living children of a process: the second field after its name (proc(5), stat)."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # gone meanwhile
        if fields[0] != "Z" and int(fields[1]) == pid:
            found.add(int(stat.parent.name))
    return found


def _serves_us(pid: int) -> bool:
    """Whether a process of PostgreSQL answers the product, as it says of itself."""
    try:
        said = Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return False
    return APP_ROLE.encode() in said
