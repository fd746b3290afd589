"""接口闸门 — how fast an account calls an interface of the platform, and whether it may at all.

The count is kept in the database because senders are many processes, and each lives for one
message. A call takes its turn in one statement that is a transaction by itself.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from app.accounts.queries.asking import alone
from app.accounts.terms import Gate
from app.base.site import Site

# The gate of the whole account.
ALL = "*"

_TAKE = text("""
with shut as (
  select until, errcode from wechat_gate
  where slug = :slug and api in (:api, '*') and until > :now order by until desc limit 1
), taken as (
  insert into wechat_gate as gate (slug, api, room, at)
  select :slug, :api, :burst - 1, :now where not exists (select from shut)
  on conflict (slug, api) do update set at = excluded.at,
    room = least(:burst, gate.room
      + greatest(0, extract(epoch from excluded.at - gate.at)) * :per_s) - 1
  where least(:burst, gate.room
    + greatest(0, extract(epoch from excluded.at - gate.at)) * :per_s) >= 1
  returning true
)
select exists (select from taken), (select errcode from shut), (select until from shut)
""")

_SHUT = text("""
insert into wechat_gate as gate (slug, api, room, at, until, errcode, said)
values (:slug, :api, 0, :now, :until, :errcode, :said)
on conflict (slug, api) do update set until = excluded.until, errcode = excluded.errcode,
  said = excluded.said
""")


def take_turn(site: Site, slug: str, api: str, *, burst: int, per_s: float) -> Gate:
    """过闸 — whether the interface may be called now; if it may, this call is counted."""
    facts = {"slug": slug, "api": api, "burst": burst, "per_s": per_s, "now": site.clock()}
    taken, errcode, until = alone(site, _TAKE, facts).one()
    return Gate(taken, errcode, until)


def shut_gate(site: Site, slug: str, api: str, *, until: datetime, errcode: int, said: str) -> None:
    """落闸 — nobody calls the interface (or `*`, any) until then, because of this error."""
    facts = {
        "slug": slug, "api": api, "now": site.clock(), "until": until, "errcode": errcode,
        "said": said,
    }  # fmt: skip
    alone(site, _SHUT, facts)
