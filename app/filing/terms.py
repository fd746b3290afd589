"""申报 — words about projects that are filed, until the bureau announces them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType, TypeAlias

from app.kernel.credit import Credit
from app.kernel.secret import Secret
from app.kernel.sheet import Line
from app.kernel.span import Span
from app.org.terms import UnitId
from app.people.terms import PersonNo
from app.projects.terms import (
    BatchId,
    CourseKind,
    FiledBatch,
    FiledLecturer,
    Level,
    MedicalType,
    OnFile,
    ProjectState,
    Session,
)

FilingId = NewType("FilingId", int)
AttachmentId = NewType("AttachmentId", int)
AlterationId = NewType("AlterationId", int)

# domain.md 2.2
MOST_BATCHES, MOST_COURSES = 6, 50
# Files of one filing; five kinds are asked for, and some come as several pictures.
MOST_FILES = 20

# From when until when of a day.
Clock: TypeAlias = tuple[time, time]


class FileKind(StrEnum):
    """材料."""

    LICENCE = "licence"  # 执业许可证或法人证书
    TITLE = "title"  # 负责人职称证明
    CONSENT = "consent"  # 授课教师意愿书
    PLEDGE = "pledge"  # 承诺书
    INSPECTION = "inspection"  # 年检合格证明
    OTHER = "other"  # 其他材料


class HoldForm(StrEnum):
    """举办方式."""

    FACE = "face"  # 面授
    REMOTE = "remote"  # 远程
    MIXED = "mixed"  # 混合


class Method(StrEnum):
    """授课方法."""

    LECTURE = "lecture"  # 理论讲授
    PRACTICE = "practice"  # 实验或技术示范
    REMOTE = "remote"  # 远程授课


class Turn(StrEnum):
    """办理经过 — what somebody did with a filing; the value is the name of the command."""

    OPEN = "open_draft"  # 新建草稿
    COPY = "copy_project"  # 从往年项目复制
    SAVE = "save"  # 保存
    ATTACH = "attach"  # 上传材料
    DETACH = "detach"  # 删除材料
    FILE = "file"  # 申报
    RECALL = "recall"  # 撤回
    AGREE = "agree"  # 单位同意
    REFUSE = "refuse"  # 单位退回
    ANNOUNCE = "announce"  # 公布
    SEND_BACK = "send_back"  # 卫健委退回


@dataclass(frozen=True, slots=True)
class Typed:
    """填写的内容 — what stands in the form as somebody typed it, right or wrong.

    What identifies people is apart, and shown to nobody as a whole: by `ID_NUMBER`, `PHONE` and the
    key of a course.
    """

    fields: Mapping[str, str]
    batches: tuple[Mapping[str, str], ...] = ()
    courses: tuple[Mapping[str, str], ...] = ()
    secrets: Mapping[str, Secret] | None = None

    @property
    def body(self) -> dict[str, Any]:
        """As it is kept, without the secrets."""
        return {
            "fields": dict(self.fields),
            "batches": [dict(one) for one in self.batches],
            "courses": [dict(one) for one in self.courses],
        }


@dataclass(frozen=True, slots=True)
class Holding:
    """举办安排 — when and where one batch is to be held."""

    no: int
    span: Span
    venue: str


@dataclass(frozen=True, slots=True)
class Course:
    """课程 — one course of a batch; the number is the lecturer's, where they have one."""

    batch: int
    topic: str
    lecturer: str
    person_no: PersonNo
    on: date
    hours: Decimal
    # Where its fields stand in the form.
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """申报书 — what a form says that is filled in rightly."""

    name: str
    level: Level
    promoted: bool
    medical_type: MedicalType
    course_kind: CourseKind
    year: int
    discipline: str
    credits: Credit
    hours: Decimal
    limit_persons: int | None
    leader: str
    leader_id: Secret
    batches: tuple[Holding, ...]
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class Filing:
    """申报 — one project as it is filed; `project_no` is empty until it is announced."""

    id: FilingId
    unit_id: UnitId
    unit_name: str
    name: str
    level: Level | None
    year: int
    state: ProjectState
    version: int
    opened_by: str
    changed_at: datetime
    changed_by: str
    filed_at: datetime | None
    filed_by: str | None
    remark: str | None
    project_no: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """附件 — one file of a filing, as it is kept."""

    id: AttachmentId
    kind: FileKind
    name: str
    media_type: str
    size: int
    sha256: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Sought:
    """申报查询 — what a list of filings is narrowed by; None or "" where nothing was said."""

    state: ProjectState | None = None
    year: int | None = None
    level: Level | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """申报列表 — one page of the filings sought, how many there are, and the years of all."""

    filings: tuple[Filing, ...]
    count: int
    years: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """改动 — a field of the form before and after; empty where it was not there."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """经过 — one thing done with a filing: when, by whom, what, and what it changed."""

    at: datetime
    by: str
    role: str
    turn: Turn
    changes: tuple[Change, ...]
    # Of a file its name; of a return its reason; of an announcement the number.
    said: str


@dataclass(frozen=True, slots=True)
class Folder:
    """申报卷 — a filing with all that is known of it.

    `masked` are the secrets as they may be shown; `changed` is what is other than when it was last
    sent back; `number` is a number that nobody has yet, where one is to be given.
    """

    filing: Filing
    typed: Typed
    masked: Mapping[str, str]
    files: tuple[Attachment, ...]
    steps: tuple[Step, ...]
    changed: tuple[Change, ...]
    # Files that were sent in after it was last sent back.
    fresh: frozenset[AttachmentId]
    number: str


class AlterationState(StrEnum):
    """变更状态."""

    ASKED = "asked"  # 等卫健委同意
    DONE = "done"  # 已变更
    REFUSED = "refused"  # 没有同意
    WITHDRAWN = "withdrawn"  # 已撤回


class Cause(StrEnum):
    """要卫健委同意的缘由."""

    PLACE = "place"  # 换到了另一个地点
    FAR = "far"  # 离公布的日子太远
    LONGER = "longer"  # 天数比公布的多
    CUT = "cut"  # 有课程或场次落在新的时间以外
    SHORT = "short"  # 时间比学时还短


@dataclass(frozen=True, slots=True)
class Arrangement:
    """安排 — when and where a batch is held; `near` where that is the place by another room."""

    span: Span
    venue: str
    near: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """变更的结果 — a batch as it would be held, and what of it would be other than it was.

    `lost` are sessions that have no place in it; `relaid` are lectures whose day is no more, each
    with the day that it is put on.
    """

    batch: FiledBatch
    lost: tuple[Session, ...]
    relaid: tuple[tuple[FiledLecturer, date], ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Footing:
    """变更的依据 — a batch as it stands, as it was announced, and as the bureau last agreed to it.

    `hanging` is how much came of it already: records, awards, credit. `terminals` are those, by
    serial, that were given a package of it; `waits` tells whether the bureau is asked already.
    """

    standing: OnFile
    batch: FiledBatch
    announced: Arrangement
    agreed: Arrangement
    hanging: int
    terminals: tuple[str, ...]
    waits: bool

    @property
    def batch_id(self) -> BatchId:
        """Which batch it is."""
        return self.standing.batches[self.batch.no]

    @property
    def now(self) -> Arrangement:
        """When and where it is to be held as it stands."""
        return Arrangement(self.batch.span, self.batch.venue)


@dataclass(frozen=True, slots=True)
class Alteration:
    """变更 — a batch is to be held at another time or place than before: who asked, what came."""

    id: AlterationId
    batch_id: BatchId
    batch_no: int
    project_no: str
    project_name: str
    unit_name: str
    state: AlterationState
    before: Arrangement
    after: Arrangement
    causes: tuple[Cause, ...]
    reason: str
    asked_at: datetime
    asked_by: str
    # None while it is asked.
    ended_at: datetime | None
    ended_by: str
    remark: str
    # Of the latest that was done: the terminals, by serial, whose package tells what was before.
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """待办的申报 — how many within sight wait for whom."""

    returned: int
    unit: int
    bureau: int
    # Batches that are to be held at another time or place, if the bureau agrees.
    altered: int
    # Of these the one that waits longest; None where none does.
    oldest: Alteration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """项目表的一行 — a batch with its project, as a table says it; None where it says nothing.

    Of lecturers without hours each has an equal share of the project's.
    """

    line: Line
    no: str
    name: str
    level: Level
    year: int
    credits: Decimal
    hours: Decimal | None
    unit_code: str
    medical_type: MedicalType | None
    course_kind: CourseKind | None
    batch: int
    start: datetime
    end: datetime
    venue: str
    lecturers: tuple[tuple[PersonNo, Decimal | None], ...]
    sign_in: Clock | None
    sign_out: Clock | None
