"""Questions to the front desk, which is asked before any scope exists.

Those that take a site are for doors that do not know yet who is asking; each is one statement in a
transaction of its own.
"""

from app.accounts.queries.asking import alone
from app.accounts.queries.binding import binding_of
from app.accounts.queries.invitations import hash_of, invitation, invited_to
from app.accounts.queries.keepers import keepers
from app.accounts.queries.logbook import LogEntry, Looked, logbook
from app.accounts.queries.logins import (
    account_card_of,
    badge_of,
    freeze_token,
    freezing,
    login_of,
)
from app.accounts.queries.official import (
    REMEMBERED,
    forget,
    official_account,
    opened,
    sealed,
    sealing,
    speaking_plainly,
)
from app.accounts.queries.platform import (
    alarms,
    bound_openids,
    bound_tag,
    delivered,
    follower,
    held_token,
    menu_state,
)
from app.accounts.queries.scans import scanning_account
from app.accounts.queries.sessions import console_session, own_sessions, phone_session

__all__ = [
    "REMEMBERED",
    "LogEntry",
    "Looked",
    "account_card_of",
    "alarms",
    "alone",
    "badge_of",
    "binding_of",
    "bound_openids",
    "bound_tag",
    "console_session",
    "delivered",
    "follower",
    "forget",
    "freeze_token",
    "freezing",
    "hash_of",
    "held_token",
    "invitation",
    "invited_to",
    "keepers",
    "logbook",
    "login_of",
    "menu_state",
    "official_account",
    "opened",
    "own_sessions",
    "phone_session",
    "scanning_account",
    "sealed",
    "sealing",
    "speaking_plainly",
]
