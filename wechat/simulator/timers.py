"""稍后 — what the platform does by and by."""

from __future__ import annotations

import threading
from collections.abc import Callable

_PATIENCE_S = 20.0


class Timers:
    """What is to happen later; `settle` waits for it, `stop` lets it never happen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[threading.Timer] = []

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let it happen after so many seconds."""
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        with self._lock:
            self._waiting = [one for one in self._waiting if one.is_alive()]
            self._waiting.append(timer)
            timer.start()

    def settle(self) -> None:
        """Wait until all of it has happened."""
        for timer in self._taken():
            timer.join(_PATIENCE_S)

    def stop(self) -> None:
        """What has not begun never does; what has, comes to its end."""
        for timer in self._taken():
            timer.cancel()
            timer.join(_PATIENCE_S)

    def _taken(self) -> list[threading.Timer]:
        with self._lock:
            return list(self._waiting)
