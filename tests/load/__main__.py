"""`python -m tests.load NAME …` — the product's figures, each a ratio within one run."""

from __future__ import annotations

import importlib
import sys

NAMES = ("intake", "award", "wechat", "token", "console")

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"usage: python -m tests.load {{{','.join(NAMES)}}} [--help]")
    importlib.import_module(f"tests.load.{sys.argv[1]}").main(sys.argv[2:])
