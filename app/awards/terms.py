"""授分 — words of the award engine.

Instants are epoch milliseconds, amounts are hundredths of a credit, hours are hundredths of an
hour, people are bare ids: whole numbers throughout, for a batch may have 250,000 people. Spans are
half-open. The doors turn them into what people read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.attendance.terms import SUPPRESS_SECONDS
from app.credits.terms import Part

SUPPRESS_MS = SUPPRESS_SECONDS * 1000
MIN_SWIPES = 2
RATIO = Decimal("0.8")
USUAL_WORKING_DAYS = 3  # 举办单位通常的授分时间
UNDO_DAYS = 7  # so long a host may take an award back by itself
COUNTED_WORKING_DAYS = 60  # beyond so many, days tell nobody anything


class RunState(StrEnum):
    """授分批次状态."""

    QUEUED = "queued"  # 等待处理
    DONE = "done"  # 有效
    REPLACED = "replaced"  # 已被新的授分取代
    UNDONE = "undone"  # 已撤销
    FAILED = "failed"  # 未能授分


# The topic under which runs wait for a worker, who tells how far one is.
TASK = "awards.run"


class RunStep(StrEnum):
    """授分步骤 — what a worker does of a run, in this order."""

    READING = "reading"  # 读取刷卡
    JUDGING = "judging"  # 判定
    STORING = "storing"  # 写入结论
    ENTERING = "entering"  # 记入学分账


class Strategy(StrEnum):
    """授分策略 — what attendance a batch asks for, domain.md 2.4.

    海南's own strategy has no public definition, so it is not among them.
    """

    WINDOWS = "windows"  # 每个时段都刷卡
    ANY = "any"  # 任一次刷卡
    ANY_COURSE = "any_course"  # 任一门课程
    ALL_COURSES = "all_courses"  # 全部课程
    PRORATA_HOURS = "prorata_hours"  # 按课程学时比例
    MIN_SWIPES = "min_swipes"  # 最少刷卡次数
    LISTED = "listed"  # 指定名单
    DURATION_RATIO = "duration_ratio"  # 参会时长比例


COURSE_STRATEGIES = frozenset({Strategy.ANY_COURSE, Strategy.ALL_COURSES, Strategy.PRORATA_HOURS})
WINDOW_STRATEGIES = COURSE_STRATEGIES | {Strategy.WINDOWS}


class Why(StrEnum):
    """原因 — why there is no credit, or less: stable codes, in the order of judging."""

    PERSON_STATUS = "PERSON_STATUS"  # 人员状态
    OTHER_UNIT = "OTHER_UNIT"  # 非本单位人员
    LECTURER_ALREADY = "LECTURER_ALREADY"  # 已作为主讲人授分
    NOT_REGISTERED = "NOT_REGISTERED"  # 未登记报名
    EXAM = "EXAM"  # 考试未通过
    EVALUATION = "EVALUATION"  # 评价未完成
    MANUAL_DENIED = "MANUAL_DENIED"  # 不予授分
    CARD_REVOKED = "CARD_REVOKED"  # 卡已挂失、停用或换新
    CLOCK_SKEW = "CLOCK_SKEW"  # 考勤机时钟不准
    NO_SWIPE = "NO_SWIPE"  # 没有刷卡记录
    OUT_OF_PERIOD = "OUT_OF_PERIOD"  # 不在举办周期内
    WINDOW_MISSING = "WINDOW_MISSING"  # 缺一个时段
    TOO_FEW_SWIPES = "TOO_FEW_SWIPES"  # 有效刷卡次数不够
    SHORT_DURATION = "SHORT_DURATION"  # 参会时长不够
    OVERLAP = "OVERLAP"  # 与其他项目时间重叠
    CAP_PROJECT = "CAP_PROJECT"  # 超过本项目上限
    CAP_YEAR = "CAP_YEAR"  # 超过本年度上限
    # Never part of a verdict: of a batch as a whole, of the award's course, of a question asked.
    CARD_UNKNOWN = "CARD_UNKNOWN"  # 卡号未登记
    NOT_AWARDED_YET = "NOT_AWARDED_YET"  # 尚未授分
    AWARD_IN_REVIEW = "AWARD_IN_REVIEW"  # 授分审核中
    AWARD_RETURNED = "AWARD_RETURNED"  # 授分被退回
    RANGE = "RANGE"  # 查询的年度不含该日期


class Cause(StrEnum):
    """不计原因 — why a record of a person waits and is not counted."""

    LOST = "lost"  # 卡已挂失
    REVOKED = "revoked"  # 卡已停用
    REPLACED = "replaced"  # 卡已换新
    CLOCK_SKEW = "clock_skew"  # 时钟偏差过大
    UNSYNCED = "unsynced"  # 没有对过时
    FUTURE_TIME = "future_time"  # 晚于服务器时间

    @property
    def why(self) -> Why:
        """The reason code that the cause stands under."""
        return Why.CARD_REVOKED if self in _CARD_CAUSES else Why.CLOCK_SKEW


_CARD_CAUSES = frozenset({Cause.LOST, Cause.REVOKED, Cause.REPLACED})


@dataclass(frozen=True, slots=True)
class Window:
    """刷卡周期 — a named span in which one swipe is wanted; hours where it stands for a course."""

    label: str
    start: int
    end: int
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """场次 — a session of the batch; `course` is false for signing in and out."""

    key: str
    label: str
    course: bool
    start: int
    end: int
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """授分方案 — a strategy with its figures, as asked for; what is left out is None or ().

    A window is a session's key (or label), or a window of its own. `listed` are person numbers.
    """

    strategy: Strategy
    windows: tuple[str | Window, ...] = ()
    min_swipes: int | None = None
    ratio: Decimal | None = None
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """上限 — of one person, over the project and over the year; None where there is none."""

    project: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """期次概要 — what the engine must know of a batch and of the item it counts as.

    `rounding` is the standard's, from hundredths to hundredths; it must never fall when its
    argument rises. `unit` names the unit to which a unit-only batch is limited.
    """

    start: int
    end: int
    slots: tuple[Slot, ...]
    credits: int
    suppress: int = SUPPRESS_MS
    limits: Limits = Limits()
    lecturer_limits: Limits = Limits()
    rounding: Callable[[int], int] | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """判定依据 — a plan made definite for a batch: every default filled in, every name resolved.

    `clusters` are the sessions with overlapping ones joined, in order. `days` are the teaching
    hours of each day as (day's start, from, until); `required` is the presence asked for, in ms.
    `listed` are person ids. `whole_hours` is the sum over the windows under `prorata_hours`.
    """

    strategy: Strategy
    start: int
    end: int
    windows: tuple[Window, ...]
    credits: int
    min_swipes: int = MIN_SWIPES
    suppress: int = SUPPRESS_MS
    clusters: tuple[tuple[int, int], ...] = ()
    ratio: Decimal = RATIO
    days: tuple[tuple[int, int, int], ...] = ()
    required: int = 0
    listed: frozenset[int] = frozenset()
    whole_hours: int = 0
    limits: Limits = Limits()
    lecturer_limits: Limits = Limits()
    rounding: Callable[[int], int] | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """在场时段 — from a person's first to last counted swipe of one day; both ends are swipes."""

    start: int
    end: int
    project: str = ""


@dataclass(frozen=True, slots=True)
class Uncounted:
    """不计的记录 — a record that names the person but waits; `skew` in seconds if known."""

    cause: Cause
    at: int
    skew: int | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """本人情况 — all that bears on a person's award besides their counted swipes.

    `held` are their stretches in batches in which they are already granted. `used_project` and
    `used_year` are the credit that already draws on the limits, this batch's replaced run left out.
    """

    cancelled: bool = False
    other_unit: bool = False
    # Why the host gives this person nothing, in its own words; "" where it said nothing.
    denied: str = ""
    lecturing: bool = False
    uncounted: tuple[Uncounted, ...] = ()
    held: tuple[Stretch, ...] = ()
    used_project: int = 0
    used_year: int = 0


NOTHING_KNOWN = Situation()

Fact = str | int
Facts = tuple[tuple[str, Fact], ...]


@dataclass(frozen=True, slots=True)
class Denial:
    """不予授分 — that a host gives a person nothing of a batch, why, and who said so when."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of refusal or reduction, with the swipe that came nearest and by how many seconds.

    `window` is the label of the window missed. `facts` are what its sentence needs besides.
    """

    why: Why
    window: str | None = None
    nearest: int | None = None
    missed_by: int | None = None
    facts: Facts = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """授分结论 — the engine's answer for one person in one part.

    `cap` is the limit that reduced the credit; the reason says which one, and what was used of it.
    So net < gross exactly where there is a cap. A refused verdict has neither gross nor net.
    """

    person_id: int
    part: Part
    granted: bool
    gross: int
    cap: int | None
    net: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """授分结果 — a run in figures; `over_limit` is how many more are granted than may attend."""

    granted: int
    refused: int
    reasons: tuple[tuple[Why, int], ...]
    over_limit: int


Crowd = Iterable[tuple[int, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Near:
    """差一点的人 — a person not granted, and the most seconds by which something was missed."""

    person_id: int
    lacking: int


@dataclass(frozen=True, slots=True)
class Miss:
    """缺什么 — the labels of the windows that so many people missed; () where it is no window."""

    labels: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class WindowCount:
    """时段人数 — who swiped in a window, and who missed it by ten minutes at most."""

    window: Window
    inside: int
    close: int


class Group(StrEnum):
    """看哪些人 — of whom an analysis shows a list."""

    NEAR = "near"  # 差一点的人
    GAINED = "gained"  # 因改动得分的人
    LOST = "lost"  # 因改动失去的人
    REFUSED = "refused"  # 不得分
    OVERLAP = "overlap"  # 与其他项目重叠
    LECTURERS = "lecturers"  # 主讲人


class Stage(StrEnum):
    """授分进度 — how far the award of a batch has come."""

    NOT_RUN = "not_run"  # 尚未授分
    AWARDED = "awarded"  # 已授分
    IN_REVIEW = "in_review"  # 审核中
    RETURNED = "returned"  # 被退回


@dataclass(frozen=True, slots=True)
class Progress:
    """进度 — how far the award is, working days after the batch; `remark`: why it came back."""

    stage: Stage
    working_days: int = 0
    remark: str = ""


class Next(StrEnum):
    """下一步 — what a batch waits for."""

    REVIEW = "review"  # 等待公布
    HOLD = "hold"  # 等待举办
    UPLOAD = "upload"  # 上传考勤
    AWARD = "award"  # 考情分析与授分
    RUNNING = "running"  # 正在授分
    REPORT = "report"  # 上报卫健委
    BUREAU = "bureau"  # 卫健委审核
    NOTHING = "nothing"  # 已办结


@dataclass(frozen=True, slots=True)
class Standing:
    """期次进展 — what has come in for a batch, and what became of it.

    `waiting` are the records that wait for somebody; `run_id` is that of the run in force, `by` who
    asked for it, and `queued_id` is that of the one a worker has still to judge.
    """

    recorded: bool = False
    waiting: int = 0
    run_id: int | None = None
    granted: int = 0
    refused: int = 0
    queued_id: int | None = None
    by: str = ""


class CheckName(StrEnum):
    """核对项 — what an explanation goes through, in this order."""

    CARD_KNOWN = "card_known"  # 卡号已登记
    RECORD_FOUND = "record_found"  # 找到刷卡记录
    CLOCK = "clock"  # 考勤机时钟
    PERSON_STATUS = "person_status"  # 人员状态
    UNIT = "unit"  # 单位
    LECTURER = "lecturer"  # 不是主讲人
    LISTED = "listed"  # 在名单内
    IN_PERIOD = "in_period"  # 在举办周期内
    WINDOW = "window"  # 时段
    COURSES = "courses"  # 课程
    SWIPES = "swipes"  # 刷卡次数
    DURATION = "duration"  # 参会时长
    OVERLAP = "overlap"  # 与其他项目不重叠
    AWARDED = "awarded"  # 已授分
    REVIEWED = "reviewed"  # 审核通过


@dataclass(frozen=True, slots=True)
class Check:
    """核对 — one line of an explanation; where it failed, the reason that says so, if one does."""

    name: CheckName
    passed: bool
    window: str | None = None
    reason: Reason | None = None
    facts: Facts = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """说明 — why a person has credit of a batch or has none; granted exactly when all checks pass.

    `next_step` is the code, in words/reasons.toml under `next_step`, of what to do now.
    """

    granted: bool
    checks: tuple[Check, ...]
    reasons: tuple[Reason, ...]
    next_step: str


@dataclass(frozen=True, slots=True)
class Options:
    """授分选项 — what an operator changed of the plan; None or () where nothing was said."""

    strategy: str | None = None
    windows: tuple[str, ...] = ()
    min_swipes: str | None = None
    ratio: str | None = None
