"""中继 — wakes workers, by Redis, while something is due in the outbox; `python -m jobs.relay`.

It is woken by the database when something was committed, and looks each second besides. It hands
out no messages, only calls to come and look, so an emptied Redis loses nothing. When Redis has been
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
# Calls that lie in Redis at once; whom they wake does all that is due, so a few wake any number.
_CALLS = 8
_ALONE_AFTER_S = 10.0
_PAUSE_S = 0.5

log = structlog.get_logger(__name__)


class Relay:
    """One relay; any number may run, for a worker that is called in vain goes back to sleep."""

    def __init__(self, site: Site, broker: Redis) -> None:
        self._site = site
        self._queue: RedisQueue = queue_of(broker)
        self._away_since: float | None = None
        self._going = True

    def stop(self, *_: int | FrameType | None) -> None:
        """End after the round that is under way."""
        self._going = False

    def run(self) -> None:
        """Wake workers until stopped; a database or Redis that is away is waited for."""
        while self._going:
            try:
                with self._listening() as ear:
                    while self._going:
                        while self.look():
                            pass
                        for _ in ear.notifies(timeout=_LOOK_S, stop_after=1):
                            pass
            except (psycopg.OperationalError, DBAPIError) as fault:
                log.warning("relay.database_away", fault=str(fault).splitlines()[0])
                time.sleep(_PAUSE_S)

    def look(self) -> bool:
        """See that what is due is done, by workers or here; whether to look again at once."""
        with Session(self._site.engine) as session:
            waiting = len(outbox.due(session, self._site.clock(), _CALLS))
        try:
            self._call(waiting)
        except redis.RedisError as fault:
            return self._alone(fault) and self._do_one()
        self._away_since = None
        return False

    def _call(self, waiting: int) -> None:
        calls = waiting - self._queue.count if waiting else 0
        if calls > 0:
            self._queue.enqueue_many([
                RedisQueue.prepare_data(
                    "jobs.worker.work_off", timeout=TIMEOUT_S, result_ttl=0, failure_ttl=3600
                )
            ] * calls)  # fmt: skip

    def _alone(self, fault: redis.RedisError) -> bool:
        """Whether Redis has been away for so long that nobody else does the work."""
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.warning("relay.redis_away", fault=str(fault))
        return time.monotonic() - self._away_since > _ALONE_AFTER_S

    def _do_one(self) -> bool:
        try:
            return outbox.deliver_next(self._site)
        except Exception:  # the outermost door: the message was put back, with its fault
            log.exception("relay.job_failed")
            return False

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
