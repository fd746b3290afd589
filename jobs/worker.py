"""工人 — does what is due in the outbox when Redis wakes it; `python -m jobs.worker`.

The process that does it is forked for each call and builds its own site, so nothing of a connection
is shared, and a message that kills its process kills no worker.
"""

from __future__ import annotations

import contextlib
import time
from types import FrameType

import redis
import structlog
from rq import Worker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from app import config
from app.base import outbox
from app.main import build
from jobs.queues import connect
from jobs.queues import outbox as queue_of

# What a worker that died was at is free at once, in the database; these only keep Redis tidy.
_TTL_S, _MONITOR_S, _MAINTENANCE_S = 30, 5, 15
_PAUSE_S = 1.0
# A worker that is asked to end waits so long for its horse, and for the message it began last.
_SHIFT_S = 10.0
# RQ's own patience with a Redis that is away grows to a minute.
_LONGEST_PAUSE_S = 5.0

log = structlog.get_logger(__name__)


class _Worker(Worker):
    """RQ's worker, which ends by itself when Redis fails it; this one says whether it was asked."""

    max_connection_wait_time = _LONGEST_PAUSE_S
    asked_to_end = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """End after the message that is under way, also while Redis is away."""
        self.asked_to_end = True
        try:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ has no types
        except redis.RedisError:
            raise StopRequested from None


def work_off() -> None:
    """Do what is due, one message after the other, until nothing is or the shift is over."""
    site = build(config.load())
    until = time.monotonic() + _SHIFT_S
    try:
        while time.monotonic() < until and outbox.deliver_next(site):
            pass
    finally:
        site.engine.dispose()


def main() -> None:
    """Work until asked to stop; a Redis that is away is waited for."""
    settings = config.load()
    with contextlib.suppress(StopRequested):
        while not _works(settings.redis_url):
            time.sleep(_PAUSE_S)


def _works(redis_url: str) -> bool:
    """Work as long as Redis answers; whether the end was asked for."""
    broker = connect(redis_url)
    worker = None
    try:
        worker = _Worker(
            [queue_of(broker)],
            connection=broker,
            serializer=JSONSerializer,
            worker_ttl=_TTL_S,
            job_monitoring_interval=_MONITOR_S,
            maintenance_interval=_MAINTENANCE_S,
        )
        worker.work(logging_level="WARNING")
    except redis.RedisError as fault:
        log.warning("worker.redis_away", fault=str(fault))
    return worker is not None and worker.asked_to_end


if __name__ == "__main__":
    main()
