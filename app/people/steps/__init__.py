"""The people's part of commands above: files taken in or back, people changed and moved."""

from app.people.steps.apart import let_pair, set_apart
from app.people.steps.imports import (
    as_seen,
    check,
    keep_table,
    put_back,
    state_of,
    taken,
    taking,
    undoing,
    undone,
)
from app.people.steps.persons import (
    amend,
    both_as_seen,
    close_as_merged,
    judge_roster,
    look_at_numbers,
    move_all,
    relocate,
    restate,
    store_roster,
)
from app.people.steps.photos import put_photo, remove_photo

__all__ = [
    "amend",
    "as_seen",
    "both_as_seen",
    "check",
    "close_as_merged",
    "judge_roster",
    "keep_table",
    "let_pair",
    "look_at_numbers",
    "move_all",
    "put_back",
    "put_photo",
    "relocate",
    "remove_photo",
    "restate",
    "set_apart",
    "state_of",
    "store_roster",
    "taken",
    "taking",
    "undoing",
    "undone",
]
