"""追回 — swipes that counted wait again, where their card had ceased to count before them.

A loss is often reported days later, when the swipes are long in. What comes of them does not hang
on which came first.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from app.attendance.queries import lookups
from app.attendance.queries.lookups import connection_of
from app.attendance.rules import AHEAD
from app.attendance.terms import Hold
from app.base.work import Work
from app.cards.terms import Card, CardState
from app.kernel.place import Place

# Card by card, each by the index of swipes: the `offset` keeps the planner from another way, which
# with statistics that are a minute old may be all swipes. What a person decided by hand stands.
_COUNTED = """
from unnest(%(cards)s::bigint[], %(numbers)s::text[], %(persons)s::bigint[],
  %(sinces)s::timestamptz[]) as gone(card_id, card_no, person_id, since)
cross join lateral (
  select c.*, c.ctid as place from swipe c
  where c.batch_id = any(%(batches)s::bigint[]) and c.person_id = gone.person_id
    and c.at >= gone.since and c.card_id = gone.card_id and c.state in ('accepted', 'duplicate')
  offset 0
) s
where not exists (
  select from quarantine q
  where q.device_id = s.device_id and q.epoch = s.epoch and q.seq = s.seq
    and q.resolution in ('attached', 'accepted') offset 0)"""
_BATCHES = f"select distinct s.batch_id{_COUNTED}"
_RECALL = f"""
with wrong as (
  select s.*, gone.card_no {_COUNTED}
  for update of s
), held as (
  -- By their places, which stay as they are while the rows are locked: the planner has no choice.
  update swipe s set state = 'quarantined', hold = %(hold)s from wrong w where s.ctid = w.place
), kept as (
  insert into quarantine (device_id, epoch, seq, upload_id, path, hold, activity_id, repeat,
    person_no, card_no)
  select w.device_id, w.epoch, w.seq, w.upload_id, w.path, %(hold)s, b.activity_id,
    w.state = 'duplicate', p.person_no, w.card_no
  from wrong w join person p on p.id = w.person_id
  join unnest(%(batches)s::bigint[], %(activities)s::text[]) as b(id, activity_id)
    on b.id = w.batch_id
  on conflict (device_id, epoch, seq) do update set hold = excluded.hold,
    card_no = coalesce(quarantine.card_no, excluded.card_no),
    resolved_at = null, resolved_by = null, resolution = null, resolved_reason = null
)
select batch_id, path, card_id, array_agg(concat_ws('-', device_id, epoch, seq) order by at)
from wrong group by 1, 2, 3"""  # noqa: S608  made of our own constants


def batches_with(work: Work, changed: Collection[Card]) -> set[int]:
    """The batches in which swipes counted that these cards made when they counted no more."""
    gone = _gone(changed)
    if not gone:
        return set()
    connection = connection_of(work)
    # Nothing counts that lies further ahead of the moment its file came.
    since = min(card.since for card in gone) - timedelta(milliseconds=AHEAD)
    batches = lookups.brought_batches(connection, since)
    return {row[0] for row in connection.execute(_BATCHES, _facts(gone, batches))}


def recall(work: Work, changed: Collection[Card], batch_ids: Collection[int]) -> int:
    """Let such swipes of these batches wait again; how many. The trail names each of them."""
    gone = _gone(changed)
    if not gone or not batch_ids:
        return 0
    facts = _facts(gone, batch_ids) | {
        "hold": Hold.REVOKED_CARD.value,
        "activities": [lookups.activity_id_of(batch_id) for batch_id in batch_ids],
    }
    found = connection_of(work).execute(_RECALL, facts).fetchall()
    for batch_id, path, card_id, swipes in found:
        work.note("batch", batch_id, Place(path), kind="recall", card_id=card_id, swipes=swipes)
    return sum(len(swipes) for *_, swipes in found)


def _gone(changed: Collection[Card]) -> list[Card]:
    return [card for card in changed if card.state is not CardState.ACTIVE]


def _facts(gone: Collection[Card], batch_ids: Collection[int]) -> dict[str, Any]:
    return {
        "cards": [card.id for card in gone],
        "numbers": [card.no for card in gone],
        "persons": [card.person_id for card in gone],
        "sinces": [card.since for card in gone],
        "batches": list(batch_ids),
    }
