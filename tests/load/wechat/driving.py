"""A driver of HTTP servers on this machine: bounded in number, rate and time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.config import ROOT

Request = tuple[str, str, bytes]

CONNECTIONS = 16
# A server hangs up on a caller who is silent for long; one who may be late opens a new connection.
_FRESH_S = 1.0


@dataclass(frozen=True)
class Told:
    """What a run showed: seconds of each request, and of all together."""

    took: Sequence[float]
    wall: float

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.took) * 1000

    @property
    def p99_ms(self) -> float:
        return sorted(self.took)[int(len(self.took) * 0.99)] * 1000


@contextmanager
def gunicorn(
    application: str, port: int, environment: Mapping[str, str], *, python: str = sys.executable
) -> Iterator[int]:
    """Two gthread workers of four threads; the parent's process id."""
    server = subprocess.Popen(
        [python, "-m", "gunicorn", application, "-k", "gthread", "-w", "2", "--threads", "4",
         "--no-control-socket", "-b", f"127.0.0.1:{port}", "--log-level", "error"],
        cwd=ROOT, env=dict(environment),
    )  # fmt: skip
    try:
        _wait(port)
        yield server.pid
    finally:
        server.terminate()
        server.wait(20)


def closed(port: int, requests: Sequence[Request]) -> Told:
    """Sixteen callers, each of which asks again as soon as it is answered."""
    return asyncio.run(_closed(port, requests))


def paced(port: int, requests: Sequence[Request], rate: float) -> Told:
    """So many requests a second whatever the answers take; a late start counts as waiting."""
    return asyncio.run(_paced(port, requests, rate))


def cpu_s(parent: int) -> float:
    """CPU seconds of a process and all below it, ended children of theirs included."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        process = int(entry.parent.name)
        children.setdefault(int(fields[1]), []).append(process)
        spent[process] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    total, todo = 0.0, [parent]
    while todo:
        pid = todo.pop()
        total += spent.get(pid, 0.0)
        todo += children.get(pid, [])
    return total


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _closed(port: int, requests: Sequence[Request]) -> Told:
    waiting, took = list(reversed(requests)), []

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            request = waiting.pop()
            began = time.perf_counter()
            await _exchange(reader, writer, request)
            took.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return Told(took, time.perf_counter() - began)


async def _paced(port: int, requests: Sequence[Request], rate: float) -> Told:
    idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
    took: list[float] = []

    async def ask(request: Request, due: float) -> None:
        since, *pair = idle.pop() if idle else (0.0,)
        if time.perf_counter() - since > _FRESH_S:
            for stale in pair[1:]:
                stale.close()
            pair = list(await asyncio.open_connection("127.0.0.1", port))
        reader, writer = pair
        await _exchange(reader, writer, request)
        took.append(time.perf_counter() - due)
        idle.append((time.perf_counter(), reader, writer))

    began = time.perf_counter()
    asked = []
    for number, request in enumerate(requests):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.create_task(ask(request, due)))
    await asyncio.gather(*asked)
    for *_, writer in idle:
        writer.close()
    return Told(took, time.perf_counter() - began)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request
) -> None:
    method, target, body = request
    writer.write(
        f"{method} {target} HTTP/1.1\r\nHost: load\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{method} {target}: {head[:60]!r}")
    [length] = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    if not length:
        raise SystemExit(f"{method} {target}: nothing said")
    await reader.readexactly(length)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise SystemExit("the server did not start")
