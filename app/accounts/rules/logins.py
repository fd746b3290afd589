"""登录 — who gets in at once, who waits, and what is still asked of them."""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.accounts.rules.passwords import Profile
from app.accounts.terms.logins import Stage, Way


@dataclass(frozen=True, slots=True)
class Limit:
    """次数限制 — so many tries within so long a time; with `slows`, the last ones ever slower."""

    scope: str
    tries: int
    window: timedelta
    slows: bool = False


# trust.md: who tries wrong passwords shuts out their own address first, and a name as a
# whole only after many; a browser that its owner signed in from before is counted by itself.
PAIR = Limit("password.pair", 5, timedelta(minutes=30), slows=True)
ADDRESS = Limit("password.address", 20, timedelta(hours=1))
NAME = Limit("password.name", 50, timedelta(days=1))
DEVICE = Limit("password.device", 5, timedelta(minutes=30), slows=True)
# trust.md 2.2.4: codes are guessed nowhere.
CODES = Limit("code.address", 10, timedelta(hours=1))
# Of one code; the window is longer than it lives, so the fifth wrong one voids it.
ONE_CODE = Limit("code.tries", 5, timedelta(hours=1))
# Behind the right password already.
SECOND = Limit("second.login", 5, timedelta(minutes=30), slows=True)
# Pictures for one address: a hall of computers behind one, each with a new picture a minute.
PICTURES = Limit("scan.address", 3000, timedelta(hours=1))
# trust.md R-30: people whose whole numbers one administrator may look at.
UNMASKED = Limit("person.unmasked", 20, timedelta(days=1))

_LONGEST_NAME = 64


def typed_name(text: str) -> str:
    """用户名 as it is looked up: half-width, without spaces around, or inside a number."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    bare = name.replace(" ", "").replace("-", "")
    if bare.isdecimal():
        name = bare
    return name if len(name) <= _LONGEST_NAME and name.isprintable() else ""


def network_of(address: str) -> str:
    """The neighbourhood of an address, which one person can usually move about in (/24, /64)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    prefix = 24 if parsed.version == 4 else 64  # noqa: PLR2004
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


def stage_after(way: Way, *, governs: bool, second: bool, strong: bool, stale: bool) -> Stage:
    """登录阶段 — what is asked of somebody next; whoever governs others gives a second factor."""
    if governs and not strong:
        return Stage.SECOND if second else Stage.ENROL
    return Stage.RENEW if way is Way.CODE or stale else Stage.OPEN


def is_stale(profile: Profile, password_at: datetime | None, now: datetime) -> bool:
    """Whether the password has served its time."""
    return (
        profile.rotation is not None
        and password_at is not None
        and password_at <= now - profile.rotation
    )
