"""账号 — words of the front desk: log-ins, grants, official accounts, bindings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from app.kernel.actor import Role
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.people.terms import PersonId, PersonNo

LoginId = NewType("LoginId", int)


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


@dataclass(frozen=True, slots=True)
class Binding:
    """绑定 — whose openid this is."""

    person_id: PersonId
    person_no: PersonNo
    place: Place


@dataclass(frozen=True, slots=True)
class Link:
    """一次性链接 — what an administrator receives to set the first password."""

    url: Secret
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """邀请 — what an unused link stands for."""

    login_id: LoginId
    name: str
    role: Role
    unit_name: str
    expires_at: datetime
