"""对人对卡 — what the database knows of the people, cards and batches that records name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from app.attendance.queries import lookups
from app.attendance.rules import Facts, Holder, Occasion
from app.attendance.steps.lane import Lane
from app.attendance.terms.drivers import Taps
from app.kernel.span import in_ms

# Numbers remembered of each kind before all are forgotten: this bounds memory for any file.
_MOST_KNOWN = 300_000

K = TypeVar("K")
V = TypeVar("V")

OccasionsOf: TypeAlias = Callable[[lookups.Connection, Collection[str]], Mapping[str, Occasion]]


@dataclass(frozen=True, slots=True)
class Book:
    """What was learned so far of numbers and activities; None or 0 for what is not known."""

    people: dict[str | None, int | None] = field(default_factory=dict)
    cards: dict[str | None, Holder | None] = field(default_factory=dict)
    chips: dict[int | None, Holder | None] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether it is time for a new one."""
        return (
            max(len(self.people), len(self.cards), len(self.chips), len(self.codes)) > _MOST_KNOWN
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions put about some records, and the book into which the answers go."""

    book: Book
    people: Future[dict[str, int]] | None
    cards: Future[dict[str, Holder]] | None
    chips: Future[dict[int, Holder]] | None
    occasions: Future[Mapping[str, Occasion]] | None


class Resolver:
    """Remembers what records of one file named before, and asks for the rest in sets.

    `card_of_chip` gives the id of the card behind a salted UID hash of the file's package;
    `occasions_of` the batches of those activities that the device may speak of; `occasions` is the
    list that the facts' numbers of occasions point into, and grows.
    """

    def __init__(
        self,
        lane: Lane,
        upload_id: int,
        occasions: list[Occasion | None],
        *,
        card_of_chip: Mapping[bytes, int],
        occasions_of: OccasionsOf,
    ) -> None:
        self._lane = lane
        self._upload_id = upload_id
        self._occasions = occasions
        self._card_of_chip: dict[bytes | None, int] = dict(card_of_chip.items())
        self._occasions_of = occasions_of
        self._book = Book()
        self._reach: dict[int, tuple[int, int] | None] = {}

    def ask(self, taps: Taps) -> Asked:
        """Put the questions that these records raise; they are answered while others are judged."""
        if self._book.full:
            self._book = Book()
        book, lane = self._book, self._lane
        numbers = _fresh(book.people, taps.person_no)
        cards = _fresh(book.cards, taps.card_no)
        chips = _fresh(book.chips, map(self._card_of_chip.get, taps.uid_h))
        activities = {one for one in set(taps.activity_id) if one not in book.codes}
        book.codes.update(dict.fromkeys(activities, 0))
        return Asked(
            book,
            lane.ask(lookups.people, numbers) if numbers else None,
            lane.ask(lookups.cards, cards) if cards else None,
            lane.ask(lookups.chips, chips) if chips else None,
            lane.ask(self._occasions_of, activities) if activities else None,
        )

    def facts(self, taps: Taps, asked: Asked) -> Facts:
        """What is known of each of the records, by columns."""
        book = asked.book
        if asked.people:
            book.people.update(asked.people.result().items())
        if asked.cards:
            book.cards.update(asked.cards.result().items())
        if asked.chips:
            book.chips.update(asked.chips.result().items())
        if asked.occasions:
            for activity, occasion in asked.occasions.result().items():
                book.codes[activity] = self._code(occasion)
        occasions = list(map(book.codes.__getitem__, taps.activity_id))
        people = list(map(book.people.get, taps.person_no))
        cards = list(map(book.cards.get, taps.card_no))
        chips = list(map(book.chips.get, map(self._card_of_chip.get, taps.uid_h)))
        facts = Facts(occasions, people, cards, chips, {})
        return replace(facts, elsewhere=self._elsewhere(taps, facts))

    def _code(self, occasion: Occasion) -> int:
        for code, known in enumerate(self._occasions):
            if known is not None and known.batch_id == occasion.batch_id:
                return code
        self._occasions.append(occasion)
        return len(self._occasions) - 1

    def _elsewhere(self, taps: Taps, facts: Facts) -> dict[tuple[int, int], Sequence[int]]:
        """Counted swipes of these people that other files brought at about this time."""
        found: dict[tuple[int, int], Sequence[int]] = {}
        for code in set(facts.occasions):
            occasion = self._occasions[code]
            reach = self._reach_of(occasion) if occasion else None
            if not occasion or not reach:
                continue
            times = [at for at in (*taps.shown_ms, *taps.true_ms) if at is not None]
            after, until = min(times) - occasion.suppress, max(times)
            if after <= reach[1] and until >= reach[0]:
                present = {person for person in facts.people if person}
                present.update(card[0] for card in (*facts.cards, *facts.chips) if card)
                asked = (occasion.batch_id, self._upload_id, present, after, until)
                counted = self._lane.ask(lookups.counted, *asked).result()
                found.update({(code, person): at for person, at in counted.items()})
        return found

    def _reach_of(self, occasion: Occasion) -> tuple[int, int] | None:
        """From when to when other files have counted swipes in the batch."""
        batch = occasion.batch_id
        if batch not in self._reach:
            found = self._lane.ask(lookups.counted_reach, batch, self._upload_id).result()
            self._reach[batch] = None if found is None else (in_ms(found[0]), in_ms(found[1]))
        return self._reach[batch]


def _fresh(known: dict[K | None, V | None], named: Iterable[K | None]) -> set[K]:
    """The numbers among these that were never asked for; from now on they were."""
    fresh = {one for one in set(named) if one is not None and one not in known}
    for one in fresh:
        known[one] = None
    return fresh
