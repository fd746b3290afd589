"""项目表 — a table of projects with a line for each batch: what it says, and what is wrong with it.

The lines of one number are one project. A cell of the project that is left empty says what an
earlier line of the project says, as in a table whose cells were merged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import TypeVar

from app.filing.rules.forms import sessions_about
from app.filing.terms import Clock, ListLine
from app.kernel.errors import RowError
from app.kernel.sheet import Line, Reading, Sheet
from app.kernel.span import SHANGHAI, Span, local, local_date
from app.kernel.tidy import Form, Holds
from app.people.terms import PersonNo
from app.projects.rules import LONGEST_NUMBER, MOST_CREDITS, MOST_HOURS, YEARS, number_of
from app.projects.terms import (
    CourseKind,
    CreditClass,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    Level,
    MedicalType,
    NumberForm,
    OnFile,
    ProjectState,
    Session,
    SessionKind,
)

FORM = Form(
    {
        "project_no": Holds.TEXT, "project_name": Holds.TEXT, "project_level": Holds.WORD,
        "project_year": Holds.AMOUNT, "project_credits": Holds.AMOUNT,
        "project_hours": Holds.AMOUNT, "batch_no": Holds.TEXT, "batch_from": Holds.MOMENT,
        "batch_to": Holds.MOMENT, "venue": Holds.TEXT, "lecturers": Holds.TEXT,
        "sign_in": Holds.TEXT, "sign_out": Holds.TEXT, "medical_type": Holds.WORD,
        "course_kind": Holds.WORD, "unit_code": Holds.PLACE,
    },
    must=(
        ("project_no",), ("project_name",), ("project_level",), ("project_year",),
        ("project_credits",), ("batch_from",), ("batch_to",), ("venue",),
    ),
)  # fmt: skip
_AMOUNTS = ("project_year", "project_credits", "project_hours")
# What the lines of one project say together.
_SHARED = ("project_name", "project_level", *_AMOUNTS, "medical_type", "course_kind", "unit_code")
_NAME, _VENUE, _MOST_LECTURERS = 75, 200, 30
# Where a day is said without an hour.
_OPENS, _CLOSES = time(8), time(18)
_PARTING = re.compile(r"[\u3001,;/\s]+")
_LECTURER = re.compile(r"([^()]{1,32})(?:\((\d{1,3}(?:\.\d)?)[^()]*\))?")
_CLOCKS = re.compile(
    r"(\d{1,2}):(\d{2})\s*(?:-|~|\u2013|\u2014|\u81f3|\u5230)+\s*(\d{1,2}):(\d{2})"
)
# The columns by what they are called in a filed project, and in its batches.
_PROJECT = {
    "project_no": "project_no", "name": "project_name", "year": "project_year",
    "credits": "project_credits", "hours": "project_hours", "unit_code": "unit_code",
}  # fmt: skip
_BATCH = {"starts_at": "batch_from", "ends_at": "batch_to", "venue": "venue"}
_MEMBER = re.compile(r"batches\[(\d+)\]\.(.*)")
# Whose award is before the bureau, or over: nothing of it is changed.
_OVER = frozenset({ProjectState.AWARD_REVIEW, ProjectState.CLOSED})
E = TypeVar("E", bound=StrEnum)


def read(sheet: Sheet) -> tuple[tuple[ListLine, ...], tuple[RowError, ...]]:
    """What the lines say that say enough, and which cells say nothing that can stand."""
    lines: list[ListLine] = []
    faults: list[RowError] = []
    first: dict[str, dict[str, tuple[str, int]]] = {}
    for line in sheet.lines:
        said = first.setdefault(number_of(line["project_no"]).text, {})
        reading = Reading(_joined(line, said))
        _refuse_other(reading, said)
        told = _line(reading)
        faults += reading.faults
        if told is not None and not reading.faults:
            lines.append(told)
    return tuple(lines), tuple(faults)


def filed(
    lines: Sequence[ListLine], standing: OnFile | None, credit_class: str | None,
    labels: Sequence[str],
) -> FiledProject:  # fmt: skip
    """The project that the lines of one number say, as far as they say nothing as it stands."""
    one, was = lines[0], None if standing is None else standing.filed
    known = {} if was is None else {batch.no: batch for batch in was.batches}
    of_class = None if credit_class is None else CreditClass(credit_class)
    if was is not None and was.level is one.level:
        of_class = was.credit_class
    return FiledProject(
        row=one.line.row,
        no=one.no,
        name=one.name,
        level=one.level,
        promoted=was is not None and was.promoted,
        medical_type=one.medical_type or (was.medical_type if was else MedicalType.WESTERN),
        credit_class=of_class,
        course_kind=one.course_kind or (was.course_kind if was else CourseKind.PROFESSIONAL),
        unit_code=one.unit_code,
        year=one.year,
        credits=one.credits,
        hours=one.hours if one.hours is not None or was is None else was.hours,
        cap=None if was is None else was.cap,
        batches=tuple(_batch(line, known.get(line.batch), labels) for line in lines),
    )


def lines_of(project: FiledProject) -> Iterator[dict[str, str]]:
    """The lines that say a project, one for each batch; one without where it has none."""
    told = {
        "project_no": project.no, "project_name": project.name, "project_level": project.level,
        "project_year": str(project.year), "project_credits": _figure(project.credits),
        "project_hours": "" if project.hours is None else _figure(project.hours),
        "medical_type": project.medical_type, "course_kind": project.course_kind,
    }  # fmt: skip
    if not project.batches:
        yield told
    for one in project.batches:
        hours: dict[PersonNo, Decimal] = {}
        for lecture in one.lecturers:
            hours[lecture.person_no] = hours.get(lecture.person_no, Decimal()) + lecture.hours
        lecturers = [f"{no}({_figure(some)})" for no, some in hours.items()]
        first = {two.kind: two for two in reversed(one.sessions)}
        yield told | {
            "batch_no": str(one.no), "batch_from": _minute(one.span.start),
            "batch_to": _minute(one.span.end), "venue": one.venue,
            "lecturers": ", ".join(lecturers),
            "sign_in": _hours_of(first.get(SessionKind.START), local_date(one.span.start)),
            "sign_out": _hours_of(first.get(SessionKind.END), _last(one.span)),
        }  # fmt: skip


def new_columns(line: ListLine, project: FiledProject, standing: OnFile) -> tuple[str, ...]:
    """The columns in which a line says something else than what stands of project and batch."""
    was, now = standing.filed, next(one for one in project.batches if one.no == line.batch)
    told = {
        "project_name": was.name != project.name,
        "project_level": was.level is not project.level,
        "project_year": was.year != project.year,
        "project_credits": was.credits != project.credits,
        "project_hours": was.hours != project.hours,
        "medical_type": was.medical_type is not project.medical_type,
        "course_kind": was.course_kind is not project.course_kind,
    }
    old = next((one for one in was.batches if one.no == line.batch), None)
    of_batch = {} if old is None else {
        "batch_from": old.span.start != now.span.start,
        "batch_to": old.span.end != now.span.end,
        "venue": old.venue != now.venue,
        "lecturers": bool(line.lecturers) and old.lecturers != now.lecturers,
        "sign_in": line.sign_in is not None and _clocks(old) != _clocks(now),
        "sign_out": line.sign_out is not None and _clocks(old) != _clocks(now),
    }  # fmt: skip
    return tuple(name for name, new in (told | of_batch).items() if new)


def stays(line: ListLine, standing: OnFile, columns: Sequence[str]) -> RowError | None:
    """What keeps a project that was awarded from being told anew; a batch more it may have."""
    if standing.state in _OVER and (columns or line.batch not in standing.batches):
        return line.line.wrong("project_no", "filing.list.over")
    if standing.state is ProjectState.AWARDED and columns:
        return line.line.wrong(columns[0], "filing.list.awarded")
    return None


def worth_fault(line: ListLine, most: Decimal | None) -> RowError | None:
    """What keeps a project of its level from giving so much, by the standard of its year."""
    if most is None or line.credits <= most:
        return None
    return line.line.wrong("project_credits", "filing.list.cap", most=_figure(most))


def notes(line: ListLine, per: Decimal | None) -> Iterator[RowError]:
    """What goes without saying, said: hours of day, of lecturers, and what the standard reckons."""
    for column, clock in (("batch_from", _OPENS), ("batch_to", _CLOSES)):
        if len(line.line[column]) == len("2026-05-18"):
            yield line.line.wrong(column, "filing.list.hour", clock=f"{clock:%H:%M}")
    if any(hours is None for _, hours in line.lecturers):
        yield line.line.wrong("lecturers", "filing.list.shared")
    if per and line.hours and line.credits * per > line.hours:
        by_hours = (line.hours / per).quantize(Decimal("0.1"), ROUND_DOWN)
        yield line.line.wrong("project_credits", "filing.list.worth", amount=by_hours)


def retold(fault: RowError, project: FiledProject, lines: Sequence[ListLine]) -> RowError:
    """A fault of a filed project as one of the cell that brought it about."""
    column, line, value = _PROJECT.get(fault.column, "project_no"), lines[0].line, ""
    if member := _MEMBER.fullmatch(fault.column):
        n, rest = int(member[1]), member[2]
        line, column = lines[n].line, _BATCH.get(rest, "batch_no")
        if rest.startswith("sessions"):
            nth = int(re.findall(r"\d+", rest)[0])
            last = project.batches[n].sessions[nth].kind is SessionKind.END
            column = "sign_out" if last else "sign_in"
        elif rest.startswith(("lecturers", "plan.listed")):
            column, value = "lecturers", fault.value
    code = f"filing.list.{fault.code.rpartition('.')[2]}"
    return RowError(line.row, column, value or line[column][:64], code, fault.facts)


def _joined(line: Line, said: Mapping[str, tuple[str, int]]) -> Line:
    """The line with what earlier lines of its project say where it says nothing."""
    if not line["project_no"]:
        return line
    filled = {name: said[name][0] for name in _SHARED if name in said and not line[name]}
    return replace(line, cells={**line.cells, **filled})


def _refuse_other(reading: Reading, said: dict[str, tuple[str, int]]) -> None:
    line = reading.line
    if not line["project_no"]:
        return
    for name in _SHARED:
        if not line[name]:
            continue
        text, row = said.setdefault(name, (line[name], line.row))
        other = Decimal(text) != Decimal(line[name]) if name in _AMOUNTS else text != line[name]
        if other:
            reading.refuse(name, "filing.list.contradicts", other=row)


def _line(reading: Reading) -> ListLine | None:
    no = number_of(reading.text("project_no", 2 * LONGEST_NUMBER, must=True))
    year = _amount(reading, "project_year", Decimal(YEARS[-1]), Decimal(YEARS[0]))
    if year is not None and year != int(year):
        reading.refuse("project_year", "filing.list.year_range", least=YEARS[0], most=YEARS[-1])
    if no.form is NumberForm.ISSUED and year is not None and no.year != int(year):
        reading.refuse("project_no", "filing.list.number_year", year=int(year))
    credits = _amount(reading, "project_credits", MOST_CREDITS, Decimal("0.01"))
    hours = _amount(reading, "project_hours", MOST_HOURS, must=False)
    level = _word(reading, "project_level", Level, must=True)
    start, end = _moment(reading, "batch_from", _OPENS), _moment(reading, "batch_to", _CLOSES)
    if start is not None and end is not None and start >= end:
        reading.refuse("batch_to", "filing.list.batch_ends")
    told = {
        "name": reading.text("project_name", _NAME, must=True),
        "venue": reading.text("venue", _VENUE, must=True), "unit_code": reading.code("unit_code"),
    }  # fmt: skip
    batch, lecturers = _number(reading), _lecturers(reading, hours)
    sign_in, sign_out = _clock(reading, "sign_in"), _clock(reading, "sign_out")
    medical_type = _word(reading, "medical_type", MedicalType)
    course_kind = _word(reading, "course_kind", CourseKind)
    if year is None or credits is None or level is None or start is None or end is None:
        return None
    return ListLine(
        line=reading.line, no=no.text, level=level, year=int(year), credits=credits, hours=hours,
        batch=batch, start=start, end=end, lecturers=lecturers, sign_in=sign_in, sign_out=sign_out,
        medical_type=medical_type, course_kind=course_kind, **told,
    )  # fmt: skip


def _amount(
    reading: Reading, column: str, most: Decimal, least: Decimal = Decimal(), *, must: bool = True
) -> Decimal | None:
    text = reading.plain(column, 16, must=must)
    if not text:
        return None
    amount = Decimal(text)
    if not least <= amount <= most:
        reading.refuse(column, "filing.list.amount_range", least=least, most=most)
        return None
    return amount


def _word(reading: Reading, column: str, words: type[E], *, must: bool = False) -> E | None:
    return reading.word(column, words, must=must)


def _moment(reading: Reading, column: str, clock: time) -> datetime | None:
    text = reading.text(column, 32, must=True)
    if not text:
        return None
    try:
        moment = local(text if "T" in text else f"{text}T{clock:%H:%M}")
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        reading.refuse(column, "filing.list.moment")
        return None
    return moment


def _number(reading: Reading) -> int:
    """期次 — in figures or in one sign, with or without what stands about it; the first if none."""
    said = unicodedata.normalize("NFKC", reading.line["batch_no"])
    bare = said.replace(" ", "").removeprefix("\u7b2c").removesuffix("\u671f")
    if not said:
        return 1
    number = unicodedata.numeric(bare, 0) if len(bare) == 1 else 0
    if bare.isascii() and bare.isdecimal() and len(bare) <= len("999"):
        number = int(bare)
    if number < 1 or number != int(number):
        reading.refuse("batch_no", "filing.list.batch_low")
        return 1
    return int(number)


def _lecturers(
    reading: Reading, hours: Decimal | None
) -> tuple[tuple[PersonNo, Decimal | None], ...]:
    text = unicodedata.normalize("NFKC", reading.text("lecturers", 500))
    found: dict[PersonNo, Decimal | None] = {}
    for one in filter(None, _PARTING.split(text)):
        told = _LECTURER.fullmatch(one)
        if told is None:
            reading.refuse("lecturers", "filing.list.lecturer", one=one[:32])
        elif told[1] in found:
            reading.refuse("lecturers", "filing.list.lecturer_twice", one=told[1])
        elif told[2] is None and hours is None:
            reading.refuse("lecturers", "filing.list.lecturer_hours", one=told[1])
        else:
            found[PersonNo(told[1])] = None if told[2] is None else Decimal(told[2])
    if len(found) > _MOST_LECTURERS:
        reading.refuse("lecturers", "filing.list.lecturers", most=_MOST_LECTURERS)
    return tuple(found.items())


def _clock(reading: Reading, column: str) -> Clock | None:
    text = unicodedata.normalize("NFKC", reading.text(column, 32))
    if not text:
        return None
    told = _CLOCKS.fullmatch(text)
    try:
        if told:
            opens, closes = time(int(told[1]), int(told[2])), time(int(told[3]), int(told[4]))
            if opens < closes:
                return opens, closes
    except ValueError:
        pass
    reading.refuse(column, "filing.list.clock")
    return None


def _batch(line: ListLine, was: FiledBatch | None, labels: Sequence[str]) -> FiledBatch:
    span = Span(line.start, line.end)
    if was is None:
        sessions = sessions_about(span, labels)
    else:
        sessions = tuple(_moved(one, was.span, span) for one in was.sessions)
    for kind, clock, label in (
        (SessionKind.START, line.sign_in, labels[0]), (SessionKind.END, line.sign_out, labels[1]),
    ):  # fmt: skip
        sessions = _signed(sessions, kind, clock, span, label)
    return FiledBatch(
        no=line.batch,
        span=span,
        venue=line.venue,
        unit_only=was is not None and was.unit_only,
        limit_persons=None if was is None else was.limit_persons,
        plan=FiledPlan(strategy="windows") if was is None else was.plan,
        sessions=sessions,
        lecturers=_taught(line, was),
    )


def _moved(one: Session, old: Span, new: Span) -> Session:
    """A session goes along with its batch: the last with the end, any other with the beginning."""
    by = new.end - old.end if one.kind is SessionKind.END else new.start - old.start
    return replace(one, span=Span(one.span.start + by, one.span.end + by))


def _signed(
    sessions: tuple[Session, ...], kind: SessionKind, clock: Clock | None, span: Span, label: str
) -> tuple[Session, ...]:
    """The sessions with the first of that kind at those hours of the first or the last day."""
    if clock is None:
        return sessions
    day = _last(span) if kind is SessionKind.END else local_date(span.start)
    at = Span(*(datetime.combine(day, one, SHANGHAI) for one in clock))
    known = next((one for one in sessions if one.kind is kind), None)
    if known is not None:
        return tuple(replace(one, span=at) if one is known else one for one in sessions)
    new = Session(kind.value, label, kind, at, None)
    return (*sessions, new) if kind is SessionKind.END else (new, *sessions)


def _taught(line: ListLine, was: FiledBatch | None) -> tuple[FiledLecturer, ...]:
    """Who lectures, and how long: what stands where nothing else is said, else equal shares."""
    first, last = local_date(line.start), _last(Span(line.start, line.end))
    by = first - local_date(was.span.start) if was else timedelta()
    standing = () if was is None else tuple(
        replace(one, on=min(max(one.on + by, first), last)) for one in was.lecturers
    )  # fmt: skip
    if not line.lecturers:
        return standing
    share = Decimal()
    if line.hours is not None:
        share = (line.hours / len(line.lecturers)).quantize(Decimal("0.1"), ROUND_DOWN)
    found: list[FiledLecturer] = []
    for no, hours in line.lecturers:
        own = [one for one in standing if one.person_no == no]
        if own and hours in (None, sum(one.hours for one in own)):
            found += own
        else:
            told = share if hours is None else hours
            found.append(FiledLecturer(person_no=no, course=line.name, on=first, hours=told))
    # In the order that stands, so that the same people told in another are no change.
    return (
        *(one for one in standing if one in found),
        *(one for one in found if one not in standing),
    )


def _clocks(batch: FiledBatch) -> list[Span]:
    return [one.span for one in batch.sessions]


def _last(span: Span) -> date:
    return local_date(span.end - timedelta(microseconds=1))


def _hours_of(session: Session | None, day: date) -> str:
    """From when until when of that day; nothing where it is on another, which no line can say."""
    if session is None:
        return ""
    start, end = (one.astimezone(SHANGHAI) for one in (session.span.start, session.span.end))
    return f"{start:%H:%M}-{end:%H:%M}" if start.date() == end.date() == day else ""


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _figure(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
