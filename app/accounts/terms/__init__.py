"""账号 — words of the front desk: log-ins, grants, official accounts, bindings."""

from app.accounts.terms.binding import Binding
from app.accounts.terms.followers import (
    Channel,
    Delivery,
    DeliveryState,
    Follower,
    FollowerAct,
    FollowerState,
)
from app.accounts.terms.logins import Invitation, Link, LoginId
from app.accounts.terms.official import (
    AccountKind,
    Claimed,
    Mode,
    NoticeTemplate,
    OfficialAccount,
    Put,
    Turn,
)
from app.accounts.terms.platform import Alarm, Gate, HeldToken, MenuState, TokenKind
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
    "Alarm",
    "Binding",
    "Browser",
    "Channel",
    "Claimed",
    "Delivery",
    "DeliveryState",
    "Device",
    "Follower",
    "FollowerAct",
    "FollowerState",
    "Gate",
    "HeldToken",
    "Invitation",
    "Link",
    "LoginId",
    "MenuState",
    "Mode",
    "NoticeTemplate",
    "OfficialAccount",
    "PhoneSession",
    "Put",
    "SessionId",
    "SessionLife",
    "System",
    "TokenKind",
    "Turn",
]
