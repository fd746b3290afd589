"""通道 — one thread that alone speaks to the database while another one reads and judges.

psycopg lets go of the interpreter while PostgreSQL works, so the two halves of an intake run on two
cores at once; in one lane because a connection is one.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from app.attendance.queries.lookups import Connection

P = ParamSpec("P")
R = TypeVar("R")

# Stores that may wait for the database before the reader waits for them: this bounds memory.
_AHEAD = 2
# The lane needs the interpreter for a moment between two waits for PostgreSQL. By default it gets
# it after 5 ms of the reader's work, and PostgreSQL idles as long: a sixth of all time, measured.
_SWITCH_S, _USUAL_S = 0.0005, sys.getswitchinterval()


class Lane:
    """A queue of questions and stores on one connection, done in the order they were put."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lane")
        self._stores: deque[Future[Any]] = deque()

    def ask(
        self, question: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]:
        """Put a question; its answer comes when those before it are done."""
        return self._thread.submit(question, self._connection, *args, **kwargs)

    def store(
        self, act: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Put a store, waiting while too many wait; what one raises comes here or at the end."""
        self._stores.append(self.ask(act, *args, **kwargs))
        while len(self._stores) > _AHEAD:
            self._stores.popleft().result()

    def finish(self) -> None:
        """Wait until all stores are done."""
        while self._stores:
            self._stores.popleft().result()

    def __enter__(self) -> Self:
        sys.setswitchinterval(_SWITCH_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)
        sys.setswitchinterval(_USUAL_S)
