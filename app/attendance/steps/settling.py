"""了结 — records are judged again when a card or a person they name changed or became known."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.attendance.queries import lookups, waiting
from app.attendance.queries.lookups import Connection, connection_of
from app.attendance.queries.waiting import Named, Waiting
from app.attendance.rules import Occasion, identity, occasion_of, repeats_any
from app.attendance.steps import locks, recalling
from app.attendance.steps.drivers import driver_of
from app.attendance.terms import (
    SUPPRESS_SECONDS,
    DeviceKind,
    Hold,
    Resolution,
    SwipeId,
    SwipeState,
)
from app.base.work import Work
from app.cards import queries as cards
from app.cards.terms import Card
from app.kernel.place import Place
from app.kernel.span import in_ms
from app.people import queries as people
from app.people.terms import Person
from app.projects import queries as projects

# Whether a record waits is asked in a way for which there are no statistics: old ones that know of
# none make the planner compare every record that waits with every conclusion.
_CONCLUDE = """
update swipe s set state = f.state, person_id = f.person, card_id = nullif(f.card, 0), hold = f.hold
from unnest(%(devices)s::int[], %(epochs)s::int[], %(seqs)s::bigint[], %(states)s::text[],
  %(persons)s::bigint[], %(cards)s::bigint[], %(holds)s::text[])
  as f(device, epoch, seq, state, person, card, hold)
where s.device_id = f.device and s.epoch = f.epoch and s.seq = f.seq
  and s.state || '' = 'quarantined'"""
_REMEMBER = """
update quarantine q set hold = f.hold,
  resolved_at = case when f.state = 'quarantined' then null else %(now)s end,
  resolved_by = case when f.state = 'quarantined' then null else %(by)s end,
  resolution = case when f.state = 'quarantined' then null else %(resolution)s end
from unnest(%(devices)s::int[], %(epochs)s::int[], %(seqs)s::bigint[], %(states)s::text[],
  %(holds)s::text[]) as f(device, epoch, seq, state, hold)
where q.device_id = f.device and q.epoch = f.epoch and q.seq = f.seq
  and coalesce(q.resolved_at, 'infinity') = 'infinity'"""


@dataclass(frozen=True, slots=True)
class Made:
    """判明的一条 — a record that waited, who made it, and with which card; 0 for none known."""

    record: Waiting
    person: int
    card: int


@dataclass(frozen=True, slots=True)
class Conclusion:
    """结论 — what becomes of a record that waited; quarantined where it waits for more."""

    of: Made
    state: SwipeState
    hold: Hold


def settle(work: Work, batch_ids: Collection[int]) -> int:
    """Judge again what these batches have of cards that changed a moment ago.

    The settling of such changes is on its way; whoever is about to award does not wait for it. The
    caller reaches. How many records changed.
    """
    card_ids, person_ids = waiting.changes_under_way(work)
    changed = cards.cards_of(work, card_ids, with_uid=True).values()
    known = people.people_of(work, person_ids).values()
    return settle_cards(work, changed, known, batch_ids=batch_ids)


def settle_cards(
    work: Work,
    changed: Collection[Card],
    known: Collection[Person],
    *,
    batch_ids: Collection[int] | None = None,
) -> int:
    """Judge again what waits for these cards and people, or counts and was made with these cards.

    In these batches, or in all; how many records changed. The cards come with their UIDs. The
    caller reaches. All batches are locked before a record is read that is judged: an award may just
    be judging the same, by what was known before.
    """
    if not changed and not known:
        return 0
    named, chips = _named(work, changed, known)
    if batch_ids is None:
        batch_ids = recalling.batches_with(work, changed) | waiting.batches_with(work, named)
    locks.records_may_change(work, batch_ids)
    recalled = recalling.recall(work, changed, batch_ids)
    return recalled + sum(
        _settle(work, page, chips) for page in waiting.pages(work, named, batch_ids)
    )


def settle_one(work: Work, swipe: SwipeId) -> None:
    """Judge one record again that waits for its person."""
    one = waiting.one(work, swipe)
    if one is not None:
        locks.records_may_change(work, [one.batch_id])
        chips = waiting.card_of_chip(waiting.salts(work))
        _settle(work, [one], chips)


def occasions_of(work: Work, batch_ids: Iterable[int]) -> dict[int, Occasion]:
    """The batches as judging needs them."""
    found = projects.batches_of(work, set(batch_ids))
    return {batch.id: occasion_of(batch, SUPPRESS_SECONDS) for batch in found.values()}


def _named(
    work: Work, changed: Collection[Card], known: Collection[Person]
) -> tuple[Named, Mapping[tuple[str | None, bytes], int]]:
    """How records name what changed; and the card behind each chip by which one that waits does."""
    salts = waiting.salts(work)
    driver = driver_of(work, DeviceKind.MBOX)
    fresh = {
        (
            package.package_id,
            driver.uid_hash(package.salt, bytes.fromhex(card.uid.reveal())),
        ): card.id
        for package in salts
        for card in changed
        if card.uid is not None
    }
    named = Named(
        numbers=[person.no for person in known],
        cards=[card.no for card in changed],
        chips={uid_h for _, uid_h in fresh},
    )
    # What a package named stands, as it does when its records come in.
    return named, fresh | waiting.card_of_chip(salts)


def _settle(work: Work, page: list[Waiting], chips: Mapping[tuple[str | None, bytes], int]) -> int:
    connection = connection_of(work)
    numbers = lookups.people(connection, {one.person_no for one in page if one.person_no})
    cards_by_no = lookups.cards(connection, {one.card_no for one in page if one.card_no})
    behind = [chips.get((one.package_id, one.uid_h or b""), 0) for one in page]
    holders = lookups.holders(connection, {card for card in behind if card})
    ready: list[Made] = []
    conclusions: list[Conclusion] = []
    for one, chip in zip(page, behind, strict=True):
        card, holder = cards_by_no.get(one.card_no or "", (0, None))
        seen = (holder, holders.get(chip))
        person, hold = identity(numbers.get(one.person_no or ""), seen, in_ms(one.at))
        hold = hold or one.clock_hold
        if person is None or hold is one.hold:
            continue
        made = Made(one, person, chip or card)
        if hold is None:
            ready.append(made)
        else:
            conclusions.append(Conclusion(made, SwipeState.QUARANTINED, hold))
    conclusions += _counted(work, connection, ready)
    _conclude(work, connection, conclusions)
    return len(conclusions)


def _counted(work: Work, connection: Connection, ready: list[Made]) -> list[Conclusion]:
    """Accept them in order of time, repeats of what is counted excepted."""
    occasions = occasions_of(work, {one.record.batch_id for one in ready})
    conclusions = []
    for batch_id, occasion in occasions.items():
        mine = [(in_ms(one.record.at), one) for one in ready if one.record.batch_id == batch_id]
        mine.sort(key=lambda entry: entry[0])
        counted = lookups.counted(
            connection, batch_id, 0, {one.person for _, one in mine},
            mine[0][0] - occasion.suppress, mine[-1][0],
        )  # fmt: skip
        for at, one in mine:
            times = counted.setdefault(one.person, [])
            state = SwipeState.ACCEPTED
            if one.record.repeat or repeats_any(occasion, at, times):
                state = SwipeState.DUPLICATE
            else:
                insort(times, at)
            conclusions.append(Conclusion(one, state, one.record.hold))
    return conclusions


def _conclude(work: Work, connection: Connection, conclusions: list[Conclusion]) -> None:
    facts = {
        "devices": [one.of.record.device_id for one in conclusions],
        "epochs": [one.of.record.epoch for one in conclusions],
        "seqs": [one.of.record.seq for one in conclusions],
        "states": [one.state.value for one in conclusions],
        "persons": [one.of.person for one in conclusions],
        "cards": [one.of.card for one in conclusions],
        "holds": [one.hold.value for one in conclusions],
        "now": work.now,
        "by": work.actor.name,
        "resolution": Resolution.SETTLED.value,
    }
    if not conclusions:
        return
    connection.execute(_CONCLUDE, facts)
    connection.execute(_REMEMBER, facts)
    of_batch = Counter((one.of.record.batch_id, one.of.record.path) for one in conclusions)
    for (batch_id, path), count in of_batch.items():
        work.note("batch", batch_id, Place(path), kind="settle", swipes=count)
