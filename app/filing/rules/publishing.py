"""公布 — what should be looked at in a form, and the project that it becomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from app.filing.terms import (
    FileKind,
    Form,
    Holding,
)
from app.kernel.errors import RowError
from app.kernel.span import Span, local_date
from app.projects.terms import (
    CreditClass,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    Session,
    SessionKind,
)

# domain.md 2.3: organisers file so long before (CMA).
AHEAD = timedelta(days=20)
# Sign-in is open so long before and after the beginning, sign-out about the end.
_AROUND = timedelta(minutes=30)


def notes(form: Form | None, kinds: Collection[FileKind], now: datetime) -> tuple[RowError, ...]:
    """提醒 — what forbids nothing and should be looked at: too late, hours that differ, files."""
    found: list[RowError] = []
    if form is not None:
        first = min(one.span.start for one in form.batches)
        if first - now < AHEAD:
            facts = (("days", max(0, (first - now).days)), ("ahead", AHEAD.days))
            found.append(RowError(0, "b0.starts_at", "", "filing.note.late", facts))
        taught = sum((one.hours for one in form.courses), Decimal())
        whole = form.hours * len(form.batches)
        if taught not in {form.hours, whole}:
            code, facts_ = "filing.note.hours", (("taught", taught), ("hours", form.hours))
            found.append(RowError(0, "theory_hours", "", code, facts_))
        found += [
            RowError(0, f"b{n}.starts_at", "", "filing.note.year", (("year", form.year),))
            for n, one in enumerate(form.batches)
            if local_date(one.span.start).year != form.year
        ]
    found += [
        RowError(0, "files", kind, "filing.note.file")
        for kind in FileKind
        if kind is not FileKind.OTHER and kind not in kinds
    ]
    return tuple(found)


def published(
    form: Form, *, number: str, unit_code: str, credit_class: str | None, labels: Sequence[str]
) -> FiledProject:
    """公布的项目 — the project that a form becomes under its number.

    Each batch is given a sign-in and a sign-out, called by the labels, which whoever awards may
    change. Lecturers without a number of ours cannot be given credit, and stay in the form only.
    """
    return FiledProject(
        row=1,
        no=number,
        name=form.name,
        level=form.level,
        promoted=form.promoted,
        medical_type=form.medical_type,
        credit_class=None if credit_class is None else CreditClass(credit_class),
        course_kind=form.course_kind,
        unit_code=unit_code,
        year=form.year,
        credits=form.credits.amount,
        hours=form.hours,
        cap=None,
        batches=tuple(_batch(form, one, labels) for one in form.batches),
    )


def sessions_about(span: Span, labels: Sequence[str]) -> tuple[Session, ...]:
    """A sign-in about the beginning and a sign-out about the end, where there is time for both."""
    if span.end - span.start <= 2 * _AROUND:
        return ()
    kinds, edges = (SessionKind.START, SessionKind.END), (span.start, span.end)
    return tuple(
        Session(kind.value, label, kind, Span(edge - _AROUND, edge + _AROUND), None)
        for kind, label, edge in zip(kinds, labels, edges, strict=True)
    )


def _batch(form: Form, holding: Holding, labels: Sequence[str]) -> FiledBatch:
    span = holding.span
    lecturers = tuple(
        FiledLecturer(person_no=one.person_no, course=one.topic, on=one.on, hours=one.hours)
        for one in form.courses
        if one.person_no and one.batch == holding.no
    )
    return FiledBatch(
        no=holding.no,
        span=span,
        venue=holding.venue,
        unit_only=False,
        limit_persons=form.limit_persons,
        plan=FiledPlan(strategy="windows"),
        sessions=sessions_about(span, labels),
        lecturers=lecturers,
    )
