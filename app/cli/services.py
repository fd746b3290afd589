"""Finds or starts the PostgreSQL and Redis that a run needs.

In order: the addresses given; servers on the search path and in Debian's folders; binaries carried
by our packages.
"""

from __future__ import annotations

import fcntl
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

from app.cli import footing
from app.cli.servers import Postgres, Redis, Server
from app.kernel.errors import ConflictError, UnavailableError

S = TypeVar("S", bound=Server)

_NONE: Mapping[str, str] = MappingProxyType({})


class Services:
    """The services of one run; those we started stop when the block ends, and no others."""

    def __init__(
        self,
        state: Path,
        *,
        test: bool = False,
        database_url: str | None = None,
        redis_url: str | None = None,
        owner_url: str | None = None,
        carried_only: bool = False,
        settings: Mapping[str, str] = _NONE,
    ) -> None:
        """Nothing runs yet. `settings` go over our settings of PostgreSQL, by their own names."""
        self.state = state.resolve()
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self._test = test
        self._given = database_url, owner_url or database_url, redis_url
        self._carried_only = carried_only
        self._settings = settings
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start what was not given. ConflictError when another run holds this state folder."""
        with self._open:
            self._hold_state()
            if self._given[0] is None:
                self.postgres = self._postgres()
                self._start(self.postgres)
            if self._given[2] is None:
                self.redis = self._redis()
                self._start(self.redis)
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def database_url(self) -> str:
        """Where the app logs in."""
        return self._given[0] or _started(self.postgres).database_url

    @property
    def owner_url(self) -> str:
        """Where migrations log in."""
        return self._given[1] or _started(self.postgres).owner_url

    @property
    def redis_url(self) -> str:
        """Where Redis answers."""
        return self._given[2] or _started(self.redis).url

    @property
    def started(self) -> list[Server]:
        """The servers that are ours, in the order they were started."""
        return [server for server in (self.postgres, self.redis) if server is not None]

    @property
    def pids(self) -> dict[str, int]:
        """The servers of ours that run now."""
        return {server.name: server.pid for server in self.started if server.pid is not None}

    def _hold_state(self) -> None:
        if not self.state.exists():
            self.state.mkdir(parents=True)
            self.state.chmod(0o711)
        lock = self._open.enter_context((self.state / "run.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError("run.state.in_use", state=self.state) from None

    def _start(self, server: Server) -> None:
        self._open.callback(server.close)
        server.start()

    def _postgres(self) -> Postgres:
        programs = footing.postgres_programs(carried_only=self._carried_only)
        if not programs:
            raise UnavailableError("run.postgres.missing")
        made_by = _made_by(self.state) or _made_by(footing.public_folder(self.state))
        if made_by is not None:
            programs = [program for program in programs if program.version == made_by]
            if not programs:
                raise UnavailableError("run.postgres.other", version=made_by, state=self.state)
        base = footing.step_down(programs[0], self.state)
        return Postgres(self.state, base, test=self._test, settings=self._settings)

    def _redis(self) -> Redis:
        programs = footing.redis_programs(carried_only=self._carried_only)
        if not programs:
            raise UnavailableError("run.redis.missing")
        return Redis(self.state, programs[0], test=self._test)


def _started(server: S | None) -> S:
    if server is None:
        raise AssertionError("services are used inside their block")
    return server


def _made_by(state: Path) -> int | None:
    """The version of PostgreSQL that made the data here; no other can read it."""
    marker = state / "postgres" / "PG_VERSION"
    return int(marker.read_text()) if marker.exists() else None
