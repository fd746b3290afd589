"""Steps of the front desk: who answers a message of the platform, and what a unique key tells."""

from app.accounts.steps.callbacks import claim_callback, store_reply
from app.accounts.steps.clashes import flush
from app.accounts.steps.sessions import end_phone_session, open_phone_session
from app.accounts.steps.tickets import issue_ticket, use_ticket

__all__ = [
    "claim_callback",
    "end_phone_session",
    "flush",
    "issue_ticket",
    "open_phone_session",
    "store_reply",
    "use_ticket",
]
