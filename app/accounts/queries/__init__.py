"""Questions to the front desk, which is asked before any scope exists.

Those that take a site are for doors that do not know yet who is asking; each is one statement in a
transaction of its own.
"""

from app.accounts.queries.asking import alone
from app.accounts.queries.binding import binding_of
from app.accounts.queries.invitations import hash_of, invitation, invited_to
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
from app.accounts.queries.sessions import phone_session

__all__ = [
    "REMEMBERED",
    "alarms",
    "alone",
    "binding_of",
    "bound_openids",
    "bound_tag",
    "delivered",
    "follower",
    "forget",
    "hash_of",
    "held_token",
    "invitation",
    "invited_to",
    "menu_state",
    "official_account",
    "opened",
    "phone_session",
    "sealed",
    "sealing",
    "speaking_plainly",
]
