"""制卡 — words about cards that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from app.people.terms import PersonId, PersonNo

MakingId = NewType("MakingId", int)


class Kind(StrEnum):
    """制卡类型."""

    NEW = "new"  # 新办
    REPLACEMENT = "replacement"  # 补办
    EXCHANGE = "exchange"  # 换卡


class State(StrEnum):
    """制卡状态 — in this order; a batch is done when every card of it was handed out."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 已提交
    MADE = "made"  # 制作中
    DONE = "done"  # 已发完


class Form(StrEnum):
    """资料形式 — as which the material of a batch is taken."""

    SHEET = "sheet"  # 打印的
    ZIP = "zip"  # 给制卡方的


@dataclass(frozen=True, slots=True)
class CardOrder:
    """制卡申请 — one person's place in a batch.

    `old_no` is the card it comes instead of; the other three are empty until it is handed out.
    """

    person_id: PersonId
    person_no: PersonNo
    name: str
    where: str
    old_no: str
    new_no: str
    handed_at: datetime | None
    received_by: str


@dataclass(frozen=True, slots=True)
class CardBatch:
    """制卡批次 — cards of one kind for people of one unit; due from the day it was handed in."""

    id: MakingId
    unit_name: str
    kind: Kind
    state: State
    opened_at: datetime
    opened_by: str
    due_on: date | None
    asked: int
    handed: int

    def is_late(self, today: date) -> bool:
        """Whether it should have been handed out by now."""
        return self.state is not State.DONE and self.due_on is not None and self.due_on < today


@dataclass(frozen=True, slots=True)
class Material:
    """制卡资料 — what who makes the cards needs: the batch, its people, and their photos by id."""

    batch: CardBatch
    orders: tuple[CardOrder, ...]
    photos: Mapping[PersonId, bytes]
