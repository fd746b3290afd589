"""微信平台 — tokens we hold, interfaces that are shut, menus that stand, and what is ill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.kernel.secret import Secret


class TokenKind(StrEnum):
    """凭证类型 — what the platform lends an account for two hours."""

    ACCESS = "access"  # access_token
    JSAPI = "jsapi"  # jsapi_ticket


@dataclass(frozen=True, slots=True)
class HeldToken:
    """平台凭证 — one that is good until then, as far as we know."""

    value: Secret
    good_until: datetime


@dataclass(frozen=True, slots=True)
class Gate:
    """接口闸门 — whether an interface may be called now; if not, for which error, and until when.

    Without an error it is our own pace that is reached.
    """

    is_open: bool
    errcode: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """平台告警 — what of an account does not go for now: an interface, or `*` for all of it."""

    slug: str
    api: str
    errcode: int | None
    said: str
    until: datetime


@dataclass(frozen=True, slots=True)
class MenuState:
    """菜单同步结果 — what the last synchronisation did or, on trial, would have done."""

    at: datetime
    trial: bool
    steps: tuple[Mapping[str, Any], ...]
    # Why it went no further; None where it is done.
    error: str | None
