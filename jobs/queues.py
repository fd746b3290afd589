"""Which outbox topic is answered by which job, and the queue by which workers are woken."""

from __future__ import annotations

from enum import StrEnum

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue as RedisQueue
from rq.serializers import JSONSerializer

from app.base.site import Handler
from jobs import awards, binding, sweeping, transfers, uploads, wechat

# A black-holed Redis must not hold anybody: its own defaults hang for a minute.
_ANSWER_S = 1.0
# Ends a job that hangs.
TIMEOUT_S = 3600


class Queue(StrEnum):
    """队列 — the one queue: a call to come and look; the rows say what is to be done."""

    OUTBOX = "kejiao-outbox"


# topic → the job that answers it
HANDLERS: dict[str, Handler] = {
    "accounts.recheck": binding.recheck,
    "accounts.settle": binding.settle,
    "attendance.intake": uploads.intake,
    "awards.run": awards.carry_out,
    "awards.run.given_up": awards.give_up,
    "cards.changed": uploads.settle,
    "credits.check": sweeping.reconcile,
    "house.sweep": sweeping.sweep,
    "transfers.expire": transfers.expire,
    "wechat.answer": wechat.answer,
    "wechat.menu": wechat.menu,
    "wechat.tag": wechat.tag,
    "wechat.tell": wechat.tell,
}


def connect(url: str) -> Redis:
    """Redis as a client that gives up fast; for a worker's blocking reads use its own."""
    return Redis.from_url(
        url,
        socket_timeout=_ANSWER_S,
        socket_connect_timeout=_ANSWER_S,
        retry=Retry(NoBackoff(), 1),
    )


def outbox(redis: Redis) -> RedisQueue:
    """The queue, with JSON in it: who can write to Redis must not be able to run code here."""
    return RedisQueue(Queue.OUTBOX, connection=redis, serializer=JSONSerializer)
