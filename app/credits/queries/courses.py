"""公需课 — the public courses that people have credit for."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    any_,
    exists,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.base.work import Work, query
from app.credits.tables import CourseRow, EntryRow
from app.credits.terms import Course
from app.kernel.actor import Permission
from app.people import queries as people


@query(Permission.CREDITS_READ)
def courses_of(work: Work, person_no: str, year: int) -> tuple[Course, ...]:
    """公需课 — those of a year that a person within sight has credit for, newest first."""
    person = people.within_sight(work, person_no)
    found = standing_courses(work, [person.id], [year])
    return tuple(sorted(found, key=lambda one: (one.on, one.entry_id), reverse=True))


@query(Permission.CREDITS_READ)
def course_register(work: Work) -> tuple[tuple[str, str, Course], ...]:
    """公需课名册 — each that somebody within sight has credit for, with their number and name."""
    later = aliased(EntryRow)
    found = _courses(work, ~exists().where(later.reverses == CourseRow.entry_id))
    holders = people.people_of(work, {one.person_id for one in found})
    lines = [(holders[one.person_id].no, holders[one.person_id].name, one) for one in found]
    return tuple(sorted(lines, key=lambda line: (line[0], -line[2].year, line[2].entry_id)))


def standing_courses(
    work: Work, person_ids: Collection[int], years: Collection[int]
) -> tuple[Course, ...]:
    """公需课 — those of these years that these people have credit for, by entry."""
    of_them = CourseRow.person_id == any_(literal(list(person_ids), ARRAY(BigInteger)))
    later = aliased(EntryRow)
    in_force = ~exists().where(later.reverses == CourseRow.entry_id)
    return _courses(work, and_(of_them, CourseRow.year.in_(years), in_force))


def courses_told(work: Work, entry_ids: Collection[int]) -> tuple[Course, ...]:
    """公需课 — those for which these entries were made, in force or not, within sight."""
    return _courses(work, CourseRow.entry_id == any_(literal(list(entry_ids), ARRAY(BigInteger))))


def _courses(work: Work, which: ColumnElement[bool]) -> tuple[Course, ...]:
    entry = EntryRow
    asked = (
        select(
            CourseRow.entry_id, CourseRow.person_id, CourseRow.year, CourseRow.course,
            CourseRow.issuer, entry.given_on, entry.gross, entry.net, entry.hours,
        )
        .join(entry, and_(entry.person_id == CourseRow.person_id, entry.id == CourseRow.entry_id))
        .where(which)
        .order_by(CourseRow.entry_id)
    )  # fmt: skip
    return tuple(Course(*row) for row in work.session.execute(asked))
