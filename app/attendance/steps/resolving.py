"""对人对卡 — what the database knows of the people, cards and batches that records name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import TypeAlias, TypeVar

from app.attendance.queries import lookups
from app.attendance.rules import Facts, Holder, Occasion
from app.attendance.steps.lane import Lane
from app.attendance.terms.drivers import Taps

# Numbers remembered of each kind before all are forgotten: this bounds memory for any file.
_MOST_KNOWN = 300_000

K = TypeVar("K")
V = TypeVar("V")

OccasionsOf: TypeAlias = Callable[[lookups.Connection, Collection[str]], Mapping[str, Occasion]]


@dataclass(frozen=True, slots=True)
class Book:
    """What was learned so far of numbers and activities; None or 0 for what is not known.

    A number leads to a card's id, as a chip does, and the id to whose card it is.
    """

    people: dict[str | None, int | None] = field(default_factory=dict)
    cards: dict[str | None, int] = field(default_factory=lambda: {None: 0})
    holders: dict[int | None, Holder | None] = field(default_factory=lambda: {0: None})
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether it is time for a new one."""
        kinds: tuple[Sized, ...] = (self.people, self.cards, self.holders, self.codes)
        return max(map(len, kinds)) > _MOST_KNOWN


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions put about some records, and the book into which the answers go."""

    book: Book
    people: Future[dict[str, int]] | None
    cards: Future[dict[str, tuple[int, Holder]]] | None
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
        self._others: dict[int, bool] = {}

    def ask(self, group: Sequence[Taps]) -> Asked:
        """Put the questions that these records raise; they are answered while others are judged."""
        if self._book.full:
            self._book = Book()
        book, lane = self._book, self._lane
        numbers = _fresh(book.people, None, chain.from_iterable(taps.person_no for taps in group))
        cards = _fresh(book.cards, 0, chain.from_iterable(taps.card_no for taps in group))
        chips: set[int] = set()
        if self._card_of_chip:
            chips = _fresh(book.holders, None, chain.from_iterable(map(self._chips, group)))
        activities = set(chain.from_iterable(taps.activity_id for taps in group))
        activities.difference_update(book.codes)
        book.codes.update(dict.fromkeys(activities, 0))
        return Asked(
            book,
            lane.ask(lookups.people, numbers) if numbers else None,
            lane.ask(lookups.cards, cards) if cards else None,
            lane.ask(lookups.holders, chips) if chips else None,
            lane.ask(self._occasions_of, activities) if activities else None,
        )

    def facts(self, group: Sequence[Taps], asked: Asked) -> Iterator[tuple[Taps, Facts]]:
        """What is known of each of the records, by columns."""
        book = asked.book
        if asked.people:
            book.people.update(asked.people.result().items())
        if asked.cards:
            for number, (card, holder) in asked.cards.result().items():
                book.cards[number], book.holders[card] = card, holder
        if asked.chips:
            book.holders.update(asked.chips.result().items())
        if asked.occasions:
            for activity, occasion in asked.occasions.result().items():
                book.codes[activity] = self._code(occasion)
        known = [self._facts(book, taps) for taps in group]
        elsewhere = self._elsewhere(group, known)
        for taps, facts in zip(group, known, strict=True):
            yield taps, replace(facts, elsewhere=elsewhere) if elsewhere else facts

    def _facts(self, book: Book, taps: Taps) -> Facts:
        cards = made_with = list(map(book.cards.__getitem__, taps.card_no))
        chips: list[Holder | None] = [None] * len(taps)
        if self._card_of_chip:
            found = self._chips(taps)
            chips = list(map(book.holders.get, found))
            made_with = [chip or card for chip, card in zip(found, cards, strict=True)]
        return Facts(
            list(map(book.codes.__getitem__, taps.activity_id)),
            list(map(book.people.get, taps.person_no)),
            list(map(book.holders.get, cards)),
            chips,
            made_with,
            {},
        )

    def _chips(self, taps: Taps) -> list[int]:
        """The ids of the cards behind the salted UID hashes; 0 for one of no card."""
        return list(map(self._card_of_chip.get, taps.uid_h, repeat(0)))

    def _code(self, occasion: Occasion) -> int:
        for code, known in enumerate(self._occasions):
            if known is not None and known.batch_id == occasion.batch_id:
                return code
        self._occasions.append(occasion)
        return len(self._occasions) - 1

    def _elsewhere(
        self, group: Sequence[Taps], known: Sequence[Facts]
    ) -> dict[tuple[int, int], Sequence[int]]:
        """Counted swipes of these people that other files brought at about this time."""
        found: dict[tuple[int, int], Sequence[int]] = {}
        for code in {code for facts in known for code in set(facts.occasions)}:
            occasion = self._occasions[code]
            if not occasion or not self._shared(occasion):
                continue
            columns = chain.from_iterable((*taps.shown_ms, *taps.true_ms) for taps in group)
            times = [at for at in columns if at is not None]
            after, until = min(times) - occasion.suppress, max(times)
            asked = (occasion.batch_id, self._upload_id, _present(known), after, until)
            counted = self._lane.ask(lookups.counted, *asked).result()
            found.update({(code, person): at for person, at in counted.items()})
        return found

    def _shared(self, occasion: Occasion) -> bool:
        """Whether other files have counted swipes in the batch."""
        batch = occasion.batch_id
        if batch not in self._others:
            asked = self._lane.ask(lookups.counted_elsewhere, batch, self._upload_id)
            self._others[batch] = asked.result()
        return self._others[batch]


def _fresh(known: dict[K | None, V], unknown: V, named: Iterable[K | None]) -> set[K]:
    """The numbers among these that were never asked for; from now on they were."""
    fresh = {one for one in set(named).difference(known) if one is not None}
    known.update(dict.fromkeys(fresh, unknown).items())
    return fresh


def _present(known: Iterable[Facts]) -> set[int]:
    """Everybody whom these records name, by number or card."""
    present = {person for facts in known for person in facts.people if person}
    for facts in known:
        for card in (*facts.cards, *facts.chips):
            if card:
                present.add(card[0] if isinstance(card, tuple) else card)
    return present
