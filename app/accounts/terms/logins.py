"""登录账号 — log-ins, links and invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from app.kernel.actor import Role
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.org.terms import UnitId

LoginId = NewType("LoginId", int)


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
