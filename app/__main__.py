"""`python -m app GROUP VERB …` — the operator's commands."""

from __future__ import annotations

import sys

from app import config
from app.cli import desk, verbs
from app.main import build

if __name__ == "__main__":
    sys.exit(desk.run(sys.argv[1:], lambda: build(config.load()), verbs.root))
