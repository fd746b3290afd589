"""扫码登录 — a picture on a computer's screen, and the phone that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.accounts.terms.logins import LoginId
from app.accounts.terms.sessions import Device
from app.kernel.secret import Secret


class ScanState(StrEnum):
    """扫码状态."""

    WAITING = "waiting"  # 等人扫
    SEEN = "seen"  # 扫过了，等点数字
    CONFIRMED = "confirmed"  # 点对了
    OVER = "over"  # 用过、取消或过期


@dataclass(frozen=True, slots=True)
class Offer:
    """登录二维码 — what the computer shows: the picture's token, and the number to be matched."""

    token: Secret
    number: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Scan:
    """扫码 — what the phone is told of the computer; which of the numbers is right, it is not."""

    numbers: tuple[int, ...]
    device: Device
    address: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ScanStanding:
    """扫码进展 — how far a picture got, as the browser that shows it may know."""

    state: ScanState
    login_id: LoginId | None
    expires_at: datetime
