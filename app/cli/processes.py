"""Processes we start: each leads a session of its own, ends with us, and leaves nobody behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

_LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
_PROC = Path("/proc")
_STEP_S = 0.02


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    folder: Path,
    env: Mapping[str, str] | None = None,
    uid: int | None = None,
    gid: int | None = None,
    farewell: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own; should we be killed, Linux sends it `farewell`.

    Its own session keeps a Ctrl-C at the terminal away from it, so that we stop things in order.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".old"))
    with log.open("ab") as said:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
            env=env,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            start_new_session=True,
            preexec_fn=_dies_with_us(farewell),  # noqa: PLW1509 - we start from one thread only
        )


def tail(log: Path, size: int = 800) -> str:
    """The end of a log, for a person who must find out why."""
    return log.read_bytes()[-size:].decode(errors="replace").strip() if log.exists() else ""


def session_of(leader: int) -> set[int]:
    """The living members of the session that this process led, itself left out."""
    return {pid for pid in _pids() if pid != leader and _session(pid) == leader}


def dwelling(folder: Path, programs: Collection[str]) -> set[int]:
    """The processes of these names that work in or on this folder; empty where there is no /proc.

    A container's root may not read where another user's process stands, but may read its words.
    """
    return {pid for pid in _pids() if _dwells(_PROC / str(pid), folder, programs)}


def lives(pid: int) -> bool:
    """Whether a process of this id is seen to live; never where there is no /proc."""
    return _session(pid) is not None


def end(who: Callable[[], set[int]], ask: signal.Signals, patience_s: float) -> None:
    """Ask these processes to end, wait, and kill what is left; returns when none is left."""
    _tell(who(), ask)
    if not _gone(who, patience_s):
        _tell(who(), signal.SIGKILL)
        _gone(who, patience_s)


def wait_for(is_ready: Callable[[], bool], patience_s: float) -> bool:
    """Whether this came true in time."""
    until = time.monotonic() + patience_s
    while not is_ready():
        if time.monotonic() > until:
            return False
        time.sleep(_STEP_S)
    return True


def _dwells(process: Path, folder: Path, programs: Collection[str]) -> bool:
    try:
        if (process / "comm").read_text().strip() not in programs:
            return False
        if bytes(folder) in (process / "cmdline").read_bytes().split(b"\0"):
            return True
        return (process / "cwd").readlink() == folder
    except OSError:
        return False  # gone, or another user's


def _gone(who: Callable[[], set[int]], patience_s: float) -> bool:
    return wait_for(lambda: not who(), patience_s)


def _tell(pids: set[int], what: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue


def _dies_with_us(farewell: signal.Signals) -> Callable[[], object] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, farewell)


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.glob("[0-9]*")]


def _session(pid: int) -> int | None:
    """The session of a living process: the fourth field after its name (proc(5), stat)."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[3])
