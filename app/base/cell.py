"""隔间 — what a child process does that touches what others sent in: little is at its hand.

Started by `base.apart` as a script, with nothing of ours in it, and with the path of one of ours:
that one's `main` runs within limits of memory, time and words, and can write no file and start no
process. An exit other than 0 says why not.
"""

from __future__ import annotations

import resource
import runpy
import sys
from typing import Any

MEMORY = 768 * 1024 * 1024
# Any script may end so; more endings are its own.
BROKEN, BOMB = 10, 11


def main() -> int:
    """Run the script that is named first, and tell its exit."""
    # What may be said, and in how much time, is for the script that waits for it to say.
    said, seconds = int(sys.argv[1]), int(sys.argv[2])
    del sys.argv[:3]
    script: dict[str, Any] = runpy.run_path(sys.argv[0])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (said, said))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        code: int = script["main"]()
        sys.stdout.flush()
    except (MemoryError, *script.get("BOMBS", ())):
        return BOMB
    except Exception:  # noqa: BLE001  whatever a file of others brings about: it cannot be read
        return BROKEN
    return code


if __name__ == "__main__":
    raise SystemExit(main())
