"""The running product as one value: what every unit of work stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from app.base.vault import Vault
from app.config import Config

if TYPE_CHECKING:
    from app.base.work import Work

APP_ROLE = "kejiao_app"

Handler = Callable[["Work", Mapping[str, Any]], None]


def wall_clock() -> datetime:
    """The one place where the product reads the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """站点 — settings, database, keys, clock, and who answers which outbox topic."""

    config: Config
    engine: Engine
    vault: Vault
    handlers: Mapping[str, Handler]
    # Who speaks to each kind of terminal; app.attendance knows in which words.
    drivers: Mapping[str, object] = field(default_factory=dict)
    clock: Callable[[], datetime] = wall_clock


def connect(url: str, *, pool_size: int, statement_timeout_ms: int = 0) -> Engine:
    """An engine whose every connection acts as the app's role, under row security.

    The role is set by the server at log-in, so it costs no round trip; where the URL's own user is
    the owner or a superuser, this is what keeps the second wall standing.
    """
    options = (
        f"-c role={APP_ROLE} -c timezone=UTC -c statement_timeout={statement_timeout_ms}"
        # Compiling a query that runs once costs more than it saves.
        " -c jit=off"
        # What a killed process or a lost machine held is let go of in seconds, not in hours.
        " -c client_connection_check_interval=2s"
        " -c tcp_keepalives_idle=10s -c tcp_keepalives_interval=5s -c tcp_keepalives_count=2"
    )
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"options": options, "connect_timeout": 5},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        # What is stored of people must not come into a log with the text of a fault.
        hide_parameters=True,
    )
