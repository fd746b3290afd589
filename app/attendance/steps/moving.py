"""改时间 — what becomes of swipes that count at another time: their cards, and who repeats whom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from app.attendance.queries.clocks import MINUTE
from app.attendance.queries.lookups import connection_of
from app.attendance.rules import Moved, repeating
from app.attendance.steps import settling
from app.attendance.terms import SwipeState
from app.base.work import Work
from app.cards import queries as cards
from app.cards.terms import CardState

_MOVE = """
update swipe set at = at + make_interval(mins => %(shift)s)
where batch_id = %(batch)s and device_id = %(device)s and upload_id = any(%(uploads)s)"""
_MOVED = """
from swipe where batch_id = %(batch)s and device_id = %(device)s and upload_id = any(%(uploads)s)"""
_CARDS = f"select distinct card_id {_MOVED} and card_id is not null"
_COUNTED = f"""
select person_id, device_id, epoch, seq, (extract(epoch from at) * 1000)::bigint,
  state = 'duplicate', device_id = %(device)s and upload_id = any(%(uploads)s)
from swipe
where batch_id = %(batch)s and state in ('accepted', 'duplicate')
  and person_id in (select person_id {_MOVED})
order by person_id, device_id, epoch, seq"""  # noqa: S608  made of our own constants
_RESTATE = """
update swipe s set state = new.state
from unnest(%(devices)s::int[], %(epochs)s::int[], %(seqs)s::bigint[], %(states)s::text[])
  as new (device, epoch, seq, state)
where s.device_id = new.device and s.epoch = new.epoch and s.seq = new.seq"""


def move(work: Work, batch_id: int, device_id: int, uploads: Sequence[int], shift: int) -> int:
    """What these files brought for the batch counts so many minutes later; how many records.

    Of cards that were lost, replaced or stopped it is judged anew whether they still were theirs to
    use, and of everybody concerned which of their swipes repeat another. The caller reaches, holds
    the records of the batch, and lets no card be settled meanwhile.
    """
    facts = {"batch": batch_id, "device": device_id, "uploads": list(uploads), "shift": shift}
    connection = connection_of(work)
    count = connection.execute(_MOVE, facts).rowcount
    used = [card_id for (card_id,) in connection.execute(_CARDS, facts)]
    found = cards.cards_of(work, used, with_uid=True).values()
    gone = [card for card in found if card.state is not CardState.ACTIVE]
    settling.settle_cards(work, gone, (), batch_ids=[batch_id])
    occasion = settling.occasions_of(work, [batch_id])[batch_id]
    keys: list[tuple[int, int, int]] = []
    states: list[str] = []
    for _, rows in groupby(connection_of(work).execute(_COUNTED, facts), itemgetter(0)):
        own = list(rows)
        swipes = [
            Moved(at - shift * MINUTE if moved else at, at, repeat) for *_, at, repeat, moved in own
        ]
        for row, swipe, repeats in zip(own, swipes, repeating(occasion, swipes), strict=True):
            if repeats is not swipe.repeat:
                keys.append(row[1:4])
                states.append(SwipeState.DUPLICATE if repeats else SwipeState.ACCEPTED)
    if keys:
        devices, epochs, seqs = map(list, zip(*keys, strict=True))
        restated = {"devices": devices, "epochs": epochs, "seqs": seqs, "states": states}
        connection_of(work).execute(_RESTATE, restated)
    return count
