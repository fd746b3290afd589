"""登录账号 — log-ins, what they hold, links and invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from app.kernel.actor import Role
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org.terms import UnitId
from app.people.terms import PersonId

LoginId = NewType("LoginId", int)
GrantId = NewType("GrantId", int)
CodeId = NewType("CodeId", int)


@dataclass(frozen=True, slots=True)
class Link:
    """一次性链接 — what an administrator receives to set the first password."""

    url: Secret
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """邀请 — what a link that can still be used stands for: who, in which capacity, and where."""

    login_id: LoginId
    name: str
    role: Role
    unit_id: UnitId
    place: Place
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """身份 — a role held at a place; that of one's own person has neither a row nor a unit."""

    id: GrantId | None
    role: Role
    unit_id: UnitId | None
    place: Place


@dataclass(frozen=True, slots=True)
class Login:
    """登录账号 — one log-in, an administrator's or a person's, as the front desk knows it.

    `name` stands in the trail: an administrator's own, or the person's number. It is not claimed
    until its owner has set a password.
    """

    id: LoginId
    name: str
    person_id: PersonId | None
    card_no: str | None
    grants: tuple[Grant, ...]
    claimed: bool
    frozen: bool
    # 两步验证 is set up.
    second: bool

    @property
    def user_name(self) -> str:
        """用户名 — what its owner types to sign in."""
        return self.card_no or self.name

    @property
    def governs(self) -> bool:
        """Whether it may do something to others, and so needs a second factor (MLPS d)."""
        return any(grant.role is not Role.PERSON for grant in self.grants)


class Way(StrEnum):
    """登录方式."""

    PASSWORD = "password"  # noqa: S105  # 密码
    CODE = "code"  # 一次性码
    SCAN = "scan"  # 微信扫码


class Stage(StrEnum):
    """登录阶段 — what a session of the console may be used for."""

    OPEN = "open"  # 已登录
    SECOND = "second"  # 等两步验证
    ENROL = "enrol"  # 等设置两步验证
    RENEW = "renew"  # 等设新密码


@dataclass(frozen=True, slots=True)
class Tried:
    """登录结果 — whose log-in it is; nobody's where what was typed does not open one.

    `wait_s` stands where nothing was looked at, because it was tried too often: come back then.
    """

    login: Login | None
    wait_s: int = 0
    # The password has served its time, as the profile counts.
    stale: bool = False
    # Which one-time code it was, where it was one.
    code_id: CodeId | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """一次登录 — when, by what browser, from which address."""

    at: datetime
    agent: str
    address: str


@dataclass(frozen=True, slots=True)
class AccountCard:
    """账号卡片 — what a person reads about their own log-in: never a password, there is none."""

    user_name: str
    claimed: bool
    frozen: bool
    # Null while nobody ever signed in on a computer.
    last: Visit | None
    codes_left: int
    # An administrator asked for a code, which its owner has yet to agree to.
    code_waits: bool


@dataclass(frozen=True, slots=True)
class Capacity:
    """可选身份 — a grant, and the name of where it is held."""

    grant: Grant
    where: str


@dataclass(frozen=True, slots=True)
class Keeper:
    """管理员 — who holds a grant, and how they stand; `mine` where whoever looks may end it.

    `seen_at` is when they were last in the console, as far as a session of theirs is still kept.
    """

    grant: Grant
    name: str
    where: str
    claimed: bool
    frozen: bool
    second: bool
    seen_at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class Badge:
    """胸牌 — a log-in's owner by the name people call them, and all they may act as."""

    name: str
    capacities: tuple[Capacity, ...]
