"""考勤判定 — what becomes of each record, decided from values alone."""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from app.attendance.terms import Hold
from app.attendance.terms.drivers import Taps
from app.kernel.span import in_ms
from app.projects.terms import Batch

# devices.md 3.6 (b) and (d), in milliseconds.
LET_STAND = 60_000
CORRECT = 600_000
AHEAD = 600_000
# How long a measured offset of a clock is believed, before and after it was measured.
OFFSET_LIFE = 24 * 3_600_000
# Whose card it is; and from which millisecond on it counts no more, where there is such a one.
Holder: TypeAlias = int | tuple[int, int]

# What `Decided.fates` means: 1 accepted, 2 duplicate, 3 and on the holds in their order.
ACCEPTED, DUPLICATE, FIRST_HOLD = 1, 2, 3
HOLDS = tuple(Hold)
SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Occasion:
    """期次概要 — a batch as judging needs it: sessions ascend, times are epoch milliseconds."""

    batch_id: int
    path: str
    suppress: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]

    def session_at(self, at: int) -> int:
        """Which session holds the moment; -1 for none."""
        place = bisect_right(self.opens, at) - 1
        return place if place >= 0 and at < self.closes[place] else -1

    def repeats(self, at: int, counted: int) -> bool:
        """Whether a swipe is a repeat of one that was counted: soon after it, in one session."""
        return 0 <= at - counted < self.suppress and (
            self.session_at(at) == self.session_at(counted)
        )


@dataclass(frozen=True, slots=True)
class Offset:
    """时钟偏差 — server time less device time in ms, and when (server time) it was measured."""

    ms: int
    at: int

    def true(self, shown: int) -> int | None:
        """What a shown time truly was; None too far from the measurement."""
        found = shown + self.ms
        return found if abs(found - self.at) <= OFFSET_LIFE else None


@dataclass(frozen=True, slots=True)
class Facts:
    """对照结果 — what the database knows of each record of some taps, by columns.

    `occasions` index `Judging.occasions`, 0 where the activity is not known; `made_with` are ids of
    cards, 0 where none is known.
    """

    occasions: Sequence[int]
    people: Sequence[int | None]
    cards: Sequence[Holder | None]
    chips: Sequence[Holder | None]
    made_with: Sequence[int]
    # Counted swipes of other files: (occasion, person) → ascending moments.
    elsewhere: Mapping[tuple[int, int], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Held:
    """待核的一条 — its place among the taps, and what it waits for."""

    place: int
    hold: Hold
    clock_hold: Hold | None
    corrected: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """判定结果 — the fate of each record of some taps, by columns; person 0 where not known."""

    people: list[int]
    at: Sequence[int]
    fates: list[int]
    held: list[Held]


@dataclass(slots=True)
class Judging:
    """逐条判定 — decides about the records of one file, in the order of their numbers.

    A repeat is judged against the last swipe of the person that was counted in the same batch, of
    this file or, by time, of another.
    """

    received: int
    offset: Offset | None
    gap: bool
    occasions: list[Occasion | None] = field(default_factory=lambda: [None])
    _counted: list[dict[int, int]] = field(default_factory=list)

    def decide(self, taps: Taps, facts: Facts) -> Decided:
        """The fate of each record."""
        clock = self._clock(taps)
        decided = Decided([], clock.at if clock else taps.shown_ms, [], [])
        people, fates = decided.people.append, decided.fates.append
        self._counted += [{} for _ in self.occasions[len(self._counted) :]]
        counted, occasions, elsewhere = self._counted, self.occasions, facts.elsewhere
        # A million times round: names are looked up outside, and what is usual comes first.
        for place, (code, person, card, chip, at, result) in enumerate(
            zip(
                *(facts.occasions, facts.people, facts.cards, facts.chips),
                *(decided.at, taps.result),
                strict=True,
            )
        ):
            hold = None
            if person is None or (card != person and card) or (chip != person and chip):
                person, hold = identity(person, (card, chip), at)  # noqa: PLW2901
            late = clock.holds[place] if clock else None
            people(person or 0)
            occasion = occasions[code]
            if occasion is None or hold or late or self.gap or person is None:
                true = clock.corrected[place] if clock else taps.true_ms[place]
                held = Held(place, self._first(code, hold, late), late, true)
                decided.held.append(held)
                fates(FIRST_HOLD + HOLDS.index(held.hold))
                continue
            last = counted[code].get(person)
            if (
                result == SUPPRESSED
                or (last is not None and occasion.repeats(at, last))
                or (elsewhere and repeats_any(occasion, at, elsewhere.get((code, person), ())))
            ):
                fates(DUPLICATE)
            else:
                counted[code][person] = at
                fates(ACCEPTED)
        return decided

    def _first(self, occasion: int, hold: Hold | None, late: Hold | None) -> Hold:
        """The first of the reasons for which a record waits, in the order of judging."""
        if self.gap:
            return Hold.SEQ_GAP
        return (hold if occasion else Hold.UNKNOWN_ACTIVITY) or late or Hold.UNKNOWN_CARD

    def _clock(self, taps: Taps) -> Clock | None:
        """The times of these taps; None where the clock was right all along, which is usual."""
        if None not in taps.true_ms:
            away = list(map(operator.sub, taps.shown_ms, taps.true_ms))
            if (
                max(away) <= LET_STAND
                and min(away) >= -LET_STAND
                and max(taps.shown_ms) <= self.received + AHEAD
            ):
                return None
        clock = Clock([], [], [])
        for shown, told in zip(taps.shown_ms, taps.true_ms, strict=True):
            true = told if told is not None or self.offset is None else self.offset.true(shown)
            at, hold = judged_time(shown, true, self.received)
            clock.at.append(at)
            clock.holds.append(hold)
            clock.corrected.append(true)
        return clock


@dataclass(frozen=True, slots=True)
class Clock:
    """校时结果 — judged times, why they make a record wait, and the times by the server's clock."""

    at: list[int]
    holds: list[Hold | None]
    corrected: list[int | None]


def judged_time(shown: int, true: int | None, received: int) -> tuple[int, Hold | None]:
    """The time that counts for a record, and why a person must look at it (devices.md 3.6 d).

    All in epoch milliseconds; `true` is None where nothing tells the time by the server's clock.
    """
    away = 0 if true is None else abs(shown - true)
    at = shown if true is None or away <= LET_STAND else true
    if away > CORRECT:
        return at, Hold.CLOCK_SKEW
    if at > received + AHEAD:
        return at, Hold.FUTURE_TIME
    return at, Hold.UNSYNCED if true is None else None


def identity(
    person: int | None, cards: Iterable[Holder | None], at: int
) -> tuple[int | None, Hold | None]:
    """Who swiped, by person number, else by the first card that is known; and what is doubtful.

    The cards are that of the number and that of the chip. They may be two of one person: it was
    made with the last one known, and that one's state alone decides, as it does when it changes.
    """
    seen = [card if isinstance(card, tuple) else (card, None) for card in cards if card is not None]
    if person is None:
        if not seen:
            return None, Hold.UNKNOWN_CARD
        person = seen[0][0]
    if any(holder != person for holder, _ in seen):
        return person, Hold.CARD_MISMATCH
    gone = seen[-1][1] if seen else None
    if gone is not None and at >= gone:
        return person, Hold.REVOKED_CARD
    return person, None


def repeats_any(occasion: Occasion, at: int, counted: Sequence[int]) -> bool:
    """Whether a swipe repeats the last one counted before it; `counted` ascends."""
    place = bisect_right(counted, at) - 1
    return place >= 0 and occasion.repeats(at, counted[place])


def occasion_of(batch: Batch, suppress_seconds: int) -> Occasion:
    """The batch as judging needs it; of sessions that overlap, the one opened last counts."""
    spans = sorted((in_ms(one.span.start), in_ms(one.span.end)) for one in batch.sessions)
    return Occasion(
        batch.id,
        batch.project.place.path,
        suppress_seconds * 1000,
        tuple(opens for opens, _ in spans),
        tuple(closes for _, closes in spans),
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """改了时间的一条 — when a swipe was and when it is, and whether it was a repeat."""

    before: int
    after: int
    repeat: bool


def repeating(occasion: Occasion, swipes: Sequence[Moved]) -> tuple[bool, ...]:
    """Which of one person's swipes are repeats, now that some of them count at another time.

    A repeat that its time did not make one before either is the terminal's word, and stays one.
    """
    told = [one.repeat for one in swipes]
    by_time = _repeats(occasion, [one.before for one in swipes], told)
    said = [repeat and not alone for repeat, alone in zip(told, by_time, strict=True)]
    found = _repeats(occasion, [one.after for one in swipes], said)
    return tuple(map(operator.or_, said, found))


def _repeats(occasion: Occasion, moments: Sequence[int], uncounted: Sequence[bool]) -> list[bool]:
    """Which of these are repeats by their time alone, of those that are counted."""
    found = [False] * len(moments)
    last: int | None = None
    for place in sorted(range(len(moments)), key=moments.__getitem__):
        at = moments[place]
        found[place] = last is not None and occasion.repeats(at, last)
        if not found[place] and not uncounted[place]:
            last = at
    return found


def counts_at(at: int, gone: int | None, *, counted: bool, waits: bool, by_hand: bool) -> bool:
    """Whether a swipe counts at that time, which it may not have had before.

    Its card may have ceased to count, at `gone`; that is all that one `waits` for. What somebody
    decided by hand stands.
    """
    good = gone is None or at < gone
    return (counted and (good or by_hand)) or (waits and good)


# A clock that is wrong is wrong by hours, or by minutes that somebody mistyped.
_SHIFTS = sorted((m for m in range(-12 * 60, 12 * 60 + 1, 5) if m), key=abs)
_FEWEST = 10  # swipes of one terminal below which nothing is clear
_MINUTE = 60_000


def shift_of(minutes: Mapping[int, int], spans: Sequence[tuple[int, int]]) -> int | None:
    """修正时钟 — by how many minutes a terminal's swipes would fall into the windows; None where
    that is not clear.

    `minutes` are its swipes by the minute, in ms. Clear is what puts two of three into the windows,
    one of ten at least into each, where now not one of four falls; some always swipe in between. Of
    shifts that do as well the smallest is meant.
    """
    whole = sum(minutes.values())
    if whole < _FEWEST or not spans or 4 * _held(minutes, spans, 0) > whole:
        return None
    best = max(_SHIFTS, key=lambda shift: (_held(minutes, spans, shift), -abs(shift)))
    each = all(10 * _held(minutes, [span], best) >= whole for span in spans)
    return best if each and 3 * _held(minutes, spans, best) >= 2 * whole else None


def _held(minutes: Mapping[int, int], spans: Sequence[tuple[int, int]], shift: int) -> int:
    """How many of the swipes fall into a span, once moved by so many minutes."""
    moved = shift * _MINUTE
    return sum(
        count
        for at, count in minutes.items()
        if any(start <= at + moved < end for start, end in spans)
    )
