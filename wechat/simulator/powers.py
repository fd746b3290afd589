"""接口权限 — which kind of account may call what. Whoever may not gets 48001."""

from __future__ import annotations

from enum import StrEnum

from wechat.simulator.filed import Kind
from wechat.simulator.world import Account


class Power(StrEnum):
    """接口权限."""

    ANYBODY = "anybody"
    MENU = "menu"
    CONDITIONAL_MENU = "conditional_menu"
    CUSTOM_MESSAGE = "custom_message"
    TEMPLATE = "template"
    SUBSCRIBE_NOTICE = "subscribe_notice"
    QR = "qr"
    USERS = "users"
    OAUTH = "oauth"
    PUBLISH = "publish"
    MINI = "mini"
    PHONE = "phone"


_MAY = {
    (Kind.SERVICE, True): set(Power) - {Power.MINI, Power.PHONE},
    (Kind.SERVICE, False): {Power.ANYBODY, Power.MENU},
    (Kind.SUBSCRIPTION, True): {
        Power.ANYBODY, Power.MENU, Power.CONDITIONAL_MENU, Power.CUSTOM_MESSAGE, Power.USERS,
        Power.PUBLISH,
    },
    (Kind.SUBSCRIPTION, False): {Power.ANYBODY},
    (Kind.MINI, True): {
        Power.ANYBODY, Power.MINI, Power.PHONE, Power.CUSTOM_MESSAGE, Power.SUBSCRIBE_NOTICE,
    },
    (Kind.MINI, False): {
        Power.ANYBODY, Power.MINI, Power.CUSTOM_MESSAGE, Power.SUBSCRIBE_NOTICE,
    },
}  # fmt: skip


def may(account: Account, power: Power) -> bool:
    """Whether the account may call what asks for that."""
    return power in _MAY[account.filed.kind, account.filed.verified]
