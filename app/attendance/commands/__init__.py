"""Changes of terminals, uploads and swipes that someone may ask for."""

from app.attendance.commands.clocks import repair_clock, undo_clock_repair
from app.attendance.commands.devices import (
    enrol,
    forget_nonces,
    hear,
    register,
    revoke,
    spend_nonce,
)
from app.attendance.commands.packages import acknowledge, make_package
from app.attendance.commands.records import accept, attach, claim, discard, settle_cards
from app.attendance.commands.uploads import take_in, upload

__all__ = [
    "accept",
    "acknowledge",
    "attach",
    "claim",
    "discard",
    "enrol",
    "forget_nonces",
    "hear",
    "make_package",
    "register",
    "repair_clock",
    "revoke",
    "settle_cards",
    "spend_nonce",
    "take_in",
    "undo_clock_repair",
    "upload",
]
