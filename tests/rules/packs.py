"""The shipped packs, read once for the tests of standards."""

from __future__ import annotations

import json
from pathlib import Path

from app.standards import rules
from app.standards.terms import Pack

EDITIONS = Path(rules.__file__).parent.parent / "editions"
SHIPPED = ("cn-2006", "cn-2024", "henan-hospital-activity")
SHELF: dict[str, dict[str, object]] = {}
PACKS: dict[str, Pack] = {}

for _name in SHIPPED:
    PACKS[_name], SHELF[_name] = rules.read_pack((EDITIONS / f"{_name}.json").read_bytes(), SHELF)


def changed(pack: str, **keys: object) -> Pack:
    """A shipped pack with some of its keys replaced."""
    return rules.pack_of({**SHELF[pack], **keys})


def text_of(pack: str, **keys: object) -> str:
    """A shipped pack's file with some of its keys replaced, or left out where None."""
    body = json.loads((EDITIONS / f"{pack}.json").read_bytes()) | keys
    return json.dumps({key: value for key, value in body.items() if value is not None})
