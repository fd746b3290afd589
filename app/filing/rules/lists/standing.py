"""项目表和在册的项目 — what the lines make of what stands, and what they may not touch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from app.filing.rules.lists.reading import CLOSES, OPENS
from app.filing.rules.moving import last_day, lectures_of, session_of
from app.filing.rules.publishing import sessions_about
from app.filing.terms import Clock, ListLine
from app.kernel.errors import RowError
from app.kernel.span import SHANGHAI, Span, local_date
from app.people.terms import PersonNo
from app.projects.terms import (
    CourseKind,
    CreditClass,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    MedicalType,
    OnFile,
    ProjectState,
    Session,
    SessionKind,
)

# The columns by what they are called in a filed project, and in its batches.
_PROJECT = {
    "project_no": "project_no", "name": "project_name", "year": "project_year",
    "credits": "project_credits", "hours": "project_hours", "unit_code": "unit_code",
}  # fmt: skip
_BATCH = {"starts_at": "batch_from", "ends_at": "batch_to", "venue": "venue"}
_MEMBER = re.compile(r"batches\[(\d+)\]\.(.*)")
# When and where a batch is held.
_ARRANGED = frozenset({"batch_from", "batch_to", "venue"})
# Whose award is before the bureau, or over: nothing of it is changed.
_OVER = frozenset({ProjectState.AWARD_REVIEW, ProjectState.CLOSED})


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
            "sign_out": _hours_of(first.get(SessionKind.END), last_day(one.span)),
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


def keeps(line: ListLine, columns: Sequence[str]) -> RowError | None:
    """What keeps a batch that the bureau announced from being told elsewhere or at another time."""
    told = next((name for name in columns if name in _ARRANGED), None)
    return None if told is None else line.line.wrong(told, "filing.list.announced")


def worth_fault(line: ListLine, most: Decimal | None) -> RowError | None:
    """What keeps a project of its level from giving so much, by the standard of its year."""
    if most is None or line.credits <= most:
        return None
    return line.line.wrong("project_credits", "filing.list.cap", most=_figure(most))


def notes(line: ListLine, per: Decimal | None) -> Iterator[RowError]:
    """What goes without saying, said: hours of day, of lecturers, and what the standard reckons."""
    for column, clock in (("batch_from", OPENS), ("batch_to", CLOSES)):
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


def _batch(line: ListLine, was: FiledBatch | None, labels: Sequence[str]) -> FiledBatch:
    span = Span(line.start, line.end)
    if was is None:
        sessions = sessions_about(span, labels)
    else:
        sessions = tuple(session_of(one, was.span, span) for one in was.sessions)
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


def _signed(
    sessions: tuple[Session, ...], kind: SessionKind, clock: Clock | None, span: Span, label: str
) -> tuple[Session, ...]:
    """The sessions with the first of that kind at those hours of the first or the last day."""
    if clock is None:
        return sessions
    day = last_day(span) if kind is SessionKind.END else local_date(span.start)
    at = Span(*(datetime.combine(day, one, SHANGHAI) for one in clock))
    known = next((one for one in sessions if one.kind is kind), None)
    if known is not None:
        return tuple(replace(one, span=at) if one is known else one for one in sessions)
    new = Session(kind.value, label, kind, at, None)
    return (*sessions, new) if kind is SessionKind.END else (new, *sessions)


def _taught(line: ListLine, was: FiledBatch | None) -> tuple[FiledLecturer, ...]:
    """Who lectures, and how long: what stands where nothing else is said, else equal shares."""
    span = Span(line.start, line.end)
    first = local_date(span.start)
    standing = lectures_of(was.lecturers, was.span, span) if was else ()
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
