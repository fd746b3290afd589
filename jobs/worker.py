"""工人 — does messages of the outbox when Redis wakes it; `python -m jobs.worker`.

The process that does one message is forked for it and builds its own site, so nothing of a
connection is shared, and a message that kills its process kills no worker.
"""

from __future__ import annotations

import time

import redis
import structlog
from rq import Worker
from rq.serializers import JSONSerializer

from app import config
from app.base import outbox
from app.main import build
from jobs.queues import connect
from jobs.queues import outbox as queue_of

# A worker that died is noticed by its own database lease; these only keep Redis tidy.
_TTL_S, _MONITOR_S, _MAINTENANCE_S = 30, 5, 15
_PAUSE_S = 1.0

log = structlog.get_logger(__name__)


def deliver(message_id: int) -> None:
    """Do one message of the outbox, if it is still to be done."""
    site = build(config.load())
    try:
        outbox.deliver(site, message_id)
    finally:
        site.engine.dispose()


def main() -> None:
    """Work until asked to stop; a Redis that is away is waited for."""
    settings = config.load()
    while True:
        broker = connect(settings.redis_url)
        try:
            worker = Worker(
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
            time.sleep(_PAUSE_S)
        else:
            return


if __name__ == "__main__":
    main()
