"""Rows of the front desk, which is read before any scope exists: no credit, no medical data.

None of these tables is under row security; the `protected` contract of the house shuts them to all
but this context.
"""

from app.accounts.tables.binding import BindingRow
from app.accounts.tables.codes import CodeRow, FreezeLinkRow, RecoveryRow
from app.accounts.tables.logins import AttemptRow, GrantRow, LinkRow, LoginRow, PastPasswordRow
from app.accounts.tables.official import CallbackRow, OfficialAccountRow
from app.accounts.tables.platform import DeliveryRow, FollowerRow, GateRow, MenuRow, TokenRow
from app.accounts.tables.scans import ScanRow
from app.accounts.tables.sessions import ConsoleSessionRow, KnownDeviceRow, PhoneSessionRow
from app.accounts.tables.tickets import PhoneTicketRow

__all__ = [
    "AttemptRow",
    "BindingRow",
    "CallbackRow",
    "CodeRow",
    "ConsoleSessionRow",
    "DeliveryRow",
    "FollowerRow",
    "FreezeLinkRow",
    "GateRow",
    "GrantRow",
    "KnownDeviceRow",
    "LinkRow",
    "LoginRow",
    "MenuRow",
    "OfficialAccountRow",
    "PastPasswordRow",
    "PhoneSessionRow",
    "PhoneTicketRow",
    "RecoveryRow",
    "ScanRow",
    "TokenRow",
]
