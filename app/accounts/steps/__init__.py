"""Steps of the front desk: who answers a message of the platform, and what a unique key tells."""

from app.accounts.steps.attempts import charge, forget, refund
from app.accounts.steps.callbacks import answer_later, claim_callback, store_reply
from app.accounts.steps.clashes import flush
from app.accounts.steps.deliveries import begin_delivery, confirm_delivery, go_by
from app.accounts.steps.followers import heard, mark_follower, retag, spend_leave
from app.accounts.steps.gates import ALL, shut_gate, take_turn
from app.accounts.steps.logins import (
    second_was_right,
    try_code,
    try_password,
    try_second,
)
from app.accounts.steps.scans import offer_scan, scan_of, scan_standing
from app.accounts.steps.sessions import end_phone_session, open_phone_session
from app.accounts.steps.tickets import issue_ticket, use_ticket
from app.accounts.steps.tokens import TokenTurn, forget_platform, token_turn

__all__ = [
    "ALL",
    "TokenTurn",
    "answer_later",
    "begin_delivery",
    "charge",
    "claim_callback",
    "close_delivery",
    "confirm_delivery",
    "end_phone_session",
    "flush",
    "forget",
    "forget_platform",
    "go_by",
    "heard",
    "issue_ticket",
    "mark_follower",
    "mark_tags",
    "offer_scan",
    "open_phone_session",
    "refund",
    "retag",
    "scan_of",
    "scan_standing",
    "second_was_right",
    "shut_gate",
    "spend_leave",
    "store_reply",
    "take_turn",
    "token_turn",
    "try_code",
    "try_password",
    "try_second",
    "use_ticket",
]
