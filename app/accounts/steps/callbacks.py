"""回调领取 — who answers a message of the platform, and what every resend of it receives.

The platform sends a message up to four times, maybe to four processes (wechat.md 1.2). Each of
these steps is one statement that commits by itself, so they close every race at the database: one
delivery is the first, the others replay what it stored, or wait until it is too old to be alive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import text

from app.accounts.queries import alone
from app.accounts.rules import ANSWERING
from app.accounts.terms import Claimed, Turn
from app.base.site import Site
from app.kernel.place import Place

# One round trip: the row is made, or taken over from a process that died, or read. A row that
# appears while this runs is neither claimed nor seen: then somebody else has just begun.
_CLAIM = text("""
with claimed as (
  insert into callback (slug, key, at) values (:slug, :key, :now)
  on conflict (slug, key) do update set at = excluded.at
  where callback.reply is null and callback.at <= :stale
  returning true
)
select exists (select from claimed),
  (select reply from callback where slug = :slug and key = :key)
""")

# The first reply stands; a process that was thought dead sends what its successor stored.
_STORE = text("""
update callback set reply = coalesce(reply, :reply) where slug = :slug and key = :key
returning reply
""")

# The message and what will be done about it, in one statement: none is forgotten, none done twice.
TOPIC = "wechat.answer"
_DEFER = text("""
with stored as (
  update callback set reply = :reply where slug = :slug and key = :key and reply is null
  returning true
), told as (
  insert into outbox_message (at, topic, body, path, due_at, attempts, faults)
  select :now, :topic, cast(:body as jsonb), :path, :now, 0, 0 from stored
  returning id
)
select pg_notify('kejiao_outbox', '') from told
""")


def claim_callback(site: Site, slug: str, key: bytes) -> Claimed:
    """领取回调 — whose turn it is to answer the message of that key on that account."""
    now = site.clock()
    facts = {"slug": slug, "key": key, "now": now, "stale": now - ANSWERING}
    first, reply = alone(site, _CLAIM, facts).one()
    if first:
        return Claimed(Turn.FIRST)
    if reply is None:
        return Claimed(Turn.RUNNING)
    return Claimed(Turn.REPLAY, bytes(reply))


def store_reply(site: Site, slug: str, key: bytes, reply: bytes) -> bytes:
    """存回复 — the reply that now stands for the message: this one, or one that was sooner."""
    facts = {"slug": slug, "key": key, "reply": reply}
    standing = alone(site, _STORE, facts).scalar_one_or_none()
    return reply if standing is None else bytes(standing)


def answer_later(
    site: Site, slug: str, key: bytes, reply: bytes, asked: Mapping[str, str]
) -> bytes:
    """以后再答 — this reply stands for now, and a job answers; the reply that stands."""
    alone(
        site,
        _DEFER,
        {
            "slug": slug, "key": key, "reply": reply, "now": site.clock(), "topic": TOPIC,
            "body": json.dumps({"slug": slug, **asked}), "path": Place.nowhere().path,
        },
    )  # fmt: skip
    return store_reply(site, slug, key, reply)
