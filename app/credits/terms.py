"""学分 — words about the ledger and the year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from app.kernel.credit import Credit
from app.kernel.secret import Secret
from app.kernel.sheet import Line as SheetLine


class Source(StrEnum):
    """学分来源."""

    SWIPE = "swipe"  # 刷卡
    ONLINE = "online"  # 远程
    MANUAL = "manual"  # 手工录入
    BULK = "bulk"  # 公需课批量录入


class Part(StrEnum):
    """参加身份."""

    ATTENDEE = "attendee"  # 学员
    LECTURER = "lecturer"  # 主讲人


class LineState(StrEnum):
    """学分状态."""

    ACTIVE = "active"  # 计入
    REVERSED = "reversed"  # 已冲销
    IN_REVIEW = "in_review"  # 审核中
    RETURNED = "returned"  # 已退回


@dataclass(frozen=True, slots=True)
class Line:
    """学分明细 — one entry of a person's year, as people read it."""

    on: date
    project_no: str
    title: str
    source: Source
    credit_class: str | None
    gross: Credit
    net: Credit
    state: LineState


@dataclass(frozen=True, slots=True)
class Entry:
    """学分条目 — an entry of the ledger with all that it keeps, or the reversal of an earlier one.

    Project, title, host and batch are empty for credit that comes from no activity.
    """

    id: int
    year: int
    on: date
    project_no: str
    title: str
    host: str
    batch_no: int | None
    source: Source
    part: Part
    credit_class: str | None
    item: str
    gross: Credit
    cap: Credit | None
    net: Credit
    edition_id: int
    entered_at: datetime
    reverses: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """年度合计 — the sums of a person's year; hours are clock hours (小时)."""

    total: Credit
    class_1: Credit
    class_2: Credit
    hours: Decimal


@dataclass(frozen=True, slots=True)
class CourseDraft:
    """公需课导入行 — what one line says; a wrong cell holds an empty value."""

    line: SheetLine
    person_no: str
    identity: Secret
    name: str
    # 0 where it cannot be read.
    year: int
    course: str
    # 学时; None where only the credit is told.
    periods: Decimal | None
    credits: Decimal
    issuer: str
    taken_on: date | None


@dataclass(frozen=True, slots=True)
class Worth:
    """公需课学分 — what a course gives: before the limit, the limit, after it, and clock hours."""

    item: str
    credit_class: str | None
    gross: Credit
    cap: Credit | None
    net: Credit
    hours: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """公需课 — one that a person has credit for, with the entry that gives it."""

    entry_id: int
    person_id: int
    year: int
    course: str
    issuer: str
    on: date
    gross: Credit
    net: Credit
    hours: Decimal
