"""The callback door under load: against a peer, at 2.4 million people, and without Redis."""

from __future__ import annotations

import argparse

from tests.load.wechat import constant, credits


def main(argv: list[str]) -> None:
    """Print the figures asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.load wechat")
    parser.add_argument("--only", choices=("constant", "credits"))
    parser.add_argument("--people", type=int, default=2_400_000)
    parser.add_argument("--messages", type=int, default=4_000)
    options = parser.parse_args(argv)
    if options.only != "credits":
        constant.measure(options.messages)
    if options.only != "constant":
        credits.measure(options.people, options.messages)
