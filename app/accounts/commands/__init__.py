"""Changes at the front desk: official accounts, bindings, invitations, log-ins and sessions."""

from app.accounts.commands.binding import bind
from app.accounts.commands.codes import (
    agree_code,
    ask_code,
    reset_code,
    set_password,
    unfreeze,
    use_code,
)
from app.accounts.commands.invitations import activate, end_grant, invite
from app.accounts.commands.logins import (
    audit_weak,
    forget_totp,
    freeze,
    freeze_login,
    unfreeze_login,
)
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
from app.accounts.commands.scans import cancel_scan, confirm_scan
from app.accounts.commands.sessions import (
    begin_renewal,
    choose,
    end_own_session,
    end_own_sessions,
    sign_in,
    sign_in_by_scan,
    sweep_sessions,
)
from app.accounts.commands.totp import begin_totp, confirm_totp, drop_totp, prove_second

__all__ = [
    "CALLBACKS_KEPT",
    "DELIVERIES_KEPT",
    "activate",
    "agree_code",
    "ask_code",
    "audit_weak",
    "begin_renewal",
    "begin_totp",
    "bind",
    "cancel_scan",
    "choose",
    "confirm_scan",
    "confirm_totp",
    "drop_totp",
    "end_grant",
    "end_own_session",
    "end_own_sessions",
    "forget_totp",
    "freeze",
    "freeze_login",
    "invite",
    "prove_second",
    "put_bound_tag",
    "put_delivery",
    "put_menu_state",
    "put_official_account",
    "put_tags",
    "reset_code",
    "set_password",
    "sign_in",
    "sign_in_by_scan",
    "sweep",
    "sweep_sessions",
    "sync_menu",
    "unfreeze",
    "unfreeze_login",
    "use_code",
]
