"""送来的文件 — which files of a terminal come in which order, and what befell them on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.demo.rehearsal import Act

# A serial that nobody registered.
_STRANGER = "MBX-77777"
_CLOCK = re.compile(rb'("at_dev":"[0-9-]+T[0-9]{2}:)([0-9]{2})')


@dataclass(frozen=True, slots=True)
class Delivery:
    """一份文件 — records from one number to another, where it lies, and what befell it."""

    path: Path
    first: int
    last: int
    harm: str

    @property
    def act(self) -> Act:
        """The terminal's command that writes it."""
        lies = {"wrong-key": ["--wrong-key"], "as-device": ["--as-device", _STRANGER]}
        numbers = ["--from", str(self.first), "--to", str(self.last)]
        return ["export", "--out", str(self.path), *numbers, *lies.get(self.harm, [])]

    def arrived(self) -> bytes:
        """The bytes that arrive; the file is left as it arrived."""
        data = self.path.read_bytes()
        if self.harm == "cut":
            data = data[: len(data) * 2 // 3]
        elif self.harm == "edited":
            data = edited(data)
        self.path.write_bytes(data)
        return data


def deliveries_of(
    told: Mapping[str, Any], folder: Path, name: str, first: int, count: int
) -> Iterator[Delivery]:
    """The files of a holding whose records begin with that number, in the order they come in."""
    parts = told.get("files", 1)
    ends = [first + count * part // parts for part in range(parts + 1)]
    sent = told.get("sent", [str(part) for part in range(1, parts + 1)])
    for turn, what in enumerate(sent, start=1):
        part, _, harm = what.partition(" ")
        path = folder / f"{'-'.join((name, str(turn), *what.split()[1:]))}.mbxrec"
        yield Delivery(path, ends[int(part) - 1], ends[int(part)] - 1, harm)


def edited(data: bytes) -> bytes:
    """The file after somebody moved the clock of its first record by a minute, with an editor."""

    def moved(found: re.Match[bytes]) -> bytes:
        return found[1] + b"%02d" % ((int(found[2]) + 1) % 60)

    return _CLOCK.sub(moved, data, count=1)
