"""粉丝与消息 — followers as they are known to us, and what was sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FollowerAct(StrEnum):
    """粉丝动作 — what a follower did, as far as it lets us speak."""

    SPEAK = "speak"  # 发来消息
    TOUCH = "touch"  # 点菜单、扫码
    FOLLOW = "follow"  # 关注
    LEAVE = "leave"  # 取消关注


class FollowerState(StrEnum):
    """粉丝状态 — whether we may send at all."""

    FOLLOWS = "follows"
    LEFT = "left"  # 取消了关注
    REFUSES = "refuses"  # 拒收
    UNKNOWN = "unknown"  # 平台不认这个 openid


@dataclass(frozen=True, slots=True)
class Follower:
    """粉丝 — one openid of an account, and when it last gave us leave to speak."""

    state: FollowerState
    heard_at: datetime | None
    acted_at: datetime | None
    # 标签 — the platform's numbers of the tags we put on it.
    tags: tuple[int, ...] = ()


class Channel(StrEnum):
    """发送方式."""

    CUSTOM = "custom"  # 客服消息
    TEMPLATE = "template"  # 模板消息


class DeliveryState(StrEnum):
    """送达状态."""

    SENDING = "sending"  # 正在发
    SENT = "sent"  # 平台收下了
    CONFIRMED = "confirmed"  # 平台说送到了
    FAILED = "failed"  # 平台说没有送到
    UNKNOWN = "unknown"  # 没有听到答复，不再发
    ENDED = "ended"  # 没有可用的发送方式


@dataclass(frozen=True, slots=True)
class Delivery:
    """送达记录 — what became of one message to one follower."""

    state: DeliveryState
    channel: Channel | None
    begun_at: datetime
    # When the platform was first called for it; None where it was not yet, as far as we know.
    called_at: datetime | None
