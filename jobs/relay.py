"""中继 — hands what is due in the outbox to the workers, by Redis; `python -m jobs.relay`.

It is woken by the database when something was committed, and looks each second besides. A message
is handed out again while nobody holds it, so an emptied Redis loses nothing. When Redis has been
away for a while, the relay does the work itself: slower, but it is done.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

import psycopg
import redis
import structlog
from redis import Redis
from rq import Queue as RedisQueue
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import config
from app.base import outbox
from app.base.site import Site
from app.main import build
from jobs.queues import TIMEOUT_S, connect
from jobs.queues import outbox as queue_of

_LOOK_S = 1.0
_BATCH = 200
_ALONE_AFTER_S = 10.0
_PAUSE_S = 0.5

log = structlog.get_logger(__name__)


class Relay:
    """One relay; any number may run, for a message is handed out by a row lock."""

    def __init__(self, site: Site, broker: Redis) -> None:
        self._site = site
        self._queue: RedisQueue = queue_of(broker)
        self._away_since: float | None = None
        self._going = True

    def stop(self, *_: int | FrameType | None) -> None:
        """End after the round that is under way."""
        self._going = False

    def run(self) -> None:
        """Hand out until stopped; a database or Redis that is away is waited for."""
        while self._going:
            try:
                with self._listening() as ear:
                    while self._going:
                        while self.hand_out():
                            pass
                        for _ in ear.notifies(timeout=_LOOK_S, stop_after=1):
                            pass
            except (psycopg.OperationalError, DBAPIError) as fault:
                log.warning("relay.database_away", fault=str(fault).splitlines()[0])
                time.sleep(_PAUSE_S)

    def hand_out(self) -> bool:
        """Hand what is due to the workers, or do it here; whether there may be more."""
        ids = self._wake()
        if ids is None:
            return self._alone() and self._do_one()
        return len(ids) == _BATCH

    def _wake(self) -> list[int] | None:
        """Hand ids to Redis within the transaction that marks them; None when Redis is away."""
        try:
            with Session(self._site.engine) as session, session.begin():
                ids = outbox.due(session, self._site.clock(), _BATCH)
                if ids:
                    self._queue.enqueue_many([
                        RedisQueue.prepare_data(
                            "jobs.worker.deliver", [one], timeout=TIMEOUT_S, result_ttl=0,
                            failure_ttl=3600,
                        )
                        for one in ids
                    ])  # fmt: skip
        except redis.RedisError as fault:
            if self._away_since is None:
                self._away_since = time.monotonic()
                log.warning("relay.redis_away", fault=str(fault))
            return None
        self._away_since = None
        return ids

    def _alone(self) -> bool:
        since = self._away_since
        return since is not None and time.monotonic() - since > _ALONE_AFTER_S

    def _do_one(self) -> bool:
        with Session(self._site.engine) as session, session.begin():
            ids = outbox.due(session, self._site.clock(), 1)
        for one in ids:
            try:
                outbox.deliver(self._site, one)
            except Exception:  # the outermost door: the message was put back, with its fault
                log.exception("relay.job_failed", message=one)
        return bool(ids)

    def _listening(self) -> psycopg.Connection:
        url = make_url(self._site.config.database_url.reveal()).set(drivername="postgresql")
        ear = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
        ear.execute("listen kejiao_outbox")
        return ear


def main() -> None:
    """Run until asked to stop."""
    site = build(config.load())
    relay = Relay(site, connect(site.config.redis_url))
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, relay.stop)
    relay.run()


if __name__ == "__main__":
    main()
