"""Our own PostgreSQL and Redis: on Unix sockets in closed folders, data in the state folder.

A server keeps its address for life: killed and started again, it stands where it stood, with the
data it had.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

from app.base.site import APP_ROLE
from app.cli import processes
from app.cli.footing import Footing, Program
from app.kernel.errors import UnavailableError

OWNER_ROLE = "kejiao_owner"
DATABASE = "kejiao"

_SOCKET_BYTES = 100  # sun_path holds 107, a port number may follow
_START_S = 120.0  # PostgreSQL may have to replay its log first
_STOP_S = 20.0

_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "60",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "log_timezone": "UTC",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """One server process of ours, which may be stopped and started again in place."""

    name: ClassVar[str]
    ask: ClassVar[signal.Signals]
    programs: ClassVar[frozenset[str]]

    def __init__(self, state: Path, footing: Footing, home: Path) -> None:
        self.log = state / "log" / f"{self.name}.log"
        self.footing = footing
        self.home = home
        self.sockets = _socket_folder(footing.state, self.name)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self.poll() is None else None

    def poll(self) -> int | None:
        """None while it runs, else how it ended."""
        return self._process.poll() if self._process else 0

    def start(self) -> None:
        """Start it and wait until it answers. UnavailableError, with its last words, if it ends."""
        self._clear()
        self._make_home()
        self.footing.own(self.home)
        self.footing.own(self.sockets)
        self._process = processes.spawn(
            [*self.footing.prefix, *self._command()], log=self.log, folder=self.home,
            env=self._environment(), uid=self.footing.uid, gid=self.footing.gid, farewell=self.ask,
        )  # fmt: skip
        ready = processes.wait_for(lambda: self.poll() is not None or self._answers(), _START_S)
        if not ready or self.poll() is not None:
            self.stop()
            raise UnavailableError(
                "run.server.fell", name=self.name, log=self.log, said=processes.tail(self.log)
            )
        self._prepare()

    def stop(self) -> None:
        """Stop it; after this nothing of it runs."""
        if self._process is None:
            return
        if self.poll() is None:
            self._process.send_signal(self.ask)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._clear()

    def close(self) -> None:
        """Stop it and take its socket folder away."""
        self.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _clear(self) -> None:
        """End what a killed predecessor left working in our folder; two servers would spoil it."""
        processes.end(lambda: processes.dwelling(self.home, self.programs), signal.SIGINT, _STOP_S)

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _make_home(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _prepare(self) -> None:
        """What must be true once it answers."""

    def _command(self) -> list[str | Path]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class Postgres(Server):
    """PostgreSQL with three roles: its superuser, the owner of our database, and the app's.

    In test mode it may lose everything at a power cut, and the owner may make databases and see
    past row security, so that tests can copy and clean them.
    """

    name = "postgres"
    ask = signal.SIGINT  # fast shutdown
    programs = frozenset({"postgres"})

    def __init__(
        self, state: Path, footing: Footing, *, test: bool, settings: Mapping[str, str]
    ) -> None:
        super().__init__(state, footing, footing.state / "postgres")
        self._test = test
        self._key = state / "postgres.key"
        self._settings = {**_SETTINGS, **(_CARELESS if test else {}), **settings}

    @property
    def database_url(self) -> str:
        """Where the app logs in, as a role that owns nothing."""
        return self._url(APP_ROLE)

    @property
    def owner_url(self) -> str:
        """Where migrations log in, as the owner of the tables."""
        return self._url(OWNER_ROLE)

    def _url(self, role: str) -> str:
        # By hand: libpq reads no "+" as a space, as SQLAlchemy would write one.
        host = quote(str(self.sockets), safe="")
        return f"postgresql+psycopg://{role}:{self._password(role)}@/{DATABASE}?host={host}"

    def _password(self, role: str) -> str:
        return hmac.digest(self._key.read_bytes(), role.encode(), hashlib.sha256).hex()

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets),
            user="postgres",
            password=self._password("postgres"),
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def _clear(self) -> None:
        super()._clear()
        # A lock that names a stranger, who got the number of one of ours after a kill or a restart
        # of the machine, would stop PostgreSQL, and so would an empty one; one that names nobody
        # it takes over by itself, after a look at shared memory.
        for lock in (self.home / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            if lock.exists():
                named = lock.read_text().split()
                if not named or processes.lives(int(named[0])):
                    lock.unlink()

    def _make_home(self) -> None:
        if (self.home / "PG_VERSION").exists():
            if not self._key.exists():
                raise UnavailableError("run.postgres.key_lost", key=self._key, data=self.home)
            return
        _write_once(self._key, secrets.token_bytes(32))
        half_made = self.home.with_name("postgres.new")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700, parents=True)
        self.footing.own(half_made)
        with tempfile.NamedTemporaryFile("w", prefix="kejiao-") as password:
            password.write(self._password("postgres"))
            password.flush()
            if self.footing.uid is not None:
                os.chown(password.name, self.footing.uid, -1)
            made = subprocess.run(
                [*self.footing.prefix, self.footing.program.path.with_name("initdb"),
                 "--pgdata", half_made, "--username=postgres", "--encoding=UTF8",
                 "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password.name}",
                 *(["--no-sync"] if self._test else [])],
                env=self._environment(), user=self.footing.uid, group=self.footing.gid,
                extra_groups=None if self.footing.uid is None else [], cwd="/",
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        if made.returncode != 0:
            raise UnavailableError("run.postgres.not_made", said=made.stderr[-800:].strip())
        half_made.replace(self.home)

    def _command(self) -> list[str | Path]:
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return [self.footing.program.path, "-D", self.home, "-k", self.sockets, *settings]

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _prepare(self) -> None:
        trusted = "createdb createrole bypassrls" if self._test else ""
        with self._connect() as connection:
            roles = {row[0] for row in connection.execute("select rolname from pg_roles")}
            for role, rights in ((OWNER_ROLE, trusted), (APP_ROLE, "")):
                verb = "alter" if role in roles else "create"
                connection.execute(
                    sql.SQL(f"{verb} role {{}} login {rights} password {{}}").format(
                        sql.Identifier(role), sql.Literal(self._password(role))
                    )
                )
            connection.execute(f"grant {APP_ROLE} to {OWNER_ROLE}")
            known = connection.execute("select from pg_database where datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(f"create database {DATABASE} owner {OWNER_ROLE}")


class Redis(Server):
    """Redis or Valkey; it writes every change down within a second, but not in test mode."""

    name = "redis"
    ask = signal.SIGTERM
    programs = frozenset({"redis-server", "valkey-server"})

    def __init__(self, state: Path, program: Program, *, test: bool) -> None:
        # A folder for each version: an older Redis cannot read a newer one's files, and nothing
        # in it is the only copy of anything.
        super().__init__(state, Footing(program, state), state / f"redis-{program.version}")
        self._keeps = [] if test else ["--appendonly", "yes", "--appendfsync", "everysec"]

    @property
    def url(self) -> str:
        """Its address; the folder of the socket is closed to others."""
        return f"unix://{self.sockets / 'redis.sock'}?db=0"

    def _command(self) -> list[str | Path]:
        return [
            self.footing.program.path, "--port", "0", "--unixsocket", self.sockets / "redis.sock",
            "--unixsocketperm", "700", "--dir", self.home, "--save", "", *self._keeps,
        ]  # fmt: skip

    def _answers(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.sockets / "redis.sock"), socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _socket_folder(state: Path, name: str) -> Path:
    """A closed folder with a path short enough for a socket: in the state folder if that fits."""
    folder = state / "sockets" / name
    if len(bytes(folder)) + len("/.s.PGSQL.5432") > _SOCKET_BYTES:
        return Path(tempfile.mkdtemp(prefix="kejiao-"))
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _write_once(path: Path, secret: bytes) -> None:
    if not path.exists():
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secret)
