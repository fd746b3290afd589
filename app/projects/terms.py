"""项目 — words about projects, their batches and sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType

from app.kernel.credit import Credit
from app.kernel.place import Place
from app.kernel.span import Span, local_date
from app.org.terms import UnitId
from app.people.terms import PersonId, PersonNo

ProjectId = NewType("ProjectId", int)
BatchId = NewType("BatchId", int)


class Level(StrEnum):
    """项目级别."""

    NATIONAL = "national"  # 国家级
    PROVINCIAL = "provincial"  # 省级
    CITY = "city"  # 市级
    HOSPITAL = "hospital"  # 院级


class MedicalType(StrEnum):
    """医学类别."""

    WESTERN = "western"  # 西医
    TCM = "tcm"  # 中医
    CDC = "cdc"  # 疾控


class CreditClass(StrEnum):
    """学分类别."""

    I = "I"  # noqa: E741  Ⅰ类
    II = "II"  # Ⅱ类


class CourseKind(StrEnum):
    """课程类型."""

    PROFESSIONAL = "professional"  # 专业课
    ELECTIVE = "elective"  # 选修课
    PUBLIC = "public"  # 公需课


class SessionKind(StrEnum):
    """场次类型."""

    START = "start"  # 签到
    END = "end"  # 签退
    COURSE = "course"  # 课程


class ProjectState(StrEnum):
    """项目状态 — the life of a project, domain.md 2.3."""

    DRAFT = "draft"  # 草稿
    FILED = "filed"  # 申报
    UNIT_REVIEW = "unit_review"  # 单位审核
    BUREAU_REVIEW = "bureau_review"  # 卫生局审核
    ANNOUNCED = "announced"  # 已公布
    REGISTERED = "registered"  # 开班登记
    HELD = "held"  # 已举办
    AWARDED = "awarded"  # 已授分
    AWARD_REVIEW = "award_review"  # 授分审核
    CLOSED = "closed"  # 办结


class Act(StrEnum):
    """办理 — what moves a project from state to state."""

    FILE = "file"  # 申报
    TAKE_UP = "take_up"  # 单位受理
    AGREE = "agree"  # 单位同意，报卫生局
    SEND_BACK = "send_back"  # 退回
    ANNOUNCE = "announce"  # 公布，给编号
    REGISTER = "register"  # 开班登记
    HOLD = "hold"  # 举办
    AWARD = "award"  # 授分
    UNDO = "undo"  # 撤销授分
    REPORT = "report"  # 授分上报审核
    CLOSE = "close"  # 办结


class NumberForm(StrEnum):
    """项目编号的写法 — domain.md 1.7."""

    ISSUED = "issued"  # 年度-二级学科-三级学科-序号（标记）
    TEMPORARY = "temporary"  # L 开头的临时编号
    FIXED = "fixed"  # ZX-01 一类的固定编号
    FREE = "free"  # 其他


@dataclass(frozen=True, slots=True)
class ProjectNumber:
    """项目编号 — half-width, upper case; year, discipline and mark are what the text says."""

    text: str
    form: NumberForm
    year: int | None = None
    discipline: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """场次 — a stretch of a batch in which people swipe."""

    key: str
    label: str
    kind: SessionKind
    span: Span
    hours: Decimal | None


@dataclass(frozen=True, slots=True)
class Lecturer:
    """主讲人 — one course given by one person."""

    person_id: PersonId
    person_no: PersonNo
    course: str
    on: date
    hours: Decimal


@dataclass(frozen=True, slots=True)
class Project:
    """项目."""

    id: ProjectId
    no: str
    name: str
    level: Level
    promoted: bool
    credit_class: CreditClass | None
    course_kind: CourseKind
    unit_id: UnitId
    unit_name: str
    place: Place
    year: int
    credits: Credit
    hours: Decimal | None
    cap: Credit | None
    state: ProjectState
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """期次 — one holding of a project; credit is awarded per batch."""

    id: BatchId
    project: Project
    no: int
    span: Span
    venue: str
    unit_only: bool
    limit_persons: int | None
    plan: dict[str, Any]
    sessions: tuple[Session, ...]
    lecturers: tuple[Lecturer, ...]

    @property
    def last_on(self) -> date:
        """The last day in Beijing, by which the credit's year is found; the end is half-open."""
        return local_date(self.span.end - timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Sought:
    """项目查询 — what a list of projects is narrowed by; None or "" where nothing was said."""

    year: int | None = None
    level: Level | None = None
    state: ProjectState | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """项目列表 — one page of the projects sought, how many there are, and the years of all."""

    projects: tuple[Project, ...]
    batches: dict[ProjectId, tuple[Batch, ...]]
    count: int
    years: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """项目详情 — a project with its batches, and the names of its lecturers by person.

    `realm` is what whoever hosts it governs: of a bureau its region.
    """

    project: Project
    batches: tuple[Batch, ...]
    names: dict[PersonId, str]
    realm: Place

    def hosted_by(self, place: Place) -> bool:
        """Whether who stands there hosts it."""
        return place == self.realm or self.project.place.holds(place)


@dataclass(frozen=True, slots=True)
class Move:
    """进展 — one thing done with a project: when, by whom, by which command, and where it led.

    `state` is None where it stayed where it was.
    """

    at: datetime
    by: str
    role: str
    action: str
    state: ProjectState | None
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledLecturer:
    """申报的主讲人 — one course of a batch as a file names it."""

    person_no: PersonNo
    course: str
    on: date
    hours: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledPlan:
    """申报的授分方案 — the words of the plan; what they mean is for the award to judge."""

    strategy: str
    windows: tuple[str, ...] = ()
    min_swipes: int | None = None
    ratio: Decimal | None = None
    listed: tuple[PersonNo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledBatch:
    """申报的期次."""

    no: int
    span: Span
    venue: str
    unit_only: bool
    limit_persons: int | None
    plan: FiledPlan
    sessions: tuple[Session, ...]
    lecturers: tuple[FiledLecturer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledProject:
    """申报的项目 — one project of an import, read but not yet judged; `row` counts from 1."""

    row: int
    no: str
    name: str
    level: Level
    promoted: bool
    medical_type: MedicalType
    credit_class: CreditClass | None
    course_kind: CourseKind
    unit_code: str
    year: int
    credits: Decimal
    hours: Decimal | None
    cap: Decimal | None
    batches: tuple[FiledBatch, ...]


@dataclass(frozen=True, slots=True)
class OnFile:
    """在册项目 — a project as a file would have to say it, where it is, and its batches' ids."""

    id: ProjectId
    state: ProjectState
    filed: FiledProject
    batches: dict[int, BatchId]


@dataclass(frozen=True, slots=True)
class Imported:
    """导入结果 — how many projects and batches the file held, all of which now stand."""

    projects: int
    batches: int
