"""变更: what goes along with a batch that is held otherwise, and what needs consent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.filing.rules import altering
from app.filing.rules.moving import day_count, held_for
from app.filing.terms import Arrangement, Cause, Footing
from app.kernel.span import SHANGHAI, Span
from app.people.terms import PersonNo
from app.projects.terms import (
    BatchId,
    CourseKind,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    Level,
    MedicalType,
    OnFile,
    ProjectId,
    ProjectState,
    Session,
    SessionKind,
)

VENUE = "门诊楼三楼会议室"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2013-09-{text}").replace(tzinfo=SHANGHAI)


def between(start: str, end: str) -> Span:
    return Span(at(start), at(end))


TWO_DAYS = between("14T08:00", "15T17:00")
SESSIONS = (
    Session("s1", "签到", SessionKind.START, between("14T07:30", "14T08:30"), None),
    Session("c1", "上午", SessionKind.COURSE, between("15T09:00", "15T11:00"), Decimal(2)),
    Session("s2", "签退", SessionKind.END, between("15T16:30", "15T17:30"), None),
)


def lecture(no: str, day: int) -> FiledLecturer:
    return FiledLecturer(
        person_no=PersonNo(no), course="心衰", on=date(2013, 9, day), hours=Decimal(3)
    )


def footing(span: Span = TWO_DAYS, hours: int = 12) -> Footing:
    batch = FiledBatch(
        no=1, span=span, venue=VENUE, unit_only=False, limit_persons=None,
        plan=FiledPlan(strategy="windows", windows=("s1", "s2")), sessions=SESSIONS,
        lecturers=(lecture("1", 14), lecture("2", 15)),
    )  # fmt: skip
    filed = FiledProject(
        row=0, no="L1", name="心衰", level=Level.CITY, promoted=False,
        medical_type=MedicalType.WESTERN, credit_class=None, course_kind=CourseKind.PROFESSIONAL,
        unit_code="H1", year=2013, credits=Decimal(1), hours=Decimal(hours), cap=None,
        batches=(batch,),
    )  # fmt: skip
    standing = OnFile(ProjectId(1), ProjectState.ANNOUNCED, filed, {1: BatchId(1)})
    announced = Arrangement(span, VENUE)
    return Footing(standing, batch, announced, announced, 0, (), waits=False)


def causes(wanted: Arrangement) -> tuple[Cause, ...]:
    return altering.outcome(footing(), wanted, ("签到", "签退")).causes


@pytest.mark.parametrize(
    ("span", "venue", "near", "needs"),
    [
        (between("21T08:00", "22T17:00"), VENUE, False, ()),
        (between("21T09:00", "22T17:00"), "五楼", True, ()),
        (TWO_DAYS, "市会展中心", False, (Cause.PLACE,)),
        (between("14T08:00", "16T17:00"), VENUE, False, (Cause.LONGER,)),
        (between("14T13:00", "15T17:00"), VENUE, False, (Cause.SHORT,)),
        (between("14T08:00", "14T17:00"), VENUE, False, (Cause.SHORT, Cause.CUT)),
    ],
)
def test_what_readers_of_the_announcement_would_not_find_needs_consent(
    span: Span, venue: str, near: bool, needs: tuple[Cause, ...]
) -> None:
    assert causes(Arrangement(span, venue, near)) == needs


def test_a_month_later_is_near_and_a_day_more_is_not() -> None:
    def later(days: int) -> Arrangement:
        by = timedelta(days=days)
        return Arrangement(Span(TWO_DAYS.start + by, TWO_DAYS.end + by), VENUE)

    assert (causes(later(30)), causes(later(31))) == ((), (Cause.FAR,))


def test_what_has_no_place_any_more_is_named() -> None:
    one_day = Arrangement(between("14T08:00", "14T17:00"), VENUE)

    found = altering.outcome(footing(), one_day, ("签到", "签退"))

    assert [one.key for one in found.lost] == ["c1"]
    assert [one.key for one in found.batch.sessions] == ["s1", "s2"]
    assert [(one.person_no, on) for one, on in found.relaid] == [("2", date(2013, 9, 14))]
    assert found.batch.plan.windows == ("s1", "s2")


@given(st.integers(-200, 200))
def test_whatever_moves_by_whole_days_keeps_all_it_has(days: int) -> None:
    by = timedelta(days=days)
    moved = Span(TWO_DAYS.start + by, TWO_DAYS.end + by)

    found = altering.outcome(footing(), Arrangement(moved, VENUE), ("签到", "签退"))

    assert (found.lost, found.relaid) == ((), ())
    assert [one.span.start - by for one in found.batch.sessions] == [
        one.span.start for one in SESSIONS
    ]
    assert (day_count(moved), held_for(moved)) == (2, timedelta(hours=18))
    assert altering.mark_of(Arrangement(moved, VENUE)) != altering.mark_of(
        replace(Arrangement(moved, VENUE), venue="五楼")
    )
