"""绑定 — whose openid an openid is, since when, and how they proved it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.kernel.place import Place
from app.people.terms import PersonId, PersonNo


class How(StrEnum):
    """绑定方式 — what proved that the openid is the person's."""

    PHONE = "phone"  # 手机号
    CARD = "card"  # 刷一卡通
    SLIP = "slip"  # 激活条
    HUMAN = "human"  # 科教科确认
    OPERATOR = "operator"  # 平台运维


class BindingEnd(StrEnum):
    """绑定结束的原因."""

    REPLACED = "replaced"  # 换了微信
    MOVED = "moved"  # 这个微信改绑了别人
    UNBOUND = "unbound"  # 本人解除
    CANCELLED = "cancelled"  # 人员注销


class ClaimEnd(StrEnum):
    """换绑申请的结果."""

    EFFECTIVE = "effective"  # 生效
    REFUSED = "refused"  # 原来的微信说不是本人
    VOID = "void"  # 作废


@dataclass(frozen=True, slots=True)
class Binding:
    """绑定 — whose openid this is."""

    person_id: PersonId
    person_no: PersonNo
    place: Place


@dataclass(frozen=True, slots=True)
class BindingState:
    """绑定状态 — how an openid stands on its account, and what it may still try today.

    `pending_until` is when its own claim takes effect; `contested_until` when that of another
    openid on the same person does, unless this one says no; `asked` where the hospital was asked.
    """

    binding: Binding | None
    pending_until: datetime | None
    contested_until: datetime | None
    asked: bool
    tries_left: int


@dataclass(frozen=True, slots=True)
class PastBinding:
    """绑定记录 — one line of a person's history; the last two are None while it stands."""

    slug: str
    account_name: str
    openid: str
    how: How
    bound_at: datetime
    ended_at: datetime | None
    ended_as: BindingEnd | None
