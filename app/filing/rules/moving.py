"""顺延 — what goes along when a batch is held at another time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from app.kernel.span import Span, local_date
from app.projects.terms import FiledLecturer, Session, SessionKind


def last_day(span: Span) -> date:
    """The last day of it; its end is half-open."""
    return local_date(span.end - timedelta(microseconds=1))


def day_count(span: Span) -> int:
    """On how many days it is."""
    return (last_day(span) - local_date(span.start)).days + 1


def held_for(span: Span) -> timedelta:
    """How long it is in all, on each day from the hour of its beginning to that of its end."""
    daily = span.end - span.start - timedelta(days=day_count(span) - 1)
    return max(daily, timedelta()) * day_count(span)


def session_of(one: Session, old: Span, new: Span) -> Session:
    """A session goes along with its batch.

    On the first day it keeps to the beginning, a sign-out on the last day to the end; any other
    keeps its hours, so many days after the first.
    """
    day = local_date(one.span.start)
    if one.kind is SessionKind.END and day == last_day(old):
        by = new.end - old.end
    elif day <= local_date(old.start):
        by = new.start - old.start
    else:
        by = local_date(new.start) - local_date(old.start)
    return replace(one, span=Span(one.span.start + by, one.span.end + by))


def lectures_of(given: Iterable[FiledLecturer], old: Span, new: Span) -> tuple[FiledLecturer, ...]:
    """Each lecture so many days after the first as before, or on the last day there is."""
    first, last = local_date(new.start), last_day(new)
    by = first - local_date(old.start)
    return tuple(replace(one, on=min(max(one.on + by, first), last)) for one in given)
