"""一卡通 — words about cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from app.kernel.secret import Secret
from app.kernel.sheet import Line
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


# What the vault is told a sealed UID is for; it is sealed and hashed as upper-case hex.
UID = "cards.uid"


@dataclass(frozen=True, slots=True)
class CardDraft:
    """卡的导入行 — what one line says of its person's card; empty where it says nothing."""

    line: Line
    person_no: str
    no: str
    uid: Secret


@dataclass(frozen=True, slots=True)
class HeldCard:
    """已登记的卡 — a card somewhere on the platform, in the actor's sight or not."""

    card: Card
    person_no: str
    in_sight: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """卡册的一行 — a card, and whose it is."""

    person_no: str
    name: str
    card_no: CardNo
    state: CardState
    since: datetime


class CardChange(StrEnum):
    """卡的变动 — what an import does with the card of a line."""

    REGISTERED = "registered"  # 登记
    READ = "read"  # 补记芯片号
