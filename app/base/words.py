"""词句 — from a code to the Chinese sentence that people read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.kernel.errors import CmeError, RowError

_FOLDER = Path(__file__).resolve().parent.parent / "words"


@cache
def book(name: str) -> Mapping[str, str]:
    """One file of `app/words` as code → sentence, sections joined with a dot."""
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        return dict(_flat(tomllib.load(file)))


def sentence(name: str, code: str, facts: Mapping[str, Any]) -> str:
    """The sentence of that code, filled with the facts. KeyError for an unknown code."""
    return book(name)[code].format_map(facts)


def of_error(error: CmeError) -> str:
    """What to tell a person about an error."""
    return sentence("errors", error.code, error.facts)


def of_row(error: RowError) -> str:
    """What to tell a person about one wrong cell of an import."""
    facts = {"row": error.row, "column": error.column, "value": error.value, **dict(error.facts)}
    return sentence("errors", error.code, facts)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        pairs += [(name, value)] if isinstance(value, str) else _flat(value, f"{name}.")
    return pairs
