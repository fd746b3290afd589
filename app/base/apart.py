"""别处 — a script of ours that touches what others sent in, in a process of its own with limits."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from app.base import cell

OUT_OF_TIME = -1


def run(script: str, *told: object, given: bytes, seconds: int, most: int) -> tuple[int, bytes]:
    """The script's exit and what it says of what it is given, in so many seconds of work.

    Whatever the child does or becomes, this process reads at most so many bytes of it, or that it
    had none.
    """
    limits = (str(most), str(seconds))
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.run(
                [sys.executable, "-I", cell.__file__, *limits, script, *map(str, told)],
                input=given, stdout=said, stderr=subprocess.DEVNULL, timeout=1.5 * seconds,
                check=False, env={},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return OUT_OF_TIME, b""
        said.seek(0)
        return child.returncode, said.read(most) if child.returncode == 0 else b""
