"""Rows of the front desk, which is read before any scope exists: no credit, no medical data.

None of these tables is under row security; the `protected` contract of the house shuts them to all
but this context.
"""

from app.accounts.tables.binding import BindingRow
from app.accounts.tables.logins import GrantRow, LinkRow, LoginRow
from app.accounts.tables.official import CallbackRow, OfficialAccountRow
from app.accounts.tables.platform import DeliveryRow, FollowerRow, GateRow, MenuRow, TokenRow
from app.accounts.tables.sessions import PhoneSessionRow
from app.accounts.tables.tickets import PhoneTicketRow

__all__ = [
    "BindingRow",
    "CallbackRow",
    "DeliveryRow",
    "FollowerRow",
    "GateRow",
    "GrantRow",
    "LinkRow",
    "LoginRow",
    "MenuRow",
    "OfficialAccountRow",
    "PhoneSessionRow",
    "PhoneTicketRow",
    "TokenRow",
]
