"""别处 — a script of ours that touches what others sent in, in a process of its own with limits."""

from __future__ import annotations

import subprocess
import sys

OUT_OF_TIME = -1


def run(script: str, *told: object, given: bytes, wait_s: int) -> tuple[int, bytes]:
    """The script's exit and what it says of what it is given.

    Whatever the child does or becomes, this process reads its words, or that it had none.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-I", script, *map(str, told)],
            input=given, capture_output=True, timeout=wait_s, check=False, env={},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return OUT_OF_TIME, b""
    return child.returncode, child.stdout
