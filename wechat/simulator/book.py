"""词句 — the words that people read, from `words.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def section(name: str) -> dict[str, str]:
    """The words of that section, by code."""
    book = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    found: dict[str, str] = book[name]
    return found


def say(about: str, code: str, /, **facts: object) -> str:
    """One sentence with its facts. KeyError for a code that nobody wrote."""
    return section(about)[code].format(**facts)
