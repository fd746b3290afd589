"""The cards' part of commands above."""

from app.cards.steps.holding import (
    flush,
    hand_over,
    register,
    replace_active,
    write_uid,
)
from app.cards.steps.sheets import let_hold, let_stand

__all__ = [
    "flush",
    "hand_over",
    "let_hold",
    "let_stand",
    "register",
    "replace_active",
    "write_uid",
]
