"""扫码登录 — pictures given out, read, and turned into a session by the browser that shows them.

Each step that takes a site is one statement that commits by itself, so of two at once one is first.
"""

from __future__ import annotations

import secrets

from sqlalchemy import text

from app.accounts.queries import alone, hash_of
from app.accounts.rules.devices import device_of
from app.accounts.rules.logins import PICTURES
from app.accounts.rules.scans import CHOICES, CHOOSING, HIGHEST, LOWEST, SCAN_LIFE, told_apart
from app.accounts.rules.sessions import agent_kept
from app.accounts.steps.attempts import charge
from app.accounts.terms import LoginId, Offer, Scan, ScanStanding, ScanState
from app.base.site import Site
from app.kernel.secret import Secret

_TOKEN_BYTES = 16

# One picture a browser: a new one ends the one before.
_OFFER = text("""
with older as (
  update scan set ended_at = :now where browser_hash = :browser and ended_at is null
)
insert into scan (token_hash, browser_hash, slug, number, numbers, agent, address, expires_at)
values (:hash, :browser, :slug, :number, cast(:numbers as jsonb), :agent, :address, :expires_at)
""")
# Read in time, by one follower: who reads it later, or as another, finds nothing.
_READ = text("""
update scan set openid = :openid,
  expires_at = case when openid is null then :choose_until else expires_at end
where token_hash = :hash and slug = :slug and ended_at is null and expires_at > :now
  and login_id is null and (openid is null or openid = :openid)
returning numbers, agent, address, expires_at
""")
_STANDING = text("""
select openid, login_id, ended_at, expires_at from scan
where browser_hash = :browser order by (ended_at is null) desc, expires_at desc limit 1
""")
TAKE = text("""
update scan set ended_at = :now
where browser_hash = :browser and login_id = :login_id and ended_at is null and expires_at > :now
returning true
""")
CHOOSE = text("""
update scan set login_id = case when number = :number then :login_id else login_id end,
  ended_at = case when number = :number then null else :now end
where token_hash = :hash and slug = :slug and openid = :openid and ended_at is null
  and login_id is null and expires_at > :now
returning number = :number as matched, address
""")
CANCEL = text("""
update scan set ended_at = :now
where token_hash = :hash and slug = :slug and openid = :openid and ended_at is null
""")


def offer_scan(site: Site, slug: str, browser: Secret, *, agent: str, address: str) -> Offer | int:
    """登录二维码 — a picture for this browser, which no other can use; else the seconds to wait."""
    if wait := charge(site, PICTURES, address):
        return wait
    token = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
    numbers = _numbers()
    number = secrets.choice(numbers)
    now = site.clock()
    facts = {
        "hash": hash_of(token), "browser": hash_of(browser), "slug": slug, "number": number,
        "numbers": f"[{', '.join(map(str, numbers))}]", "agent": agent_kept(agent),
        "address": address, "now": now, "expires_at": now + SCAN_LIFE,
    }  # fmt: skip
    alone(site, _OFFER, facts)
    return Offer(token, number, now + SCAN_LIFE)


def scan_of(site: Site, slug: str, openid: str, token: Secret) -> Scan | None:
    """扫码 — what a phone may know of the picture it read; None for one that leads nowhere.

    From the first reading on the picture is this follower's, who has a minute to choose.
    """
    now = site.clock()
    facts = {
        "hash": hash_of(token), "slug": slug, "openid": openid, "now": now,
        "choose_until": now + CHOOSING,
    }  # fmt: skip
    row = alone(site, _READ, facts).one_or_none()
    if row is None:
        return None
    return Scan(tuple(row.numbers), device_of(row.agent), row.address, row.expires_at)


def scan_standing(site: Site, browser: Secret) -> ScanStanding | None:
    """扫码进展 — how far the newest picture of this browser got; None where it never had one."""
    row = alone(site, _STANDING, {"browser": hash_of(browser)}).one_or_none()
    if row is None:
        return None
    login_id = None if row.login_id is None else LoginId(row.login_id)
    state = ScanState.WAITING
    if row.ended_at is not None or row.expires_at <= site.clock():
        state, login_id = ScanState.OVER, None
    elif login_id is not None:
        state = ScanState.CONFIRMED
    elif row.openid is not None:
        state = ScanState.SEEN
    return ScanStanding(state, login_id, row.expires_at)


def _numbers() -> tuple[int, ...]:
    """Numbers in the order in which the phone shows them; they tell nothing of the right one."""
    source = secrets.SystemRandom()
    while True:
        numbers = source.sample(range(LOWEST, HIGHEST + 1), CHOICES)
        if told_apart(numbers):
            return tuple(numbers)
