"""人员 — words about the people whose credit we keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from app.kernel.errors import RowError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.sheet import Imported, Line
from app.org.terms import Unit, UnitId

PersonId = NewType("PersonId", int)
PersonNo = NewType("PersonNo", str)

ALWAYS = date(1, 1, 1)
# As long as an import, or an edit of many, can be taken back.
UNDO_WITHIN = timedelta(hours=24)

# What the vault is told each sealed value is for.
ID_NUMBER = "people.id_number"
PHONE = "people.phone"
IMPORT = "people.import"


# What of a stored person makes a `Person`, in the order of its parts.
PERSON_PARTS = (
    "id", "person_no", "name", "path", "unit_id", "department_id", "title", "title_level", "status"
)  # fmt: skip


class Status(StrEnum):
    """人员状态."""

    NORMAL = "normal"  # 正常
    MATERNITY = "maternity"  # 产假
    LEAVE_6M = "leave_6m"  # 病假、境外工作等六个月以上
    NOT_COUNTED = "not_counted"  # 不计达标
    CANCELLED = "cancelled"  # 注销


class IdType(StrEnum):
    """证件类型."""

    ID_CARD = "id_card"  # 身份证
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证
    HK_MACAU_PERMIT = "hk_macau_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    OTHER = "other"  # 其他法定有效证件


class Sex(StrEnum):
    """性别."""

    MALE = "male"  # 男
    FEMALE = "female"  # 女


class TitleLevel(StrEnum):
    """职称级别."""

    JUNIOR = "junior"  # 初级
    MIDDLE = "middle"  # 中级
    VICE_SENIOR = "vice_senior"  # 副高
    SENIOR = "senior"  # 正高


@dataclass(frozen=True, slots=True)
class Person:
    """人员 — one person as the other contexts know them; of identity nothing but the name."""

    id: PersonId
    no: PersonNo
    name: str
    place: Place
    unit_id: UnitId
    department_id: UnitId | None
    title: str
    title_level: TitleLevel | None
    status: Status


class Meant(StrEnum):
    """所指 — what a few typed signs are."""

    NAME = "name"
    PINYIN = "pinyin"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """找人条件 — who is looked for; what is left out asks nothing.

    `also` are ids of people known to be meant by the text, because it is the number of their card.
    `unit_id` is given where the place is that of a whole employer; `among` are the only
    ones who can be meant, because something was asked of them elsewhere.
    """

    text: str = ""
    also: tuple[int, ...] = ()
    place: Place | None = None
    unit_id: int | None = None
    status: Status | None = None
    level: TitleLevel | None = None
    cancelled_too: bool = False
    among: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class HeadCount:
    """人数 — how many people of a unit stand in one department, or in none."""

    unit_id: int
    department_id: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Listing:
    """名单 — a page of people, how many are found at all, and how many of them come before it.

    `without` is told where nobody is found: how many are, without each part of the search.
    """

    people: tuple[Person, ...]
    total: int
    earlier: int
    without: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Staff:
    """在职人员 — a person with the names of where they work; no department, an empty name."""

    person: Person
    unit: str
    department: str


# 状态沿革 — from which day on which status held, in order; before the first day, normal.
History = tuple[tuple[date, Status], ...]


class PostingAct(StrEnum):
    """任职变动 — by which act somebody came to stand where they do, or left it."""

    BEFORE = "before"  # 开始记任职经历时已在
    NEW = "new"  # 新增人员
    IMPORT = "import"  # 导入花名册
    EDITS = "edits"  # 批量改
    FORM = "form"  # 改资料
    TRANSFER = "transfer"  # 转单位
    MERGE = "merge"  # 合并档案
    DEPARTMENT = "department"  # 合并科室
    UNDO = "undo"  # 撤回


@dataclass(frozen=True, slots=True)
class Posting:
    """任职 — a stretch [from, until) in one unit and department; `ALWAYS` as from: not known.

    Without `until` it lasts; title and post are those with which it ended. `id` is 0 of a new one.
    """

    unit_id: int
    department_id: int | None
    from_on: date
    began: PostingAct
    until_on: date | None = None
    ended: PostingAct | None = None
    title: str = ""
    post: str = ""
    id: int = 0

    @property
    def home(self) -> tuple[int, int | None]:
        """The unit and department."""
        return self.unit_id, self.department_id


@dataclass(frozen=True, slots=True)
class Served:
    """任职经历 — a posting with the names of unit and department as they are called now."""

    posting: Posting
    unit: str
    department: str


class Fate(StrEnum):
    """导入去向 — what an import does with a row."""

    ADDED = "added"  # 新增
    CHANGED = "changed"  # 更改
    SAME = "same"  # 不变


@dataclass(frozen=True, slots=True)
class Profile:
    """个人资料 — what is told of a person beside number, unit and status."""

    name: str
    id_type: IdType
    id_number: Secret
    sex: Sex | None
    birth_on: date | None
    title: str
    title_level: TitleLevel | None
    post: str
    education: str
    specialty: str
    phone: Secret


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """人员导入行 — what one line says of a person; a wrong cell holds an empty value."""

    line: Line
    no: str
    profile: Profile
    # 证件唯一值 — the number as one identity: a 15-digit card is its 18-digit successor.
    identity: Secret
    unit_code: str
    department_code: str
    status: Status
    status_from: date
    # What the identity card says otherwise, and was taken from there.
    notes: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """已有人员 — a person as an import compares them with their line."""

    id: PersonId
    profile: Profile
    identity_index: bytes
    place: Place
    unit_id: UnitId
    department_id: UnitId | None
    history: History
    # The record that this one became a part of.
    merged_into: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """证件持有人 — who has a person number or an identity already, in the actor's sight or not."""

    no: PersonNo
    name: str
    identity_index: bytes
    in_sight: bool


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """导入计划 — what will stand of a person, and the columns in which that is new."""

    draft: PersonDraft
    profile: Profile
    unit: Unit
    department: Unit | None
    history: History
    known: KnownPerson | None
    columns: tuple[str, ...]

    @property
    def home(self) -> Place:
        """The place under which the person's leaf stands."""
        return (self.department or self.unit).place


@dataclass(frozen=True, slots=True)
class Roster:
    """花名册 — the judged lines of a file: each line's number, and its plan if none has a fault."""

    nos: tuple[str, ...]
    plans: tuple[PersonPlan, ...]
    known: dict[str, KnownPerson]
    faults: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class PersonFile:
    """人员档案 — a person with unit and department; `mark` tells whether it is still as seen."""

    no: str
    person: KnownPerson
    unit: Unit
    department: Unit | None
    mark: str
    # Of the photo; empty where there is none.
    photo_mark: str
    # The number of the record that this one became a part of; empty where it stands for itself.
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Photo:
    """照片 — a person's, as JPEG; another photo has another mark."""

    jpeg: bytes
    mark: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """资料变更 — what is to stand of a person from now on; without a phone that on file."""

    name: str
    department_code: str
    title: str
    title_level: TitleLevel | None
    post: str
    education: str
    specialty: str
    phone: Secret


class ImportKind(StrEnum):
    """导入种类 — what the lines of a file are about."""

    PEOPLE = "people"  # 人员
    EDITS = "edits"  # 批量改动
    CARDS = "cards"  # 卡
    COURSES = "courses"  # 公需课
    PROJECTS = "projects"  # 项目


class ImportState(StrEnum):
    """导入状态."""

    CHECKED = "checked"  # 已检查
    DONE = "done"  # 已导入
    UNDONE = "undone"  # 已撤回


@dataclass(frozen=True, slots=True)
class ImportLine:
    """导入的一行 — what it is about, its fate, the columns that bring something new, remarks."""

    row: int
    no: str
    name: str
    fate: Fate
    columns: tuple[str, ...]
    notes: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """导入结果 — how many lines, and each line's fate."""

    counts: Imported
    rows: tuple[ImportLine, ...]

    @classmethod
    def of(cls, rows: Sequence[ImportLine]) -> Enrolment:
        """These lines, counted by their fates."""
        fates = [row.fate for row in rows]
        counts = Imported(*(fates.count(fate) for fate in (Fate.ADDED, Fate.CHANGED, Fate.SAME)))
        return cls(counts, tuple(rows))


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """导入记录 — a file that was sent in, and what became of it; `body` is what it held."""

    id: int
    kind: ImportKind
    name: str
    by: str
    at: datetime
    state: ImportState
    counts: Mapping[str, int]
    done_at: datetime | None
    undone_at: datetime | None
    body: Mapping[str, Any]

    @property
    def unread(self) -> bool:
        """Whether nobody knows yet which of its columns is which."""
        return self.state is ImportState.CHECKED and "columns" not in self.body
