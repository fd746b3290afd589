"""粉丝 — what a follower did, and whether we may speak first because of it.

The platform lets an account speak for a while after a follower did something, and counts what it
says (wechat.md 1.5). Each step is one statement that is a transaction by itself.
"""

from __future__ import annotations

from sqlalchemy import text

from app.accounts.queries import binding_of
from app.accounts.queries.asking import alone
from app.accounts.rules import platform as rules
from app.accounts.terms import FollowerAct, FollowerState
from app.base import outbox
from app.base.site import Site
from app.base.work import Work

TOPIC = "wechat.tag"

# Who speaks again within the minute, before we said anything, changes nothing worth a write.
_HEARD = text("""
insert into follower as f (slug, openid, state, heard_at, heard_sent, acted_sent, tags)
values (:slug, :openid, 'follows', :now, 0, 0, '[]')
on conflict (slug, openid) do update set state = 'follows', heard_at = :now, heard_sent = 0
where f.state <> 'follows' or f.heard_sent > 0 or f.heard_at is null
  or f.heard_at < cast(:now as timestamptz) - interval '1 minute'
""")
_ACTED = text("""
insert into follower (slug, openid, state, acted_at, heard_sent, acted_sent, tags)
values (:slug, :openid, 'follows', :now, 0, 0, '[]')
on conflict (slug, openid) do update set state = 'follows', acted_at = :now, acted_sent = 0
""")
# The platform takes its tags off who leaves.
_LEFT = text("""
insert into follower (slug, openid, state, heard_sent, acted_sent, tags)
values (:slug, :openid, 'left', 0, 0, '[]')
on conflict (slug, openid) do update set state = 'left', tags = '[]'
""")
_SPEND = text("""
with leave as (
  select slug, openid,
    coalesce(acted_at > :acted_since and acted_sent < :acted_most, false) as acted,
    coalesce(heard_at > :heard_since and heard_sent < :heard_most, false) as heard
  from follower where slug = :slug and openid = :openid and state = 'follows' for update
)
update follower f set acted_sent = acted_sent + leave.acted::int,
  heard_sent = heard_sent + (leave.heard and not leave.acted)::int
from leave where f.slug = leave.slug and f.openid = leave.openid and (leave.acted or leave.heard)
returning true
""")
_MARK = text("""
insert into follower (slug, openid, state, heard_sent, acted_sent, tags)
values (:slug, :openid, :state, 0, 0, '[]')
on conflict (slug, openid) do update set state = excluded.state
""")

_STATEMENTS = {
    FollowerAct.SPEAK: _HEARD,
    FollowerAct.TOUCH: _ACTED,
    FollowerAct.FOLLOW: _ACTED,
    FollowerAct.LEAVE: _LEFT,
}


def heard(site: Site, slug: str, openid: str, act: FollowerAct) -> None:
    """听到粉丝 — the follower did this just now; who comes back bound has their tag put on again.

    Who leaves stays bound, and is sent nothing until they come back.
    """
    alone(site, _STATEMENTS[act], {"slug": slug, "openid": openid, "now": site.clock()})
    binding = binding_of(site, slug, openid) if act is FollowerAct.FOLLOW else None
    if binding is not None:
        outbox.leave(site, TOPIC, binding.place, slug=slug, openid=openid)


def retag(work: Work, slug: str, openid: str) -> None:
    """换标签 — after this commit the openid carries the tag 已绑定 exactly if it is bound."""
    work.tell(TOPIC, slug=slug, openid=openid)


def spend_leave(site: Site, slug: str, openid: str) -> bool:
    """客服消息机会 — take one chance to speak first; False where there is none."""
    now = site.clock()
    facts = {
        "slug": slug, "openid": openid,
        "acted_since": now - rules.ACTED_WINDOW, "acted_most": rules.ACTED_MOST,
        "heard_since": now - rules.HEARD_WINDOW, "heard_most": rules.HEARD_MOST,
    }  # fmt: skip
    return alone(site, _SPEND, facts).one_or_none() is not None


def mark_follower(site: Site, slug: str, openid: str, state: FollowerState) -> None:
    """标记粉丝 — the platform told us this about the follower."""
    alone(site, _MARK, {"slug": slug, "openid": openid, "state": state})
