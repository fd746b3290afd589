"""会话 — who is at the other end of a browser, without saying who they are each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from app.accounts.terms.binding import Binding

SessionId = NewType("SessionId", int)


@dataclass(frozen=True, slots=True)
class SessionLife:
    """会话期限 — how long a session lives untouched, and at the longest."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class PhoneSession:
    """手机会话 — a browser in WeChat that is known to be this openid's; whose that is, `binding`.

    A `light` one was opened by a link in the chat, which can be passed on: it only reads.
    """

    id: SessionId
    slug: str
    openid: str
    light: bool
    binding: Binding | None
    # What every form of this session carries, and no other site knows.
    csrf: str
    opened_at: datetime
