"""平台事件 — what the platform tells besides what followers do, typed; and what both change here.

The library has no class for most of these (wechat.md 3.3). Members come as `messages` reads them:
a `List` is a tuple, also with one element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from app.accounts import steps as desk
from app.accounts.terms import DeliveryState, FollowerAct
from app.base.site import Site
from wechat.messages import Event, EventKind, Members, Message, Text, Unknown

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TemplateFinished:
    """模板消息送达 — whether a template message arrived; `said` is the platform's status."""

    platform_id: str
    arrived: bool
    said: str


@dataclass(frozen=True, slots=True)
class MassFinished:
    """群发结束 — to how many a mass message went, and to how many it did not."""

    platform_id: str
    arrived: bool
    said: str
    total: int
    filtered: int
    sent: int
    failed: int


@dataclass(frozen=True, slots=True)
class PublishFinished:
    """发布结束 — what became of an article; 0 is published."""

    publish_id: str
    status: int
    article_id: str


@dataclass(frozen=True, slots=True)
class NoticeAnswer:
    """订阅答复 — a follower allows a notice of that template, or takes the leave back."""

    template_id: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class NoticesAnswered:
    """订阅变化 — answers to a question we asked, or changed in the settings."""

    answers: tuple[NoticeAnswer, ...]


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """订阅通知送达 — one notice, by template, for the call of it gave no number."""

    template_id: str
    platform_id: str
    arrived: bool
    said: str


@dataclass(frozen=True, slots=True)
class NoticesSent:
    """订阅通知送达."""

    notices: tuple[NoticeSent, ...]


PlatformEvent: TypeAlias = (
    TemplateFinished | MassFinished | PublishFinished | NoticesAnswered | NoticesSent
)


def event_of(message: Unknown) -> PlatformEvent | None:
    """The event in a message that no follower sent; None for one that we have no use for."""
    reader = _READERS.get(message.kind.lower()) if message.is_event else None
    return None if reader is None else reader(message.members)


def act_of(message: Message) -> FollowerAct | None:
    """What the message lets us do afterwards; None for one that changes nothing."""
    match message:
        case Text():
            return FollowerAct.SPEAK
        case Event(kind=EventKind.SUBSCRIBE):
            return FollowerAct.FOLLOW
        case Event(kind=EventKind.UNSUBSCRIBE):
            return FollowerAct.LEAVE
        case Event(kind=EventKind.CLICK | EventKind.SCAN):
            return FollowerAct.TOUCH
        case Event():
            return None
        case Unknown():
            return None if message.is_event else FollowerAct.SPEAK


def note(site: Site, slug: str, message: Message) -> None:
    """Put down what the message tells: a follower's act, or what became of something we sent.

    Doing it again for a resend changes nothing.
    """
    act = act_of(message)
    if act is not None:
        desk.heard(site, slug, message.openid, act)
    told = event_of(message) if isinstance(message, Unknown) else None
    if told is None:
        return
    if isinstance(told, TemplateFinished):
        state = DeliveryState.CONFIRMED if told.arrived else DeliveryState.FAILED
        desk.confirm_delivery(site, slug, told.platform_id, state, told.said)
    log.info("wechat.event", slug=slug, told=str(told))


def _template(members: Members) -> TemplateFinished:
    said = _word(members, "Status")
    return TemplateFinished(_word(members, "MsgID", "MsgId"), said == "success", said)


def _mass(members: Members) -> MassFinished:
    said = _word(members, "Status")
    return MassFinished(
        _word(members, "MsgID", "MsgId"),
        said == "send success",
        said,
        total=_count(members, "TotalCount"),
        filtered=_count(members, "FilterCount"),
        sent=_count(members, "SentCount"),
        failed=_count(members, "ErrorCount"),
    )


def _publish(members: Members) -> PublishFinished:
    told = _inner(members, "PublishEventInfo") or members
    return PublishFinished(
        _word(told, "publish_id"), _count(told, "publish_status"), _word(told, "article_id")
    )


def _answers(members: Members) -> NoticesAnswered:
    # The documentation shows the change inside the popup's member (wechat.md 1.3).
    lists = _lists(members, "SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent")
    return NoticesAnswered(tuple(map(_answer, lists)))


def _notices(members: Members) -> NoticesSent:
    return NoticesSent(tuple(map(_sent, _lists(members, "SubscribeMsgSentEvent"))))


_READERS: Mapping[str, Callable[[Members], PlatformEvent]] = {
    "templatesendjobfinish": _template,
    "masssendjobfinish": _mass,
    "publishjobfinish": _publish,
    "subscribe_msg_popup_event": _answers,
    "subscribe_msg_change_event": _answers,
    "subscribe_msg_sent_event": _notices,
}


def _answer(members: Members) -> NoticeAnswer:
    accepted = _word(members, "SubscribeStatusString") == "accept"
    return NoticeAnswer(_word(members, "TemplateId"), accepted)


def _sent(members: Members) -> NoticeSent:
    return NoticeSent(
        _word(members, "TemplateId"),
        _word(members, "MsgID", "MsgId"),
        _word(members, "ErrorCode") == "0",
        _word(members, "ErrorStatus"),
    )


def _lists(members: Members, *names: str) -> Iterator[Members]:
    """The members of every `List` in the first of these names that stands."""
    inner = next((found for name in names if (found := _inner(members, name))), None)
    value = inner.get("List", ()) if inner else ()
    for one in value if isinstance(value, tuple) else (value,):
        if not isinstance(one, str | tuple):
            yield one


def _inner(members: Members, name: str) -> Members | None:
    value = members.get(name)
    return None if value is None or isinstance(value, str | tuple) else value


def _word(members: Members, *names: str) -> str:
    return next((found for name in names if isinstance(found := members.get(name), str)), "")


def _count(members: Members, name: str) -> int:
    word = _word(members, name)
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0  # noqa: PLR2004
