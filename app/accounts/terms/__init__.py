"""账号 — words of the front desk: log-ins, grants, official accounts, bindings."""

from app.accounts.terms.binding import Binding
from app.accounts.terms.logins import Invitation, Link, LoginId
from app.accounts.terms.official import AccountKind, Claimed, Mode, OfficialAccount, Put, Turn
from app.accounts.terms.sessions import (
    Browser,
    Device,
    PhoneSession,
    SessionId,
    SessionLife,
    System,
)

__all__ = [
    "AccountKind",
    "Binding",
    "Browser",
    "Claimed",
    "Device",
    "Invitation",
    "Link",
    "LoginId",
    "Mode",
    "OfficialAccount",
    "PhoneSession",
    "Put",
    "SessionId",
    "SessionLife",
    "System",
    "Turn",
]
