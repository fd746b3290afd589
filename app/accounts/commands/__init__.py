"""Changes at the front desk: official accounts, bindings, invitations, first passwords."""

from app.accounts.commands.binding import bind
from app.accounts.commands.invitations import activate, invite
from app.accounts.commands.official import (
    CALLBACKS_KEPT,
    DELIVERIES_KEPT,
    put_official_account,
    sweep,
)
from app.accounts.commands.platform import (
    put_bound_tag,
    put_delivery,
    put_menu_state,
    put_tags,
    sync_menu,
)

__all__ = [
    "CALLBACKS_KEPT",
    "DELIVERIES_KEPT",
    "activate",
    "bind",
    "invite",
    "put_bound_tag",
    "put_delivery",
    "put_menu_state",
    "put_official_account",
    "put_tags",
    "sweep",
    "sync_menu",
]
