"""Terminals that tap and upload all the time, and an office that awards and takes back.

Both go on whatever happens to the server, as real ones do: a file is sent with the same bytes, in a
request with a new nonce, until it has an answer; an award is asked for again.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app.awards import commands as awards
from app.awards.terms import Options
from app.base.site import Site
from app.base.work import begin
from app.kernel.errors import ConflictError, UnavailableError
from device.mbox.machine import Batch, Card, Machine, Response
from tests.faults.crowd import Crowd, Training
from tests.support.cast import OPERATOR

# Now and then enough for a file of more than 2 MiB, which is queued for a worker.
_MANY, _FEW, _RARELY = (8_000, 9_000), (20, 400), 0.06
_PATIENCE_S = 120.0
_STRANGERS = 0.003

R = TypeVar("R")


class Terminal:
    """One terminal at work: taps in, files out."""

    def __init__(self, machine: Machine, crowd: Crowd, chance: random.Random) -> None:
        self.machine = machine
        self.answers: Counter[str] = Counter()
        self.sending = False
        self._crowd = crowd
        self._chance = chance

    def work(self, closing: threading.Event) -> None:
        """Take taps and send them until closing time, and then what is left."""
        while not closing.is_set():
            self._take_taps()
            self._send()
            closing.wait(self._chance.uniform(0.1, 0.8))

    def _take_taps(self) -> None:
        """One training's taps, on a boot of their own: their day may lie before the last one's."""
        chance, machine = self._chance, self.machine
        training = chance.choice(self._crowd.trainings)
        start = training.opens.start - timedelta(minutes=20)
        seconds = int((training.closes.end - start).total_seconds()) + 1200
        count = chance.randint(*(_MANY if chance.random() < _RARELY else _FEW))
        machine.restart()
        for second in sorted(chance.choices(range(seconds), k=count)):
            card = Card(card_no=self._card())
            machine.tap(card, at=start + timedelta(seconds=second), activity_id=training.activity)
        self._until_answered(machine.synchronise)

    def _card(self) -> str:
        if self._chance.random() < _STRANGERS:
            return f"X{self._chance.randrange(1000):05d}"
        return self._chance.choice(self._crowd.people)

    def _send(self) -> None:
        """The new records in some files, now and then out of order, now and then once more."""
        chance, machine = self._chance, self.machine
        first = machine.memory.exported_to + 1
        while machine.memory.exported_to < machine.last_seq:
            left = machine.last_seq - machine.memory.exported_to
            some = left if left > 1_000 or chance.random() < 0.5 else chance.randint(1, left)
            machine.export(last_seq=machine.memory.exported_to + some)
        if chance.random() < 0.2:
            from_seq = chance.randint(first, machine.last_seq)
            machine.export(first_seq=from_seq, last_seq=chance.randint(from_seq, machine.last_seq))
        waiting = [one for one in machine.memory.batches if not one.answered]
        if chance.random() < 0.3:
            chance.shuffle(waiting)
        for one in waiting:
            self._deliver(one)

    def _deliver(self, batch: Batch) -> None:
        self.sending = True
        while not batch.answered:
            answer = self._until_answered(lambda: self.machine.send_batch(batch))
            self.answers[str(answer.status)] += 1
            if answer.status not in {200, 202, 503}:
                raise AssertionError(f"{answer.status}: {answer.body[:500]!r}")
            if not batch.answered:
                time.sleep(0.05)
        self.sending = False

    def answer_to(self, batch: Batch) -> Response:
        """What the server says of a file now."""
        return self.machine.call("GET", f"/device/v1/records/{batch.batch_id}")

    def _until_answered(self, ask: Callable[[], R]) -> R:
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return ask()
            except UnavailableError as error:
                self.answers["no answer"] += 1
                if time.monotonic() > until:
                    raise AssertionError(f"no answer in {_PATIENCE_S} s") from error
                time.sleep(0.05)


class Office:
    """Who asks for awards, and now and then takes one back."""

    def __init__(self, site: Site, crowd: Crowd, chance: random.Random) -> None:
        self.answers: Counter[str] = Counter()
        self._site = site
        self._crowd = crowd
        self._chance = chance
        self._asked: list[int] = []

    def work(self, closing: threading.Event) -> None:
        """Award one training after another until closing time."""
        while not closing.wait(self._chance.uniform(0.05, 0.5)):
            if self._asked and self._chance.random() < 0.15:
                self._answer("undone", lambda: self._undo(self._chance.choice(self._asked)))
            else:
                self._answer("asked", lambda: self._ask(self._chance.choice(self._crowd.trainings)))

    def award_all(self) -> None:
        """Ask once more for every training."""
        for training in self._crowd.trainings:
            self._ask(training)

    def _ask(self, training: Training) -> None:
        with begin(self._site, OPERATOR) as work:
            run_id = awards.ask(work, training.no, 1, Options())
        self._asked.append(run_id)

    def _undo(self, run_id: int) -> None:
        with begin(self._site, OPERATOR) as work:
            awards.undo(work, run_id, "the killer's whim")

    def _answer(self, done: str, act: Callable[[], None]) -> None:
        try:
            act()
        except ConflictError as refusal:
            self.answers[refusal.code] += 1
        except (SQLAlchemyError, psycopg.Error):
            self.answers["no answer"] += 1
        else:
            self.answers[done] += 1
