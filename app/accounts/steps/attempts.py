"""尝试次数 — counted before anything is looked at, so that many at once count as many.

Each step is one statement that commits by itself: what is refused afterwards stays counted. The
counters are in PostgreSQL, because a limit that forgets with Redis is none.
"""

from __future__ import annotations

import math

from sqlalchemy import text

from app.accounts.queries import alone
from app.accounts.rules.logins import Limit
from app.base.site import Site
from app.kernel.secret import Secret

# Counts, unless it must wait; the last try allowed holds the rest until the window is over.
_CHARGE = text("""
insert into attempt as a (scope, key, since, count, held_until)
values (:scope, :key, :now, 1, :now)
on conflict (scope, key) do update set (since, count, held_until) = (
  select since, count, case
    when count >= :tries then since + :window
    when :slows and count >= 3 then :now + interval '2 seconds' * power(2, count - 3)
    else :now end
  from (
    select case when a.since <= :old then :now else a.since end as since,
      case when a.since <= :old then 1 else a.count + 1 end as count
  ) counted
)
where a.held_until <= :now
returning true
""")
_HELD = text("select held_until from attempt where scope = :scope and key = :key")
_REFUND = text("""
update attempt set count = greatest(count - 1, 0), held_until = :now
where scope = :scope and key = :key
""")
_FORGET = text("delete from attempt where scope = :scope and key = :key")


def charge(site: Site, limit: Limit, by: str) -> int:
    """Count one try; 0 if it may go on, else in how many seconds one may come again."""
    now = site.clock()
    facts = {
        "scope": limit.scope, "key": _key(site, limit, by), "now": now, "old": now - limit.window,
        "tries": limit.tries, "window": limit.window, "slows": limit.slows,
    }  # fmt: skip
    if alone(site, _CHARGE, facts).one_or_none() is not None:
        return 0
    held = alone(site, _HELD, {"scope": facts["scope"], "key": facts["key"]}).scalar_one_or_none()
    return 1 if held is None else max(1, math.ceil((held - now).total_seconds()))


def refund(site: Site, limit: Limit, by: str) -> None:
    """Take one try back, which was right."""
    key = _key(site, limit, by)
    alone(site, _REFUND, {"scope": limit.scope, "key": key, "now": site.clock()})


def forget(site: Site, limit: Limit, by: str) -> None:
    """Begin to count anew."""
    alone(site, _FORGET, {"scope": limit.scope, "key": _key(site, limit, by)})


def _key(site: Site, limit: Limit, by: str) -> bytes:
    text_by = by.encode(errors="replace").decode()
    return site.vault.index(Secret(text_by), f"attempt.{limit.scope}")
