"""Keeps the parts of a run alive: whatever dies is started again, later and later."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.cli import processes
from app.config import ROOT
from app.kernel.errors import UnavailableError

_FIRST_DELAY_S = 0.25
_LONGEST_DELAY_S = 30.0
_SETTLED_S = 60.0  # what has run this long starts again without delay
_STOP_S = 20.0


class Part(Protocol):
    """A process that can be started, stopped, and started again in place."""

    @property
    def name(self) -> str:
        """What `var/run.json` calls it."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""

    def poll(self) -> int | None:
        """None while it runs, else how it ended."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it and all that it started."""


class Child:
    """One of our own programs, run by this Python, with all that it forks."""

    def __init__(self, name: str, arguments: Sequence[str], *, state: Path) -> None:
        self.name = name
        self.log = state / "log" / f"{name}.log"
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self.poll() is None else None

    def poll(self) -> int | None:
        """None while it runs, else how it ended."""
        return self._process.poll() if self._process else 0

    def start(self) -> None:
        """Start it, after what a killed predecessor left behind has ended."""
        self._end_session()
        self._process = processes.spawn(
            [sys.executable, *self._arguments], log=self.log, folder=ROOT
        )

    def ask(self) -> None:
        """Ask it to end, without waiting."""
        if self._process and self.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Stop it and all that it forked; what does not end in time is killed."""
        if self._process is None:
            return
        self.ask()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._end_session()

    def _end_session(self) -> None:
        # A horse or a web worker outlives its killed parent and may hold its port or its work.
        if self._process is not None:
            leader = self._process.pid
            processes.end(lambda: processes.session_of(leader), signal.SIGTERM, _STOP_S / 4)


@dataclass(slots=True)
class _Fall:
    """How often a part fell in a row, and when it may start again."""

    count: int
    due_at: float


class Keeper:
    """Watches parts; `changed` is called with a part and how it ended, or None once it is back."""

    def __init__(
        self, parts: Sequence[Part], changed: Callable[[Part, int | str | None], None]
    ) -> None:
        self._parts = parts
        self._changed = changed
        self._falls: dict[str, _Fall] = {}
        self._started_at = {part.name: time.monotonic() for part in parts}

    def look(self) -> None:
        """Look at every part once; start again what is down and whose delay is over."""
        for part in self._parts:
            ended = part.poll()
            fall = self._falls.get(part.name)
            if ended is None:
                continue
            if fall is None or fall.due_at == 0:
                self._note_fall(part, ended)
            elif time.monotonic() >= fall.due_at:
                self._start(part, fall)

    def _note_fall(self, part: Part, ended: int | str) -> None:
        lived = time.monotonic() - self._started_at[part.name]
        before = self._falls.get(part.name)
        count = 1 if before is None or lived > _SETTLED_S else before.count + 1
        delay = min(_FIRST_DELAY_S * 2 ** (count - 1), _LONGEST_DELAY_S)
        self._falls[part.name] = _Fall(count, time.monotonic() + delay)
        self._changed(part, ended)

    def _start(self, part: Part, fall: _Fall) -> None:
        self._started_at[part.name] = time.monotonic()
        fall.due_at = 0
        try:
            part.start()
        except UnavailableError as error:
            self._note_fall(part, str(error))
        else:
            self._changed(part, None)
