"""项目文件 — reading the JSON of `project import` into filed projects, strictly.

Every fault becomes a row: `row` is the project's place in the list, counted from 1, and `column`
the member's path inside it. What a member means is judged further in, by `projects.rules`.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from app.kernel.errors import InvalidError, RowError
from app.kernel.span import Span, local
from app.people.terms import PersonNo
from app.projects.rules import number_of
from app.projects.terms import (
    CourseKind,
    CreditClass,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    Level,
    MedicalType,
    Session,
    SessionKind,
)

_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SHOWN = 60


def read(content: bytes) -> tuple[tuple[FiledProject, ...], tuple[RowError, ...]]:
    """The projects of a file that could be read, and the faults of the others.

    InvalidError where the file as a whole is no list of projects.
    """
    listed = _listed(content)
    filed: list[FiledProject] = []
    faults: list[RowError] = []
    for row, members in enumerate(listed, start=1):
        try:
            filed.append(_filed(row, _Project.model_validate(members)))
        except ValidationError as refused:
            faults += [_fault(row, error) for error in refused.errors(include_url=False)]
    return tuple(filed), tuple(faults)


class _TwiceError(ValueError):
    """A member that stands twice in one object: which of the two is meant, nobody can say."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return members


def _listed(content: bytes) -> list[Any]:
    try:
        # Decimals keep their digits, so that a fault shows what was written.
        found = json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=_once, parse_float=Decimal
        )
    except UnicodeDecodeError:
        raise InvalidError("projects.import.encoding") from None
    except _TwiceError as twice:
        raise InvalidError("projects.import.member_twice", member=str(twice)) from None
    except json.JSONDecodeError as broken:
        raise InvalidError(
            "projects.import.not_json", line=broken.lineno, column=broken.colno
        ) from None
    except (ValueError, RecursionError):
        raise InvalidError("projects.import.too_deep") from None
    if not isinstance(found, list):
        raise InvalidError("projects.import.not_list")
    return found


def _text(value: object) -> object:
    """Text as it is kept: single spaces, no characters that no store or page can hold."""
    if not isinstance(value, str):
        return value
    plain = " ".join(value.split())
    if not plain.isprintable():
        raise PydanticCustomError("unprintable", "unprintable")
    return plain


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str):
        raise PydanticCustomError("decimal_text", "decimal text")
    if not _DECIMAL.fullmatch(value.strip()):
        raise PydanticCustomError("decimal", "decimal")
    return Decimal(value.strip())


def _ratio(value: object) -> Decimal:
    """A share may be written as a bare number too: it is no amount."""
    plain = str(value) if isinstance(value, Decimal | int) and value is not True else value
    return _decimal(plain)


def _moment(value: object) -> datetime:
    if isinstance(value, str) and _MOMENT.fullmatch(value.strip()):
        try:
            return local(value.strip())
        except ValueError:
            pass
    raise PydanticCustomError("moment", "moment")


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise PydanticCustomError("day", "day")


def _word(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


_Decimal = Annotated[Decimal, BeforeValidator(_decimal)]
_Ratio = Annotated[Decimal, BeforeValidator(_ratio)]
_Moment = Annotated[datetime, BeforeValidator(_moment)]
_Day = Annotated[date, BeforeValidator(_day)]
_Count = Annotated[int, Field(ge=-(2**31), lt=2**31)]
_Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
_Venue = Annotated[str, BeforeValidator(_text), Field(max_length=200)]
_Name = Annotated[_Text, Field(max_length=120)]  # domain.md 2.2
_Label = Annotated[_Text, Field(max_length=60)]
_Key = Annotated[_Text, Field(max_length=32)]
_AS_TEXT, _TRIMMED = Field(strict=False), BeforeValidator(_word)
_Level = Annotated[Level, _AS_TEXT, _TRIMMED]
_MedicalType = Annotated[MedicalType, _AS_TEXT, _TRIMMED]
_CreditClass = Annotated[CreditClass, _AS_TEXT, _TRIMMED]
_CourseKind = Annotated[CourseKind, _AS_TEXT, _TRIMMED]
_SessionKind = Annotated[SessionKind, _AS_TEXT, _TRIMMED]


class _Members(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Lecturer(_Members):
    person_no: _Key
    course: _Text
    date: _Day
    hours: _Decimal


class _Session(_Members):
    session_id: _Key
    label: _Label
    kind: _SessionKind
    opens_at: _Moment
    closes_at: _Moment
    hours: _Decimal | None = None


class _Plan(_Members):
    strategy: _Key
    windows: list[_Key] | None = None
    min_swipes: _Count | None = None
    ratio: _Ratio | None = None
    listed: list[_Key] | None = None


class _Batch(_Members):
    batch: _Count
    starts_at: _Moment
    ends_at: _Moment
    venue: _Venue | None = None
    unit_only: bool = False
    limit_persons: _Count | None = None
    sessions: list[_Session] = []
    plan: _Plan | None = None
    lecturers: list[_Lecturer] = []


class _Project(_Members):
    project_no: _Text
    name: _Name
    level: _Level
    promoted: bool = False
    medical_type: _MedicalType
    credit_class: _CreditClass | None = None
    course_kind: _CourseKind
    unit_code: _Key
    year: _Count
    credits: _Decimal
    hours: _Decimal | None = None
    cap_project: _Decimal | None = None
    batches: list[_Batch] = []


def _filed(row: int, project: _Project) -> FiledProject:
    return FiledProject(
        row=row,
        no=number_of(project.project_no).text,
        name=project.name,
        level=project.level,
        promoted=project.promoted,
        medical_type=project.medical_type,
        credit_class=project.credit_class,
        course_kind=project.course_kind,
        unit_code=project.unit_code,
        year=project.year,
        credits=project.credits,
        hours=project.hours,
        cap=project.cap_project,
        batches=tuple(map(_filed_batch, project.batches)),
    )


def _filed_batch(batch: _Batch) -> FiledBatch:
    return FiledBatch(
        no=batch.batch,
        span=Span(batch.starts_at, batch.ends_at),
        venue=batch.venue or "",
        unit_only=batch.unit_only,
        limit_persons=batch.limit_persons,
        plan=_filed_plan(batch.plan),
        sessions=tuple(
            Session(
                one.session_id, one.label, one.kind, Span(one.opens_at, one.closes_at), one.hours
            )
            for one in batch.sessions
        ),
        lecturers=tuple(
            FiledLecturer(
                person_no=PersonNo(one.person_no), course=one.course, on=one.date, hours=one.hours
            )
            for one in batch.lecturers
        ),
    )


def _filed_plan(plan: _Plan | None) -> FiledPlan:
    if plan is None:
        return FiledPlan(strategy="windows")
    return FiledPlan(
        strategy=plan.strategy,
        windows=tuple(plan.windows or ()),
        min_swipes=plan.min_swipes,
        ratio=plan.ratio,
        listed=tuple(map(PersonNo, plan.listed or ())),
    )


# What pydantic calls a fault → our code.
_CODES = {
    "missing": "projects.import.missing",
    "extra_forbidden": "projects.import.unknown_member",
    "enum": "projects.import.not_one_of",
    "string_type": "projects.import.text_wanted",
    "too_short": "projects.import.empty",
    "too_long": "projects.import.too_long",
    "int_type": "projects.import.whole_wanted",
    "less_than": "projects.import.whole_wanted",
    "greater_than_equal": "projects.import.whole_wanted",
    "bool_type": "projects.import.flag_wanted",
    "list_type": "projects.import.list_wanted",
    "model_type": "projects.import.object_wanted",
    "unprintable": "projects.import.unprintable",
    "decimal_text": "projects.import.decimal_text",
    "decimal": "projects.import.decimal_wanted",
    "moment": "projects.import.moment_wanted",
    "day": "projects.import.day_wanted",
}


def _fault(row: int, error: ErrorDetails) -> RowError:
    context = error.get("ctx", {})
    facts = {name: context[name] for name in ("expected", "max_length") if name in context}
    if "expected" in facts:
        facts["expected"] = facts["expected"].replace("'", "").replace(" or ", ", ")
    value = "" if error["type"] == "missing" else _shown(error["input"])
    code = _CODES[error["type"]] if error["loc"] else "projects.import.not_object"
    return RowError(row, _path(error["loc"]), value, code, tuple(facts.items()))


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _shown(value: object) -> str:
    if isinstance(value, str | Decimal):
        text = str(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
