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

# Who is at a message holds its row's lock, and whose lock it is the row tells; whoever merely looks
# what there is, or counts an attempt, holds it for a moment only.
_HELD = """
select m.id, m.topic, m.attempts from outbox_message m
join pg_stat_activity a on a.backend_xid = m.xmax
where m.done_at is null and a.xact_start < clock_timestamp() - interval '20 ms'"""
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
# With each of these dies whatever message is at work.
_AIMED = {Victim.WORKER, Victim.HORSE, Victim.BACKEND, Victim.POSTGRES}
_TOPICS = ("attendance.intake", "awards.run")
_AIM_S = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """A message that somebody is at, and which attempt this is."""

    message: int
    topic: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Strike:
    """When a victim was killed, by the wall clock, and what was at work and died with it."""

    at: float
    hit: tuple[Held, ...]


class Killer:
    """Kills and mends, one after the other; `log` is told each kill."""

    def __init__(
        self, plant: Plant, chance: random.Random, busy: Callable[[], bool],
        log: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.plant = plant
        self.kills: Counter[Victim] = Counter()
        self.by_themselves: list[str] = []
        self.flushes = 0
        self._chance = chance
        self._busy = busy
        self._log = log

    def spree(self, count: int, *, flush_after: Sequence[int]) -> None:
        """So many kills, of each kind one; after these numbers of them Redis is emptied as well."""
        more = self._chance.choices([*_WEIGHTS], [*_WEIGHTS.values()], k=count - len(Victim))
        victims = [*Victim, *more]
        self._chance.shuffle(victims)
        for victim in victims:
            time.sleep(self._chance.uniform(0.1, 1.0))
            self.by_themselves += self.plant.mend()
            while self.strike(victim) is None:
                self.by_themselves += self.plant.mend()
            if self.kills.total() in flush_after:
                self.empty_redis()

    def strike(self, victim: Victim, *, aim_s: float = _AIM_S) -> Strike | None:
        """Kill it, at work if it is found so in time, and start again what is down.

        None when there was nothing to kill.
        """
        self._aim(victim, aim_s)
        hit = self._working() if victim in _AIMED else []
        at = time.time()
        killed = self.plant.kill(victim, self._chance)
        if not killed:
            return None
        self.kills[victim] += 1
        fallen = self._mended(victim)
        doing = ", ".join(f"{one.topic} {one.message}" for one in hit)
        self._log(
            f"kill {self.kills.total()}: {victim} {sorted(killed)}, down {fallen}, hit: {doing}"
        )
        return Strike(at, tuple(hit))

    def empty_redis(self) -> None:
        """FLUSHALL."""
        self.plant.redis.flushall()
        self.flushes += 1
        self._log("redis emptied")

    def _aim(self, victim: Victim, aim_s: float) -> None:
        """Wait until the victim works, then a little more, so that any part of the work is hit."""
        if victim not in _AIMED | {Victim.WEB_WORKER}:
            return
        until = time.monotonic() + aim_s
        topic = self._chance.choice(_TOPICS)
        at_work = self._busy if victim is Victim.WEB_WORKER else lambda: self._works_on(topic)
        while not at_work() and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(self._chance.uniform(0, 0.5) ** 2)

    def _works_on(self, topic: str) -> bool:
        return any(one.topic == topic for one in self._working())

    def _working(self) -> list[Held]:
        try:
            with self.plant.owner.connect() as connection:
                return [Held(*row) for row in connection.execute(text(_HELD))]
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
