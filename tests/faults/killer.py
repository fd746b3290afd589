"""Kills one part after another at random moments, most of them while it is at work."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.plant import Plant, Victim

_WORKING = (
    "select id, topic, attempts from outbox_message where done_at is null and lease_until > now()"
)
# How often each is chosen: what does the work more often than what hands it on.
_WEIGHTS = {
    Victim.WEB: 3,
    Victim.WEB_WORKER: 8,
    Victim.WORKER: 6,
    Victim.HORSE: 10,
    Victim.RELAY: 4,
    Victim.REDIS: 5,
    Victim.BACKEND: 6,
    Victim.POSTGRES: 4,
}
_AIMED = {Victim.WORKER, Victim.HORSE, Victim.BACKEND, Victim.POSTGRES}
_AIM_S = 2.0


@dataclass(frozen=True, slots=True)
class Strike:
    """A kill that hit a message at work: which attempt of it, and when by the wall clock."""

    at: float
    victim: Victim
    message: int
    topic: str
    attempt: int


class Killer:
    """Kills and mends, one after the other; `log` is told each kill."""

    def __init__(
        self, plant: Plant, chance: random.Random, busy: Callable[[], bool],
        log: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.plant = plant
        self.kills: Counter[Victim] = Counter()
        self.strikes: list[Strike] = []
        self.by_themselves: list[str] = []
        self.flushes = 0
        self._chance = chance
        self._busy = busy
        self._log = log

    def spree(self, count: int, *, flush_after: Sequence[int]) -> None:
        """So many kills; after some of them, by their number, Redis is emptied as well."""
        while self.kills.total() < count:
            time.sleep(self._chance.uniform(0.1, 1.0))
            self.by_themselves += self.plant.mend()
            [victim] = self._chance.choices([*_WEIGHTS], weights=[*_WEIGHTS.values()])
            self.strike(victim)
            if self.kills.total() in flush_after and self.flushes < len(flush_after):
                self.empty_redis()

    def strike(self, victim: Victim) -> float | None:
        """Kill it, if it can be found at work, and start again what is down; when it was."""
        t0 = time.time()
        self._aim(victim)
        t1 = time.time()
        working = self._working()
        killed = self.plant.kill(victim, self._chance)
        at = time.time()
        if not killed:
            return None
        self.kills[victim] += 1
        if victim in _AIMED:
            self.strikes += [Strike(at, victim, *one) for one in working]
        t2 = time.time()
        fallen = self._mended(victim)
        self._log(f"aim {t1 - t0:.2f} look {t2 - t1:.2f} mend {time.time() - t2:.2f}")
        doing = ", ".join(f"{topic} {message}" for message, topic, _ in working)
        self._log(
            f"kill {self.kills.total()}: {victim} {sorted(killed)}, down {fallen}; at work: {doing}"
        )
        return at

    def empty_redis(self) -> None:
        """FLUSHALL."""
        self.plant.redis.flushall()
        self.flushes += 1
        self._log("redis emptied")

    def _aim(self, victim: Victim) -> None:
        """Wait until the victim works, then a little more, so that any part of the work is hit."""
        until = time.monotonic() + _AIM_S
        at_work = self._busy if victim is Victim.WEB_WORKER else self._has_horse
        if victim in _AIMED or victim is Victim.WEB_WORKER:
            while not at_work() and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(self._chance.uniform(0, 0.5) ** 2)

    def _has_horse(self) -> bool:
        return bool(self.plant.pids_of(Victim.HORSE))

    def _working(self) -> list[tuple[int, str, int]]:
        try:
            with self.plant.owner.connect() as connection:
                return [
                    (row.id, row.topic, row.attempts) for row in connection.execute(text(_WORKING))
                ]
        except (SQLAlchemyError, psycopg.Error):
            return []

    def _mended(self, victim: Victim) -> list[str]:
        """Start again what the kill brought down; a process may be seen as dead a moment later."""
        if victim in {Victim.WEB_WORKER, Victim.HORSE, Victim.BACKEND}:
            return []  # their parents see to them
        until = time.monotonic() + _AIM_S
        fallen: list[str] = []
        while victim.value not in fallen and time.monotonic() < until:
            fallen += self.plant.mend()
        return fallen
