"""限速与停用 — whether an interface may be called now, and what a refusal shuts for how long.

Kept in PostgreSQL, so that one process's refusal is heeded by all (trust.md 2.3 row 26).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.accounts import steps as desk
from app.base.site import Site
from app.kernel.span import day_start, local_date
from wechat.platform.apis import Api
from wechat.platform.errors import Action, PlatformError, TooFastError, error_of

_MINUTE = timedelta(minutes=1)
# What an administrator mends on the platform's side is seen after that by itself.
_STOPPED = timedelta(minutes=10)
_OFF = timedelta(days=1)
# At most so many calls go at once, before the pace by the minute holds them.
_BURST = 60


def pass_gate(site: Site, slug: str, api: Api) -> None:
    """Count a call. The error that shut the interface where one did, TooFastError at our pace."""
    burst = min(_BURST, api.a_minute)
    gate = desk.take_turn(site, slug, api.path, burst=burst, per_s=api.a_minute / 60)
    if gate.is_open:
        return
    if gate.errcode is None:
        soon = site.clock() + timedelta(seconds=1)
        raise TooFastError(api.path, said="our own pace", again_at=soon)
    raise error_of(api.path, gate.errcode, "shut", gate.until)


def shut_for(site: Site, slug: str, error: PlatformError) -> None:
    """Shut what the error says goes no more; an error that was shut for already tells nothing."""
    if error.errcode is None or error.again_at is not None:
        return
    span = shut_until(error.action, site.clock())
    if span is not None:
        api = desk.ALL if error.action in {Action.STOP, Action.ALARM} else error.api
        error.again_at = span
        desk.shut_gate(site, slug, api, until=span, errcode=error.errcode, said=error.said)


def shut_until(action: Action, now: datetime) -> datetime | None:
    """Until when such a refusal shuts an interface; None where it shuts nothing."""
    match action:
        case Action.PARK:
            # The platform counts days in Beijing.
            return day_start(local_date(now) + timedelta(days=1))
        case Action.PAUSE:
            return now + _MINUTE
        case Action.CAPABILITY_OFF:
            return now + _OFF
        case Action.STOP | Action.ALARM:
            return now + _STOPPED
        case _:
            return None
