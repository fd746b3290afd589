"""Changes at the front desk: official accounts, bindings, invitations, first passwords."""

from app.accounts.commands.binding import bind
from app.accounts.commands.invitations import activate, invite
from app.accounts.commands.official import CALLBACKS_KEPT, put_official_account, sweep

__all__ = ["CALLBACKS_KEPT", "activate", "bind", "invite", "put_official_account", "sweep"]
