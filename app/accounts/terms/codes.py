"""一次性码 — shown once, typed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.kernel.place import Place
from app.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Code:
    """一次性码 — for one log-in and one purpose: to set a new password."""

    code: Secret
    user_name: str
    expires_at: datetime
    left_today: int


@dataclass(frozen=True, slots=True)
class Freezing:
    """冻结链接 — whose log-in a link freezes."""

    person_no: str
    place: Place
