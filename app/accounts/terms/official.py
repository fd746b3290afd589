"""公众平台账号 — kinds, secrets, and the turns of a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.kernel.secret import Secret


class AccountKind(StrEnum):
    """公众平台账号类型."""

    SERVICE = "service"  # 服务号
    SUBSCRIPTION = "subscription"  # 公众号（订阅号）
    MINI = "mini"  # 小程序


class Mode(StrEnum):
    """消息加解密方式."""

    PLAIN = "plain"  # 明文
    COMPAT = "compat"  # 兼容
    SAFE = "safe"  # 安全


@dataclass(frozen=True, slots=True)
class NoticeTemplate:
    """提醒模板 — the template message by which the account may speak first, and its two fields.

    Which fields a template has, the platform's library of templates says: `thing2` and `time3`.
    """

    id: str
    words: str
    at: str


@dataclass(frozen=True, slots=True)
class OfficialAccount:
    """公众平台账号 — one account, its secrets, and how its messages are sealed."""

    slug: str
    kind: AccountKind
    name: str
    appid: str
    secret: Secret
    token: Secret
    aes_key: Secret | None
    mode: Mode
    # 已认证: what the platform lets the account do depends on it.
    verified: bool = True
    notice: NoticeTemplate | None = None


class Put(StrEnum):
    """登记结果 — what became of what was put down."""

    ADDED = "added"  # 新增
    CHANGED = "changed"  # 更改
    SAME = "same"  # 没有变化


class Turn(StrEnum):
    """轮次 — what is to be done with a delivery of the platform."""

    FIRST = "first"  # 由这一次回答
    REPLAY = "replay"  # 重发已存的回复
    RUNNING = "running"  # 另一次正在回答


@dataclass(frozen=True, slots=True)
class Claimed:
    """回调领取 — whose turn it is to answer; `reply` stands exactly where it is a replay."""

    turn: Turn
    reply: bytes | None = None
