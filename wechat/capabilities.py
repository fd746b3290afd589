"""能力 — what the platform lets an account do, by its kind and whether it is verified.

A table as the platform's pages have it today (wechat.md 0.3); what they change is one line here.
What the platform refuses besides, for an account of its own, shuts that interface's gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.accounts.terms import AccountKind, OfficialAccount


class Capability(StrEnum):
    """能力 — one thing an account may be able to do."""

    OAUTH = "oauth"  # 网页授权
    MENU = "menu"  # 自定义菜单
    CONDITIONAL_MENU = "conditional_menu"  # 个性化菜单
    CUSTOM_MESSAGE = "custom_message"  # 客服消息
    TEMPLATE = "template"  # 模板消息
    SUBSCRIBE_NOTICE = "subscribe_notice"  # 订阅通知
    QR = "qr"  # 带参数二维码
    TAGS = "tags"  # 用户标签
    PHONE = "phone"  # 手机号组件


_C = Capability

CAPABILITIES: Mapping[tuple[AccountKind, bool], frozenset[Capability]] = {
    (AccountKind.SERVICE, True): frozenset(Capability) - {_C.PHONE},
    (AccountKind.SERVICE, False): frozenset({_C.MENU}),
    (AccountKind.SUBSCRIPTION, True): frozenset(
        {_C.MENU, _C.CONDITIONAL_MENU, _C.CUSTOM_MESSAGE, _C.TAGS}
    ),
    (AccountKind.SUBSCRIPTION, False): frozenset(),
    (AccountKind.MINI, True): frozenset({_C.CUSTOM_MESSAGE, _C.SUBSCRIBE_NOTICE, _C.PHONE}),
    (AccountKind.MINI, False): frozenset({_C.CUSTOM_MESSAGE, _C.SUBSCRIBE_NOTICE}),
}


def may(account: OfficialAccount, capability: Capability) -> bool:
    """Whether an account of that kind is let do it."""
    return capability in CAPABILITIES[account.kind, account.verified]
