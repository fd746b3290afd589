"""送达记录 — begun before the platform is called, closed by its answer or by a later event.

Beginning commits by itself: should the process die between the call and the end of its work, who
takes the message over finds that it was begun, and how.
"""

from __future__ import annotations

from sqlalchemy import text

from app.accounts.queries.asking import alone
from app.accounts.terms import Channel, Delivery, DeliveryState
from app.base.site import Site

_BEGIN = text("""
with made as (
  insert into wechat_delivery (message_id, slug, openid, state, begun_at)
  values (:message_id, :slug, :openid, 'sending', :now)
  on conflict (message_id) do nothing returning state, channel, begun_at, called_at
)
select state, channel, begun_at, called_at from made union all
select state, channel, begun_at, called_at from wechat_delivery where message_id = :message_id
""")
_GO = text("""
update wechat_delivery set channel = :channel,
  called_at = case when cast(:channel as text) is null then null
    when channel = :channel then coalesce(called_at, :now) else :now end
where message_id = :message_id
""")
_CONFIRM = text("""
update wechat_delivery set state = :state, reason = :reason
where slug = :slug and platform_id = :platform_id and state in ('sending', 'sent', 'unknown')
returning message_id
""")


def begin_delivery(site: Site, message_id: int, slug: str, openid: str) -> Delivery:
    """开始送达 — the delivery of that outbox message, made now or found as it was left.

    Only who holds the message's row asks, so nobody else makes it meanwhile.
    """
    facts = {"message_id": message_id, "slug": slug, "openid": openid, "now": site.clock()}
    state, channel, begun_at, called_at = alone(site, _BEGIN, facts).one()
    known = None if channel is None else Channel(channel)
    return Delivery(DeliveryState(state), known, begun_at, called_at)


def go_by(site: Site, message_id: int, channel: Channel | None) -> None:
    """选定方式 — from now on the message may have gone out this way; None: it surely has not."""
    alone(site, _GO, {"message_id": message_id, "channel": channel, "now": site.clock()})


def confirm_delivery(
    site: Site, slug: str, platform_id: str, state: DeliveryState, reason: str | None
) -> bool:
    """送达回执 — the platform's later word on what it took; whether it was one of ours."""
    facts = {"slug": slug, "platform_id": platform_id, "state": state, "reason": reason}
    return bool(alone(site, _CONFIRM, facts).all())
