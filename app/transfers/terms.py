"""转单位 — words about people who leave one unit and join another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

TransferId = NewType("TransferId", int)

# What is not confirmed by both units by then is over: the person stays where they are.
LIFE = timedelta(days=30)
# How long the unit that is left may be silent before whoever is above both may act for it.
SILENCE = timedelta(days=10)


class State(StrEnum):
    """转单位状态."""

    OPEN = "open"  # 在办
    DONE = "done"  # 已转
    REFUSED = "refused"  # 没有同意
    WITHDRAWN = "withdrawn"  # 已撤回
    EXPIRED = "expired"  # 已到期
    OVERTAKEN = "overtaken"  # 已转到别处


class Side(StrEnum):
    """一方 — who somebody is to a transfer."""

    OUT = "out"  # 转出单位
    IN = "in"  # 转入单位
    PERSON = "person"  # 本人
    ABOVE = "above"  # 两家单位的上级


class Act(StrEnum):
    """可以做的事."""

    CONFIRM = "confirm"  # 同意
    REFUSE = "refuse"  # 不同意
    WITHDRAW = "withdraw"  # 撤回
    COMPLETE = "complete"  # 代办


class Show(StrEnum):
    """看哪些."""

    MINE = "mine"  # 等我办
    OPEN = "open"  # 在途
    ENDED = "ended"  # 已办完


@dataclass(frozen=True, slots=True)
class Case:
    """办到哪一步 — what of a transfer says who may do what about it.

    `left` and `joined` tell whether the unit that is left, and the one that is joined, agreed.
    """

    state: State
    started_by: Side
    across: bool
    left: bool
    joined: bool
    asked_at: datetime
    expires_at: datetime

    @property
    def silent_at(self) -> datetime:
        """From when on whoever is above both units may act for the one that is left."""
        return self.asked_at + SILENCE


@dataclass(frozen=True, slots=True)
class Step:
    """经过 — what was done about a transfer, by whom and when; the name is empty where hidden."""

    code: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Handed:
    """学分交接单 — the sums of each year that went along, of how many entries, and their hash."""

    years: tuple[tuple[int, str], ...]
    entries: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """转单位 — one request, as whoever looks may know it.

    `source` and `title` are empty for the unit that is to be joined until the other side, or the
    person, has agreed; `title` is empty once it is over, as it may be another by then.
    """

    id: TransferId
    person_no: str
    name: str
    title: str
    source: str
    target: str
    target_code: str
    department: str
    case: Case
    sides: frozenset[Side]
    acts: frozenset[Act]
    steps: tuple[Step, ...]
    reason: str
    ended_at: datetime | None
    # None until it is done.
    handed: Handed | None

    @property
    def state(self) -> State:
        """Where it stands by now."""
        return self.case.state


@dataclass(frozen=True, slots=True)
class Shelf:
    """一览 — those of one kind within sight, and how many wait for whoever looks."""

    transfers: tuple[Transfer, ...]
    waiting: int
    more: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """等我办 — how many, the names of the first, and when the first of them is over.

    None where nothing runs out: both units agreed to each.
    """

    count: int
    names: tuple[str, ...]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Destination:
    """去处 — a unit that one may go to."""

    code: str
    name: str
