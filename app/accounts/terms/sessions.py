"""会话 — who is at the other end of a browser, without saying who they are each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from app.accounts.terms.binding import Binding
from app.accounts.terms.logins import Grant, Login, Stage, Way
from app.kernel.secret import Secret

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


class System(StrEnum):
    """系统."""

    WINDOWS = "windows"  # Windows
    MAC = "mac"  # 苹果电脑
    LINUX = "linux"  # Linux
    IPHONE = "iphone"  # 苹果手机
    IPAD = "ipad"  # 苹果平板
    ANDROID = "android"  # 安卓
    HARMONY = "harmony"  # 鸿蒙
    OTHER = "other"  # 未知


class Browser(StrEnum):
    """浏览器."""

    WECHAT = "wechat"  # 微信
    EDGE = "edge"  # Edge
    QIHOO = "qihoo"  # 360
    FIREFOX = "firefox"  # Firefox
    CHROME = "chrome"  # Chrome
    SAFARI = "safari"  # Safari
    OTHER = "other"  # 其他


@dataclass(frozen=True, slots=True)
class Device:
    """设备 — what a browser says it is."""

    system: System
    browser: Browser


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """电脑会话 — a browser at the console: whose log-in, in which capacity, and how far it got.

    `strong` where a second factor or the person's WeChat stood for it.
    """

    id: SessionId
    login: Login
    chosen: Grant | None
    stage: Stage
    way: Way
    strong: bool
    csrf: str
    opened_at: datetime

    @property
    def name(self) -> str:
        """Who stands in the trail."""
        return self.login.name


class Screen(StrEnum):
    """会话种类."""

    CONSOLE = "console"  # 电脑
    PHONE = "phone"  # 手机


@dataclass(frozen=True, slots=True)
class OwnSession:
    """正在登录的设备 — one of a person's sessions, as they see it in their list."""

    screen: Screen
    id: SessionId
    device: Device
    address: str
    opened_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """登录凭据 — what the browser is given to keep: the session's cookie, and the device's."""

    session: Secret
    device: Secret
    stage: Stage


@dataclass(frozen=True, slots=True)
class Visitor:
    """来访的浏览器 — what a browser brings when it signs in: its name, address and old cookies."""

    agent: str
    address: str
    session: Secret | None = None
    device: Secret | None = None
