"""控制台 — the figures of the console, each by its name; all of them without one."""

from __future__ import annotations

import argparse

from tests.load import people, whatif

FIGURES = {"people": people.measure, "whatif": whatif.measure}


def main(argv: list[str]) -> None:
    """Measure what is asked for, one figure after the other."""
    options = argparse.ArgumentParser(prog="python -m tests.load console")
    options.add_argument("--only", choices=sorted(FIGURES))
    only = options.parse_args(argv).only
    for name, measure in FIGURES.items():
        if only in (None, name):
            measure()
