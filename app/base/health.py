"""健康 — whether what the product stands on is well: each thing looked at, and a sentence about it.

Nothing here shows anything of anybody. A part that does not answer is a finding, never an error.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import config
from app.base import outbox, words
from app.base.security import protections
from app.base.site import Site
from app.base.trail import OutboxMessage
from app.kernel.errors import InvalidError
from app.kernel.secret import Secret

OLDEST_POSTGRES = 15
OUTBOX_S = 300  # trust.md 5
CLOCK_S = 2.0
FREE_PERCENT = 10
_REDIS_S = 0.5

_SERVER = text("select current_setting('server_version_num')::int / 10000")
_CLOCK = text("select clock_timestamp()")
_REVISION = text("select version_num from alembic_version")
_RIGHTS = text("""
select r.rolname, r.rolsuper or r.rolbypassrls or r.rolcreaterole,
  (select count(*) from pg_class where relowner = r.oid)
from pg_roles r where r.rolname = current_user
""")
_UNFORCED = text("""
select asked.name from unnest(cast(:tables as text[])) as asked (name)
left join pg_class on pg_class.oid = to_regclass(asked.name)
where not coalesce(relrowsecurity and relforcerowsecurity, false) order by 1
""")
_GIVEN_UP = text(
    "select count(*) from outbox_message where done_at is not null and faults >= :faults"
)


@dataclass(frozen=True, slots=True)
class Check:
    """检查 — one thing that was looked at, whether it is well, and what was found, in words."""

    name: str
    ok: bool
    detail: str


def finding(name: str, *, ok: bool, **facts: object) -> Check:
    """A check with its sentence of `words/health.toml`: `<name>.ok` or `<name>.bad`."""
    return Check(name, ok, words.sentence("health", f"{name}.{'ok' if ok else 'bad'}", facts))


def ground(site: Site) -> Iterator[Check]:
    """What every process needs to serve at all, in the order in which one stands on another."""
    yield from _on_database(site, (_database, _version, _writable, _migrations))
    yield keys(site)


def readiness(site: Site) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """What must be well to serve, and what may be ill while people are still served."""
    return tuple(ground(site)), (redis(site), disk(), *_on_database(site, (waiting,)))


def deeper(site: Site) -> Iterator[Check]:
    """What an operator wants to know besides: rights, row security, the clock, durability."""
    yield from _on_database(site, (_role, _row_security, _clock, waiting, _given_up))
    yield redis(site)
    yield redis_durable(site)
    yield disk()


def _on_database(
    site: Site, looks: Sequence[Callable[[Site, Connection], Check]]
) -> Iterator[Check]:
    """Look by one connection; once it fails, what is left was not looked at, and says so.

    Nothing is ever committed: what a look writes is gone when the connection is given back.
    """
    left = list(looks)
    try:
        with site.engine.connect() as connection:
            while left:
                found = left[0](site, connection)
                del left[0]
                yield found
    except SQLAlchemyError as fault:
        yield silent(_name(left[0]), fault)
        yield from (skipped(_name(look)) for look in left[1:])


def silent(name: str, fault: SQLAlchemyError) -> Check:
    """The check during which the database fell silent."""
    cause = _cause(getattr(fault, "orig", None) or fault)
    return Check(name, False, words.sentence("health", "database.silent", {"cause": cause}))


def skipped(name: str) -> Check:
    """A check that could not be made, because the database was silent already."""
    return Check(name, False, words.sentence("health", "database.skipped", {}))


def _name(look: Callable[..., Check]) -> str:
    return look.__name__.strip("_")


def _database(site: Site, connection: Connection) -> Check:  # noqa: ARG001  every look has one shape
    begun = time.perf_counter()
    connection.execute(_CLOCK)
    return finding("database", ok=True, ms=f"{(time.perf_counter() - begun) * 1000:.1f}")


def _version(site: Site, connection: Connection) -> Check:  # noqa: ARG001
    version = connection.execute(_SERVER).scalar_one()
    return finding("version", ok=version >= OLDEST_POSTGRES, version=version, least=OLDEST_POSTGRES)


def _writable(site: Site, connection: Connection) -> Check:
    """Whether a message can be written: a full disk or a standby shows itself here."""
    now = site.clock()
    message = {"at": now, "topic": "health", "body": {}, "path": "", "due_at": now,
               "attempts": 0, "faults": 0}  # fmt: skip
    connection.execute(insert(OutboxMessage).values(message))
    return finding("writable", ok=True)


def _migrations(site: Site, connection: Connection) -> Check:  # noqa: ARG001
    standing = connection.execute(_REVISION).scalar_one_or_none()
    return finding("migrations", ok=standing == newest(), standing=standing, newest=newest())


def newest() -> str:
    """The number of the newest migration in the code."""
    return max(path.name[:4] for path in (config.ROOT / "migrations" / "versions").glob("0*.py"))


def _role(site: Site, connection: Connection) -> Check:  # noqa: ARG001
    role, above, owned = connection.execute(_RIGHTS).one()
    return finding("role", ok=not above and owned == 0, role=role, owned=owned)


def _row_security(site: Site, connection: Connection) -> Check:  # noqa: ARG001
    placed = [table for table, asked in protections().items() if asked["placed"]]
    bare = list(connection.execute(_UNFORCED, {"tables": placed}).scalars())
    return finding("row_security", ok=not bare, count=len(placed), tables=", ".join(bare))


def _clock(site: Site, connection: Connection) -> Check:
    ours = site.clock()
    apart = abs((connection.execute(_CLOCK).scalar_one() - ours).total_seconds())
    return finding("clock", ok=apart < CLOCK_S, seconds=f"{apart:.1f}", most=f"{CLOCK_S:.0f}")


def waiting(site: Site, connection: Connection) -> Check:
    """Whether what commits left to be done is being done."""
    with Session(connection) as session:
        count, oldest = outbox.backlog(session, site.clock())
    return finding("waiting", ok=oldest < OUTBOX_S, count=count, minutes=round(oldest / 60))


def _given_up(site: Site, connection: Connection) -> Check:  # noqa: ARG001
    count = connection.execute(_GIVEN_UP, {"faults": outbox.FAULTS}).scalar_one()
    return finding("given_up", ok=count == 0, count=count)


def keys(site: Site) -> Check:
    """Whether what is sealed opens again."""
    canary = Secret("canary")
    try:
        opened = site.vault.open(site.vault.seal(canary, "health"), "health")
    except InvalidError:
        return finding("keys", ok=False)
    return finding("keys", ok=opened == canary)


def redis(site: Site) -> Check:
    """Whether Redis answers soon; it only wakes workers, so its absence is slowness, not loss."""
    begun = time.perf_counter()
    try:
        with redis_client(site) as client:
            client.ping()
    except RedisError as fault:
        return finding("redis", ok=False, cause=_cause(fault))
    return finding("redis", ok=True, ms=f"{(time.perf_counter() - begun) * 1000:.1f}")


def redis_durable(site: Site) -> Check:
    """Whether Redis keeps what it holds: without its log, kill -9 empties it (trust.md 0.2)."""
    try:
        with redis_client(site) as client:
            persistence: dict[str, Any] = client.info("persistence")
    except RedisError as fault:
        return finding("redis_durable", ok=False, cause=_cause(fault))
    return finding("redis_durable", ok=bool(persistence.get("aof_enabled")), cause="AOF")


def redis_client(site: Site) -> Redis:
    """Redis for one look, which gives up at once: its own defaults hang for a minute."""
    return Redis.from_url(
        site.config.redis_url,
        socket_timeout=_REDIS_S,
        socket_connect_timeout=_REDIS_S,
        retry=Retry(NoBackoff(), 0),
    )


def _cause(fault: Exception) -> str:
    said = str(fault).strip()
    return said.splitlines()[0].rstrip(".") if said else type(fault).__name__


def disk(folder: Path | None = None) -> Check:
    """Whether there is room to write where we keep things."""
    state = folder or config.state_folder()
    used = shutil.disk_usage(state if state.exists() else config.ROOT)
    percent = used.free * 100 // used.total
    gib = f"{used.free / 2**30:.1f}"
    return finding("disk", ok=percent >= FREE_PERCENT, percent=percent, gib=gib, least=FREE_PERCENT)
