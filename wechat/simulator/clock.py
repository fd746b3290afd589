"""时钟 — the platform's time, which can be put forward.

Tokens, windows and quotas live by the platform's time. What is sent to the product carries the wall
clock's: the product keeps its own time, and refuses messages of another day.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_DAY_S = 86_400
_BEIJING_S = 8 * 3600


class Clock:
    """模拟时间 — seconds since 1970; ahead of the wall clock by what was skipped."""

    def __init__(self, wall: Callable[[], float] | None = None) -> None:
        self.wall = wall or time.time
        self._ahead = 0.0

    def __call__(self) -> float:
        """Now, as the platform sees it."""
        return self.wall() + self._ahead

    @property
    def ahead(self) -> float:
        """How many seconds were skipped."""
        return self._ahead

    @property
    def day(self) -> int:
        """今天 — the number of the day in Beijing, where day quotas begin anew at 00:00."""
        return int(self() + _BEIJING_S) // _DAY_S

    @property
    def month(self) -> tuple[int, int]:
        """本月 — year and month in Beijing."""
        there = time.gmtime(self() + _BEIJING_S)
        return there.tm_year, there.tm_mon

    def advance(self, seconds: float) -> None:
        """Skip so many seconds."""
        self._ahead += seconds

    def to_midnight(self) -> None:
        """Skip to 00:00 of tomorrow in Beijing."""
        self._ahead += _DAY_S - (self() + _BEIJING_S) % _DAY_S

    def reset(self) -> None:
        """Back to the wall clock's time."""
        self._ahead = 0.0
