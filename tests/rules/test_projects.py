"""Project numbers, the life of a project, and what a filed project may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.span import Span, local
from app.people.terms import PersonNo
from app.projects.rules import EDGES, STRATEGIES, faults, next_state, number_of
from app.projects.terms import (
    Act,
    CourseKind,
    CreditClass,
    FiledBatch,
    FiledLecturer,
    FiledPlan,
    FiledProject,
    Level,
    MedicalType,
    NumberForm,
    ProjectState,
    Session,
    SessionKind,
)


@pytest.mark.parametrize(
    ("typed", "kept", "form", "year", "mark"),
    [
        ("2005-15-01-024", "2005-15-01-024", NumberForm.ISSUED, 2005, None),
        ("2013-03-01-007(国)", "2013-03-01-007(国)", NumberForm.ISSUED, 2013, "国"),
        (
            "２０１３－０３－０１－００７（国远）",
            "2013-03-01-007(国远)", NumberForm.ISSUED, 2013, "国远",
        ),
        (" 2013–03—01−0071 ( 豫 ) ", "2013-03-01-0071(豫)", NumberForm.ISSUED, 2013, "豫"),
        ("l2013abc", "L2013ABC", NumberForm.TEMPORARY, None, None),
        ("zx-07", "ZX-07", NumberForm.FIXED, None, None),
        ("zx-7", "ZX-7", NumberForm.FREE, None, None),
        ("L12", "L12", NumberForm.FREE, None, None),
        ("院内  讲座 3", "院内 讲座 3", NumberForm.FREE, None, None),
        ("2013-03-01-07", "2013-03-01-07", NumberForm.FREE, None, None),
    ],
)  # fmt: skip
def test_a_number_is_kept_half_width_and_says_its_form(
    typed: str, kept: str, form: NumberForm, year: int | None, mark: str | None
) -> None:
    number = number_of(typed)

    assert (number.text, number.form, number.year, number.mark) == (kept, form, year, mark)


@given(st.text(max_size=40))
def test_a_number_that_is_kept_is_kept_the_same_again(typed: str) -> None:
    kept = number_of(typed)

    assert number_of(kept.text).text == kept.text


# The life of a project as domain.md 2.3 draws it; every other pair of state and act is refused.
LIFE = {
    "draft": {"file": "filed"},
    "filed": {"take_up": "unit_review", "send_back": "draft"},
    "unit_review": {"agree": "bureau_review", "send_back": "draft"},
    "bureau_review": {"announce": "announced", "send_back": "draft"},
    "announced": {"register": "registered", "hold": "held"},
    "registered": {"hold": "held"},
    "held": {"award": "awarded"},
    "awarded": {"award": "awarded", "hold": "held", "undo": "held", "report": "award_review"},
    "award_review": {"send_back": "awarded", "close": "closed"},
    "closed": {},
}


@pytest.mark.parametrize(("state", "act"), list(product(ProjectState, Act)))
def test_a_project_goes_only_where_its_life_leads(state: ProjectState, act: Act) -> None:
    wanted = LIFE[state].get(act)

    assert next_state(state, act) == wanted


def test_every_state_is_reached_from_a_draft_and_every_act_is_for_some_state() -> None:
    reached, waiting = {ProjectState.DRAFT}, [ProjectState.DRAFT]
    while waiting:
        here = waiting.pop()
        new = {to for (state, _), to in EDGES.items() if state is here} - reached
        reached |= new
        waiting += new

    assert reached == set(ProjectState)
    assert {act for _, act in EDGES} == set(Act)


def session(
    key: str = "s1", opens: str = "07:30", closes: str = "08:30", **changes: Any
) -> Session:
    span = Span(local(f"2013-05-18T{opens}"), local(f"2013-05-18T{closes}"))
    return replace(Session(key, key, SessionKind.START, span, None), **changes)


def batch(**changes: Any) -> FiledBatch:
    plain = FiledBatch(
        no=1,
        span=Span(local("2013-05-18T08:00"), local("2013-05-19T18:00")),
        venue="",
        unit_only=False,
        limit_persons=None,
        plan=FiledPlan(strategy="windows", windows=("s1",)),
        sessions=(session(),),
        lecturers=(),
    )
    return replace(plain, **changes)


def project(**changes: Any) -> FiledProject:
    plain = FiledProject(
        row=1,
        no="2013-03-01-007(国)",
        name="心力衰竭诊疗新进展",
        level=Level.NATIONAL,
        promoted=False,
        medical_type=MedicalType.WESTERN,
        credit_class=CreditClass.I,
        course_kind=CourseKind.PROFESSIONAL,
        unit_code="H1",
        year=2013,
        credits=Decimal("5.0"),
        hours=None,
        cap=None,
        batches=(batch(),),
    )
    return replace(plain, **changes)


def lecture(on: date, hours: str = "2.0") -> FiledLecturer:
    number = PersonNo("990100001")
    return FiledLecturer(person_no=number, course="心衰", on=on, hours=Decimal(hours))


def one(**changes: Any) -> FiledProject:
    """A project whose one batch has these members changed."""
    return project(batches=(batch(**changes),))


def plan(strategy: str, **figures: Any) -> FiledProject:
    """A project whose one batch has this plan."""
    return one(plan=FiledPlan(strategy=strategy, **figures))


def over(start: str, end: str) -> FiledProject:
    """A project whose one batch is held at another time."""
    return one(span=Span(local(start), local(end)))


def test_a_right_project_has_no_faults() -> None:
    lectures = (lecture(date(2013, 5, 18)), lecture(date(2013, 5, 19), "0"))

    assert faults([one(lecturers=lectures), project(no="X", row=2)]) == ()


def until(text: str) -> Span:
    return Span(local("2013-05-18T08:00"), local(text))


@pytest.mark.parametrize(
    ("wrong", "column", "cause"),
    [
        (project(no="编" * 31), "project_no", "number_long"),
        (project(no=""), "project_no", "number_long"),
        (project(year=1989), "year", "year_range"),
        (project(year=20130), "year", "year_range"),
        (project(year=2015), "batches[0].starts_at", "batch_year"),
        (project(credits=Decimal("-0.01")), "credits", "amount_range"),
        (project(credits=Decimal("999.01")), "credits", "amount_range"),
        (project(hours=Decimal(1000)), "hours", "amount_range"),
        (project(cap=Decimal(-1)), "cap_project", "amount_range"),
        (project(batches=(batch(), batch())), "batches[1].batch", "batch_twice"),
        (one(no=0), "batches[0].batch", "batch_low"),
        (one(limit_persons=0), "batches[0].limit_persons", "limit_low"),
        (
            one(span=until("2013-05-18T08:00"), sessions=(), plan=FiledPlan(strategy="any")),
            "batches[0].ends_at", "batch_ends",
        ),
        (one(span=until("2014-05-20T08:00")), "batches[0].ends_at", "batch_long"),
        (
            one(sessions=(session(), session())),
            "batches[0].sessions[1].session_id", "session_twice",
        ),
        (
            one(sessions=(session(closes="07:30"),)),
            "batches[0].sessions[0].closes_at", "session_closes",
        ),
        (
            over("2013-05-25T07:31", "2013-05-26T18:00"),
            "batches[0].sessions[0].opens_at", "session_far",
        ),
        (
            over("2013-05-10T07:00", "2013-05-11T08:29"),
            "batches[0].sessions[0].closes_at", "session_far",
        ),
        (
            one(sessions=(session(hours=Decimal(-1)),)),
            "batches[0].sessions[0].hours", "amount_range",
        ),
        (
            plan("windows", windows=("s1", "s9")),
            "batches[0].plan.windows[1]", "window",
        ),
        (
            plan("windows", windows=("s1", "s1")),
            "batches[0].plan.windows[1]", "window_twice",
        ),
        (plan("hainan"), "batches[0].plan.strategy", "strategy"),
        (
            plan("min_swipes", min_swipes=0),
            "batches[0].plan.min_swipes", "min_swipes",
        ),
        (
            plan("duration_ratio", ratio=Decimal("1.01")),
            "batches[0].plan.ratio", "ratio",
        ),
        (
            plan("duration_ratio", ratio=Decimal(0)),
            "batches[0].plan.ratio", "ratio",
        ),
        (plan("listed"), "batches[0].plan.listed", "listed"),
        (
            one(lecturers=(lecture(date(2013, 5, 20)),)),
            "batches[0].lecturers[0].date", "lecture_day",
        ),
        (
            one(lecturers=(lecture(date(2013, 5, 18), "-0.5"),)),
            "batches[0].lecturers[0].hours", "amount_range",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_member(wrong: FiledProject, column: str, cause: str) -> None:
    found = faults([wrong])

    assert [(fault.row, fault.column, fault.code) for fault in found] == [
        (1, column, f"projects.import.{cause}")
    ]


def test_a_number_that_stands_twice_is_refused_where_it_stands_again() -> None:
    found = faults([project(), project(no="X", row=2), project(row=3)])

    assert [(fault.row, fault.column, dict(fault.facts)) for fault in found] == [
        (3, "project_no", {"first": 1})
    ]


def test_a_lecture_on_the_day_on_which_the_batch_ends_at_midnight_is_too_late() -> None:
    ends_at_midnight = batch(
        span=until("2013-05-19T00:00"), lecturers=(lecture(date(2013, 5, 19)),)
    )

    assert [fault.column for fault in faults([project(batches=(ends_at_midnight,))])] == [
        "batches[0].lecturers[0].date"
    ]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_with_a_public_definition_is_taken(strategy: str) -> None:
    plan = FiledPlan(strategy=strategy, listed=(PersonNo("990100001"),))

    assert faults([one(plan=plan)]) == ()
