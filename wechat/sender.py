"""主动消息 — what we say without having been asked just now, by whichever way is open.

A message of customer service while the follower lets us (wechat.md 1.5), else the account's notice
template; where neither is open nothing is sent, and why is kept. Nobody is told twice: a call whose
outcome is not known is repeated only under a key by which the platform knows it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from app.accounts import queries as followers
from app.accounts import steps as desk
from app.accounts.rules.platform import KNOWN_AGAIN
from app.accounts.terms import (
    Channel,
    Delivery,
    DeliveryState,
    FollowerState,
    NoticeTemplate,
    OfficialAccount,
)
from app.base.outbox import NotYetError
from app.base.site import Site
from app.base.words import book
from app.kernel.span import SHANGHAI
from wechat import links, replies
from wechat.capabilities import Capability, may
from wechat.platform import oa
from wechat.platform.client import Platform
from wechat.platform.errors import (
    Action,
    NoCapabilityError,
    NotSentError,
    PlatformError,
    QuotaError,
    UnknownOutcomeError,
    WindowClosedError,
)

# What waited longer than this for the platform is no news any more.
TOO_LATE = timedelta(hours=24)
_SOON = timedelta(seconds=5)

_STATES = {
    Action.NOT_FOLLOWING: FollowerState.LEFT,
    Action.OPTED_OUT: FollowerState.REFUSES,
    Action.BREAK_BINDING: FollowerState.UNKNOWN,
}
# Refusals that pass by themselves, or when somebody mends the account's settings.
_PASSING = {Action.PARK, Action.PAUSE, Action.STOP, Action.ALARM, Action.REFRESH}

log = structlog.get_logger(__name__)


class SilentError(Exception):
    """The platform did not answer; the message is tried again, later each time."""


@dataclass(frozen=True, slots=True)
class Sent:
    """发送结果 — what became of a message; `reason` says why one did not go out."""

    state: DeliveryState
    channel: Channel | None = None
    platform_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """要说的话 — the words in full, the few that a template takes, and the page they lead to."""

    text: str
    short: str
    url: str


def tell(
    site: Site, message_id: int, slug: str, openid: str, code: str, facts: Mapping[str, Any]
) -> Sent:
    """告知 — the follower is told the words `told.<code>`, under the outbox message's number.

    NotYetError and SilentError where it can go later.
    """
    account = followers.official_account(site, slug)
    if account is None:
        return Sent(DeliveryState.ENDED, reason="no_account")
    return _deliver(site, account, openid, saying(site, account, openid, code, facts), message_id)


def send_text(site: Site, slug: str, openid: str, text: str, message_id: int) -> Sent:
    """晚到的答复 — the follower is told these words, as an answer that took too long to make.

    They asked, so a message of customer service is open; a template would be no answer.
    """
    account = followers.official_account(site, slug)
    if account is None:
        return Sent(DeliveryState.ENDED, reason="no_account")
    return _deliver(site, account, openid, Saying(replies.cut(text), "", ""), message_id)


def saying(
    site: Site, account: OfficialAccount, openid: str, code: str, facts: Mapping[str, Any]
) -> Saying:
    """The words of that code, and the page that `told_page.<code>` names, where it names one."""
    words = book("replies")
    text, path = replies.say(f"told.{code}", **facts), words.get(f"told_page.{code}")
    short = words[f"told_short.{code}"]
    if path is None:
        return Saying(replies.cut(text), short, "")
    if "freeze_no" in facts:
        token = followers.freeze_token(site, str(facts["freeze_no"]))
        facts = {**facts, "freeze": token.reveal()}
    url = links.page_for(site, account, openid, path.format_map(facts))
    whole = f"{text}\n{replies.say('told_page.link', url=url)}"
    return Saying(replies.cut(whole), short, url)


def _deliver(
    site: Site, account: OfficialAccount, openid: str, words: Saying, message_id: int
) -> Sent:
    begun = desk.begin_delivery(site, message_id, account.slug, openid)
    if begun.state is not DeliveryState.SENDING:
        return Sent(begun.state, begun.channel)
    known = followers.follower(site, account.slug, openid)
    if known is not None and known.state is not FollowerState.FOLLOWS:
        return Sent(DeliveryState.ENDED, reason=known.state)
    if _in_doubt(site, begun):
        return Sent(DeliveryState.UNKNOWN, begun.channel, reason="no_answer")
    if site.clock() - begun.begun_at > TOO_LATE:
        return Sent(DeliveryState.ENDED, begun.channel, reason="too_late")
    going = _Going(site, account, openid, message_id, begun.channel is Channel.TEMPLATE)
    try:
        sent = None if going.in_doubt else going.by_custom(words.text)
        return sent or going.by_template(words) or Sent(DeliveryState.ENDED, reason="no_way")
    except PlatformError as error:
        return going.refused(error)


def _in_doubt(site: Site, begun: Delivery) -> bool:
    """Whether the message may have gone out already, and could not be known again if it went."""
    if begun.called_at is None:
        return False
    return begun.channel is Channel.CUSTOM or site.clock() - begun.called_at >= KNOWN_AGAIN


@dataclass(frozen=True, slots=True)
class _Going:
    """One message on its way."""

    site: Site
    account: OfficialAccount
    openid: str
    message_id: int
    # An earlier try went by template, and no answer to it was heard.
    in_doubt: bool

    def by_custom(self, text: str) -> Sent | None:
        """By customer service; None where that way is not open."""
        if not may(self.account, Capability.CUSTOM_MESSAGE):
            return None
        if not desk.spend_leave(self.site, self.account.slug, self.openid):
            return None
        desk.go_by(self.site, self.message_id, Channel.CUSTOM)
        try:
            oa.send_text(Platform(self.site, self.account), self.openid, text)
        except UnknownOutcomeError:
            return Sent(DeliveryState.UNKNOWN, Channel.CUSTOM, reason="no_answer")
        except (WindowClosedError, NoCapabilityError, QuotaError):
            desk.go_by(self.site, self.message_id, None)
            return None
        except PlatformError:
            # Refused, or never sent: the next try is free to choose.
            desk.go_by(self.site, self.message_id, None)
            raise
        return Sent(DeliveryState.SENT, Channel.CUSTOM)

    def by_template(self, words: Saying) -> Sent | None:
        """By the account's notice template; None where it has none, or the words no short form."""
        notice = self.account.notice
        if notice is None or not words.short or not may(self.account, Capability.TEMPLATE):
            return None
        desk.go_by(self.site, self.message_id, Channel.TEMPLATE)
        try:
            number = oa.send_template(
                Platform(self.site, self.account), self.openid, notice.id,
                self._data(notice, words), url=words.url, client_id=str(self.message_id),
            )  # fmt: skip
        except PlatformError as error:
            # Once in doubt, always: what was perhaps sent first is not unsent by a later refusal.
            surely_not = error.action is not Action.RETRY or isinstance(error, NotSentError)
            if surely_not and not self.in_doubt:
                desk.go_by(self.site, self.message_id, None)
            raise
        return Sent(DeliveryState.SENT, Channel.TEMPLATE, number)

    def refused(self, error: PlatformError) -> Sent:
        """What a refusal makes of it. NotYetError, SilentError where it may go later."""
        state = _STATES.get(error.action)
        if state is not None:
            desk.mark_follower(self.site, self.account.slug, self.openid, state)
            return Sent(DeliveryState.ENDED, reason=state)
        if error.again_at is not None or error.action in _PASSING:
            until = error.again_at or self.site.clock() + _SOON
            raise NotYetError(until - self.site.clock()) from None
        if error.action is Action.RETRY:
            raise SilentError(str(error)) from None
        return Sent(DeliveryState.ENDED, reason=f"refused {error.errcode}")

    def _data(self, notice: NoticeTemplate, words: Saying) -> Mapping[str, str]:
        now = self.site.clock().astimezone(SHANGHAI)
        return {notice.words: words.short, notice.at: f"{now:%Y-%m-%d %H:%M}"}
