"""考情 — what a batch's judging must know: swipes, what is not counted, where people were else."""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Callable, Collection, Generator
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, text, true
from sqlalchemy.orm import InstrumentedAttribute

from app.attendance.tables import QuarantineRow, SwipeRow
from app.attendance.terms import Hold, SwipeState
from app.awards.tables import DenialRow
from app.awards.terms import Cause, Crowd, Stretch, Uncounted
from app.base.work import Work, driver_connection
from app.cards import queries as cards
from app.cards.terms import CardState
from app.kernel.place import Place
from app.kernel.span import in_ms
from app.people.tables import PersonRow
from app.projects.terms import Batch

_DAY = timedelta(days=1)

# Packed by the server: one row a person instead of one a swipe. The index gives the swipes in
# order, and the aggregate keeps the order in which it is fed.
_CROWD = """
select person_id, string_agg(
  int8send((date_part('epoch', at) * 1000)::bigint), ''::bytea
) filter (where state in ('accepted', 'duplicate'))
from (
  select person_id, at, state from swipe
  where batch_id = %s and person_id is not null and state <> 'discarded'
  order by person_id, at
) ordered
group by person_id order by person_id
"""
# As the index has them in order, nothing is sorted.
_CROWD_SIZE = text("""
select count(*) from (
  select from swipe
  where batch_id = :batch_id and person_id is not null and state <> 'discarded'
  group by person_id
) people
""")
# More at once take longer each: what is alive must be looked through for what is not.
_PEOPLE_AT_ONCE = 1_000

# Person by person, each by the index: joined in one, statistics that are a minute old can make the
# planner compare every swipe with every verdict. What has an `offset` it does not turn into a join.
_OTHER_STRETCHES = """
with judged as materialized (
  select r.id as run_id, b.id as batch_id, p.name
  from award_run r
  join batch b on b.id = r.batch_id
  join project p on p.id = b.project_id
  where r.state = 'done' and b.id <> :batch_id
    and b.starts_at < :until and b.ends_at > :since
)
select granted.person_id, judged.name, there.since, there.until
from judged
cross join lateral (
  select distinct v.person_id from award_verdict v
  where v.run_id = judged.run_id and v.granted and {of_whom}
) granted
cross join lateral (
  select min(s.at) as since, max(s.at) as until from swipe s
  where s.batch_id = judged.batch_id and s.person_id = granted.person_id
    and s.state in ('accepted', 'duplicate')
  group by (s.at at time zone 'Asia/Shanghai')::date
) there
where exists (
  select from swipe m where m.batch_id = :batch_id and m.person_id = granted.person_id offset 0
)
order by granted.person_id, there.since, judged.name
"""
_OF_ALL = text(_OTHER_STRETCHES.format(of_whom="true"))
_OF_ONE = text(_OTHER_STRETCHES.format(of_whom="v.person_id = :person_id"))

_SAME_RECORD = and_(
    QuarantineRow.device_id == SwipeRow.device_id,
    QuarantineRow.epoch == SwipeRow.epoch,
    QuarantineRow.seq == SwipeRow.seq,
)

_CAUSES = {
    Hold.CLOCK_SKEW: Cause.CLOCK_SKEW,
    Hold.UNSYNCED: Cause.UNSYNCED,
    Hold.FUTURE_TIME: Cause.FUTURE_TIME,
}
_CARD_CAUSES = {CardState.LOST: Cause.LOST, CardState.REPLACED: Cause.REPLACED}


def crowd(work: Work, batch_id: int) -> Generator[Crowd]:
    """考情 — each person whom a record of the batch names, with the ms of their counted swipes.

    In order of person, a thousand at a time; swipes ascend; a person of whom no record is
    counted has none. The rows are read in binary while the server still makes them, so that
    judging and reading overlap; until the end, or until it is closed, which leaves the transaction
    failed, the connection can do nothing else.
    """
    with driver_connection(work).cursor(binary=True) as cursor:
        rows = cursor.stream(_CROWD, (batch_id,), size=_PEOPLE_AT_ONCE)
        try:
            while some := list(itertools.islice(rows, _PEOPLE_AT_ONCE)):
                yield [
                    (person, _unpacker(len(packed))(packed) if packed else ())
                    for person, packed in some
                ]
        finally:
            rows.close()  # type: ignore[attr-defined]  # a generator, though psycopg does not say


def crowd_size(work: Work, batch_id: int) -> int:
    """How many people the crowd of a batch has."""
    return int(work.session.execute(_CROWD_SIZE, {"batch_id": batch_id}).scalar_one())


@functools.cache
def _unpacker(size: int) -> Callable[[bytes], tuple[int, ...]]:
    return struct.Struct(f">{size // 8}q").unpack


def swipes_of(work: Work, batch_id: int, person_id: int) -> tuple[int, ...]:
    """The ms of one person's counted swipes of a batch, ascending."""
    rows = work.session.scalars(
        select(SwipeRow.at)
        .where(
            SwipeRow.batch_id == batch_id,
            SwipeRow.person_id == person_id,
            SwipeRow.state.in_([SwipeState.ACCEPTED, SwipeState.DUPLICATE]),
        )
        .order_by(SwipeRow.at)
    )
    return tuple(in_ms(at) for at in rows)


def named_in(work: Work, person_id: int, batch_ids: Collection[int]) -> set[int]:
    """Which of the batches have a record that names the person and was not discarded."""
    if not batch_ids:
        return set()
    return set(
        work.session.scalars(
            select(SwipeRow.batch_id)
            .where(
                SwipeRow.batch_id.in_(batch_ids),
                SwipeRow.person_id == person_id,
                SwipeRow.state != SwipeState.DISCARDED,
            )
            .distinct()
        )
    )


def uncounted(
    work: Work, batch_id: int, person_id: int | None = None
) -> dict[int, tuple[Uncounted, ...]]:
    """Records of the batch that name a person and wait because of the card or the clock."""
    asked = (
        select(SwipeRow.person_id, SwipeRow.hold, SwipeRow.at, SwipeRow.at_dev,
               QuarantineRow.corrected_at, QuarantineRow.card_no)
        .join(QuarantineRow, _SAME_RECORD)
        .where(
            SwipeRow.batch_id == batch_id,
            SwipeRow.state == SwipeState.QUARANTINED,
            SwipeRow.hold.in_([*_CAUSES, Hold.REVOKED_CARD]),
            SwipeRow.person_id.is_not(None),
            _about(SwipeRow.person_id, person_id),
        )
        .order_by(SwipeRow.person_id, SwipeRow.at, SwipeRow.seq)
    )  # fmt: skip
    rows = work.session.execute(asked).all()
    held = cards.cards_by_no(work, {row.card_no for row in rows if row.card_no})
    found: dict[int, tuple[Uncounted, ...]] = {}
    for row in rows:
        cause = _CAUSES.get(Hold(row.hold))
        if cause is None:
            card = held.get(row.card_no)
            cause = _CARD_CAUSES.get(card.state, Cause.REVOKED) if card else Cause.REVOKED
        skew = None
        if row.corrected_at is not None:
            skew = round((row.corrected_at - row.at_dev).total_seconds())
        one = Uncounted(cause, in_ms(row.at), skew)
        found[row.person_id] = (*found.get(row.person_id, ()), one)
    return found


def unknown_card_count(work: Work, batch_id: int) -> int:
    """How many different cards that nobody knows wait in the batch."""
    card = func.coalesce(QuarantineRow.card_no, func.encode(QuarantineRow.uid_h, "hex"))
    return work.session.scalar(
        select(func.count(func.distinct(func.coalesce(card, QuarantineRow.person_no))))
        .select_from(SwipeRow)
        .join(QuarantineRow, _SAME_RECORD)
        .where(
            SwipeRow.batch_id == batch_id,
            SwipeRow.state == SwipeState.QUARANTINED,
            SwipeRow.hold == Hold.UNKNOWN_CARD,
        )
    ) or 0  # fmt: skip


def stretches_elsewhere(
    work: Work, batch: Batch, person_id: int | None = None
) -> dict[int, tuple[Stretch, ...]]:
    """Where people of this batch were, day by day, in batches they are already granted in."""
    asked = {
        "batch_id": batch.id, "person_id": person_id,
        "since": batch.span.start - _DAY, "until": batch.span.end + _DAY,
    }  # fmt: skip
    rows = work.session.execute(_OF_ALL if person_id is None else _OF_ONE, asked)
    found: dict[int, tuple[Stretch, ...]] = {}
    for person, project, first, last in rows:
        one = Stretch(in_ms(first), in_ms(last), project)
        found[person] = (*found.get(person, ()), one)
    return found


def denied(work: Work, batch_id: int, person_id: int | None = None) -> dict[int, str]:
    """Whom the host gives nothing of the batch, and why."""
    rows = work.session.execute(
        select(DenialRow.person_id, DenialRow.reason).where(
            DenialRow.batch_id == batch_id, _about(DenialRow.person_id, person_id)
        )
    )
    return {row.person_id: row.reason for row in rows}


def denials_of(work: Work, person_id: int, batch_ids: Collection[int]) -> dict[int, str]:
    """In which of the batches the host gives the person nothing, and why."""
    rows = work.session.execute(
        select(DenialRow.batch_id, DenialRow.reason).where(
            DenialRow.person_id == person_id, DenialRow.batch_id.in_(batch_ids)
        )
    )
    return {row.batch_id: row.reason for row in rows}


def outside(work: Work, batch_id: int, place: Place, person_id: int | None = None) -> set[int]:
    """People whom a record of the batch names and who do not stand at or under the place."""
    asked = (
        select(SwipeRow.person_id)
        .join(PersonRow, PersonRow.id == SwipeRow.person_id)
        .where(
            SwipeRow.batch_id == batch_id,
            ~func.starts_with(PersonRow.path, place.path),
            _about(SwipeRow.person_id, person_id),
        )
        .distinct()
    )
    return {person for person in work.session.scalars(asked) if person is not None}


def _about(column: InstrumentedAttribute[Any], person_id: int | None) -> ColumnElement[bool]:
    """Whom a question is about: everyone, or one person, of whom it reads a handful of rows."""
    return true() if person_id is None else column == person_id
