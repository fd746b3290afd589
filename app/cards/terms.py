"""一卡通 — words about cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from app.kernel.secret import Secret
from app.people.terms import PersonId

CardId = NewType("CardId", int)
CardNo = NewType("CardNo", str)


class CardState(StrEnum):
    """卡状态."""

    ACTIVE = "active"  # 在用
    LOST = "lost"  # 挂失
    REVOKED = "revoked"  # 注销
    REPLACED = "replaced"  # 已换新卡


@dataclass(frozen=True, slots=True)
class Card:
    """一卡通 — one card; a state other than active holds from `since` on."""

    id: CardId
    no: CardNo
    person_id: PersonId
    state: CardState
    since: datetime
    uid: Secret | None

    def counts_at(self, moment: datetime) -> bool:
        """Whether a swipe of this card at that moment counts."""
        return self.state is CardState.ACTIVE or moment < self.since
