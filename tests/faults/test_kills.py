"""Whatever is killed, at whatever moment of intake and award: 0 lost, 0 doubled, 0 torn."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from tests.faults import proof
from tests.faults.crowd import Crowd, gathered, terminal
from tests.faults.killer import Killer
from tests.faults.plant import Plant, Victim, running
from tests.faults.terminals import Office, Terminal

pytestmark = [
    pytest.mark.skipif(
        "STORM" not in os.environ, reason="minutes of kills: STORM=1 ./test tests/faults"
    ),
    pytest.mark.timeout(0),  # it bounds itself
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc"),
]

_TERMINALS = 3
# What was taken in before the last kill is worked off first, on two cores that others use too.
_SETTLED_S = 120.0

_OPEN = "select count(*) from outbox_message where done_at is null"
_DONE_AT = "select id, attempts, extract(epoch from done_at)::float from outbox_message"


@dataclass(frozen=True, slots=True)
class Scene:
    """A plant with people, trainings and terminals, and who works there."""

    plant: Plant
    crowd: Crowd
    terminals: tuple[Terminal, ...]
    office: Office


@pytest.fixture
def scene(seed: int) -> Iterator[Scene]:
    chance = random.Random(seed)
    with running() as plant:
        crowd = gathered(plant.site, people=2_000, trainings=5)
        terminals = tuple(
            Terminal(terminal(plant.site, f"MBX-{n:05d}", plant.url, crowd), crowd,
                     random.Random(chance.random()))
            for n in range(_TERMINALS)
        )  # fmt: skip
        office = Office(plant.site, crowd, random.Random(chance.random()))
        yield Scene(plant, crowd, terminals, office)


def settled(plant: Plant) -> float | None:
    """Seconds until no message is open; None when that takes too long."""
    began = time.monotonic()
    while time.monotonic() < began + _SETTLED_S:
        with plant.owner.connect() as connection:
            if not connection.execute(text(_OPEN)).scalar_one():
                return time.monotonic() - began
        time.sleep(0.1)
    return None


def recoveries(plant: Plant, killer: Killer) -> dict[str, float]:
    """Seconds from the kill that ended the last vain attempt at a message until it was done."""
    with plant.owner.connect() as connection:
        done = {row[0]: (row[1], row[2]) for row in connection.execute(text(_DONE_AT))}
    found: dict[str, float] = {}
    for strike in sorted(killer.strikes, key=lambda one: -one.at):
        attempts, done_at = done[strike.message]
        if strike.attempt == attempts - 1:  # the first such strike stays
            found[f"{strike.topic} {strike.message} by {strike.victim}"] = done_at - strike.at
    return found


def test_nothing_is_lost_doubled_or_torn_whatever_is_killed(
    scene: Scene, seed: int, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    plant, terminals, office = scene.plant, scene.terminals, scene.office
    chance = random.Random(seed)
    began = time.monotonic()

    def say(what: str) -> None:
        with capsys.disabled():
            print(f"  {time.monotonic() - began:6.1f} s  {what}", flush=True)

    say(f"seed {seed}")
    killer = Killer(plant, chance, lambda: any(one.sending for one in terminals), say)
    closing = threading.Event()
    with ThreadPoolExecutor(len(terminals) + 1) as hands:
        at_work = [hands.submit(one.work, closing) for one in (*terminals, office)]
        try:
            killer.spree(kills - 1, flush_after=(kills // 3, 2 * kills // 3))
            # The last one with nothing after it, so that its recovery is told by itself.
            while killer.strike(Victim.HORSE) is None:
                plant.mend()
        finally:
            closing.set()
        for one in at_work:
            one.result()
    after = settled(plant)
    say(f"settled {after} s after the last file")
    office.award_all()
    settled(plant)

    told = proof.told_by(one.machine for one in terminals)
    found = proof.account(plant.owner, told)
    anew = proof.recomputed(plant.site, plant.owner, told, scene.crowd)

    answers = sum((one.answers for one in terminals), Counter())
    recovered = recoveries(plant, killer)
    say(f"{killer.kills.total()} kills {dict(killer.kills)}, redis emptied {killer.flushes} times")
    say(f"{len(told.records)} records in {len(told.files)} files, answers {dict(answers)}")
    say(f"awards {dict(office.answers)}; attempts in vain {len(recovered)}")
    say(f"recovered after {sorted(round(s, 1) for s in recovered.values())}")
    say(f"{found.counts}; judged anew: {anew.counts}; fell by itself {killer.by_themselves}")
    assert found.none, found
    assert anew.none, anew
    assert after is not None
    assert killer.by_themselves == []
