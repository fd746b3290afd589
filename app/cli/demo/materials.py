"""材料 — the files in `data`, from which the demo city is made."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parent / "data"


def content(name: str) -> bytes:
    """The bytes of one of the files."""
    return (_FOLDER / name).read_bytes()


@cache
def tables(name: str) -> Mapping[str, Any]:
    """One of the TOML files."""
    return tomllib.loads(content(f"{name}.toml").decode())


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the CSV files, by column."""
    return list(csv.DictReader(io.StringIO(content(f"{name}.csv").decode())))


def csv_of(columns: Sequence[str], people: Iterable[Mapping[str, str]]) -> bytes:
    """A CSV file with these columns; what a row lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(people)
    return text.getvalue().encode()
