"""外人 — the program that stands for one outside the house, a terminal at a door.

It knows nothing of our settings, and speaks to us only as its likes do. WeChat is in `platform`.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.config import ROOT
from app.kernel.errors import UnavailableError

_PATIENCE_S = 120.0
_LOOK_S = 0.1
# What any program needs to start; none of it is a setting of ours.
_KEPT = ("PATH", "PYTHONPATH", "PYTHONSAFEPATH", "LANG", "LC_ALL", "HOME", "TMPDIR")


def terminal(folder: Path, acts: Iterable[list[str]]) -> list[Any]:
    """Let the stand-in terminal whose memory is in that folder do these things; what it said.

    UnavailableError with its words where it could not do one of them.
    """
    lines = "".join(f"{json.dumps(act)}\n" for act in acts)
    said: list[Any] = json.loads(
        _run("device.mbox.machine", "--state", str(folder), "play", given=lines)
    )
    return said


def wait_for(web: str) -> None:
    """Wait until the web server answers. UnavailableError where it does not in time."""
    address = urlsplit(web)
    until = time.monotonic() + _PATIENCE_S
    while not _answers(address.hostname or "", address.port):
        if time.monotonic() > until:
            raise UnavailableError("demo.web.silent", web=web)
        time.sleep(_LOOK_S)


def _answers(host: str, port: int | None) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _run(module: str, *words: str, given: str) -> str:
    kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            input=given, capture_output=True, text=True, encoding="utf-8", check=False,
            cwd=ROOT, env=kept | {"PYTHONIOENCODING": "utf-8"}, timeout=_PATIENCE_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnavailableError("demo.outsider.slow", program=module) from None
    if done.returncode != 0:
        raise UnavailableError("demo.outsider.failed", program=module, said=done.stderr.strip())
    return done.stdout
