"""The people's part of commands above: a roster taken in or back, people changed and moved."""

from app.people.steps.imports import KEPT, keep_import, locked_import, put_back, state_of
from app.people.steps.persons import (
    amend,
    judge_roster,
    move_all,
    relocate,
    restate,
    store_roster,
)
from app.people.steps.photos import put_photo, remove_photo

__all__ = [
    "KEPT",
    "amend",
    "judge_roster",
    "keep_import",
    "locked_import",
    "move_all",
    "put_back",
    "put_photo",
    "relocate",
    "remove_photo",
    "restate",
    "state_of",
    "store_roster",
]
