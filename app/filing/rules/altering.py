"""变更 — how else a batch may be held than it was announced, and what needs the bureau's consent.

Number, name and content of what was announced stay (domain.md 2.3); when and where it is held may
be other. Who hosts it decides alone as long as whoever read the announcement finds the same thing
in the same place at about the same time; anything beyond that is for the bureau, which announced
it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.filing.rules.forms import BATCH
from app.filing.rules.moving import day_count, held_for, last_day, lectures_of, session_of
from app.filing.rules.publishing import sessions_about
from app.filing.terms import Arrangement, Cause, Footing, Outcome
from app.kernel.errors import RowError
from app.kernel.span import Span, local, local_date
from app.projects.rules import LONGEST_HOLDING, YEARS
from app.projects.terms import FiledBatch, ProjectState, Session

# Whoever made room for the announced days finds it again within so long.
NEAR = timedelta(days=30)
LONGEST_REASON = 200
FIELDS = ("starts_at", "ends_at", "venue")
_OVER = frozenset({ProjectState.AWARD_REVIEW, ProjectState.CLOSED})


def arranged(
    fields: Mapping[str, str], *, near: bool, announced: Arrangement, now: datetime
) -> tuple[Arrangement | None, tuple[RowError, ...]]:
    """How a batch is to be held, by what was typed; or what is wrong with it, field by field."""
    faults: list[RowError] = []
    start, end = (_moment(fields, name, faults) for name in ("starts_at", "ends_at"))
    venue = fields.get("venue", "").strip()
    most = BATCH["venue"]
    if not venue:
        faults.append(RowError(0, "venue", "", "filing.field.required"))
    elif len(venue) > most:
        facts = (("most", most), ("long", len(venue)))
        faults.append(RowError(0, "venue", "", "filing.field.too_long", facts))
    elif not venue.isprintable():
        faults.append(RowError(0, "venue", "", "filing.field.unprintable"))
    if start is not None and end is not None:
        faults += _time_faults(Span(start, end), announced, now)
    if faults or start is None or end is None:
        return None, tuple(faults)
    return Arrangement(Span(start, end), venue, near), ()


def outcome(footing: Footing, wanted: Arrangement, labels: Sequence[str]) -> Outcome:
    """The batch as it would be held, and what of that is beyond what the bureau agreed to."""
    batch = footing.batch
    old, new = batch.span, wanted.span
    moved = {one.key: session_of(one, old, new) for one in batch.sessions}
    lost = tuple(one for one in batch.sessions if not _fits(one, moved[one.key], old, new))
    gone = {one.key for one in lost}
    kept = tuple(one for key, one in moved.items() if key not in gone)
    plan = replace(batch.plan, windows=tuple(key for key in batch.plan.windows if key not in gone))
    lectures = lectures_of(batch.lecturers, old, new)
    by = local_date(new.start) - local_date(old.start)
    relaid = tuple(
        (was, one.on)
        for was, one in zip(batch.lecturers, lectures, strict=True)
        if was.on + by != one.on
    )
    held = replace(
        batch, span=new, venue=wanted.venue, sessions=kept or sessions_about(new, labels),
        plan=plan, lecturers=lectures,
    )  # fmt: skip
    return Outcome(held, lost, relaid, tuple(_causes(footing, wanted, cut=bool(lost or relaid))))


def objection(footing: Footing, now: datetime) -> str:
    """Why nobody may alter the batch any more, or not now; empty where somebody may."""
    if footing.standing.state in _OVER:
        return "filing.alteration.over"
    if footing.hanging:
        return "filing.alteration.recorded"
    if footing.batch.span.start <= now:
        return "filing.alteration.begun"
    return ""


def overlapped(span: Span, batch: FiledBatch, others: Iterable[FiledBatch]) -> FiledBatch | None:
    """The first other batch of the project that would be held at the same time and was not."""
    for one in others:
        if one.no != batch.no and _share(span, one.span) and not _share(batch.span, one.span):
            return one
    return None


def mark_of(arrangement: Arrangement) -> str:
    """A few letters that are other when the time or the place is."""
    span = arrangement.span
    said = f"{span.start.timestamp()} {span.end.timestamp()} {arrangement.near} {arrangement.venue}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _moment(
    fields: Mapping[str, str], name: str, faults: list[RowError]
) -> datetime | None:  # fmt: skip
    said = fields.get(name, "").strip()
    if not said:
        faults.append(RowError(0, name, "", "filing.field.required"))
        return None
    try:
        moment = local(said.replace(" ", "T"))
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        faults.append(RowError(0, name, said, "filing.field.moment"))
        return None
    return moment


def _time_faults(span: Span, announced: Arrangement, now: datetime) -> Iterator[RowError]:
    year = local_date(announced.span.start).year
    if span.start <= now:
        yield RowError(0, "starts_at", "", "filing.alteration.past")
    elif {local_date(span.start).year, last_day(span).year} - {year, last_day(announced.span).year}:
        yield RowError(0, "starts_at", "", "filing.alteration.year", (("year", year),))
    if span.start >= span.end:
        yield RowError(0, "ends_at", "", "filing.field.ends")
    elif span.end - span.start > LONGEST_HOLDING:
        yield RowError(0, "ends_at", "", "filing.field.long")


def _causes(footing: Footing, wanted: Arrangement, *, cut: bool) -> Iterator[Cause]:
    agreed, span = footing.agreed, wanted.span
    if wanted.venue not in {agreed.venue, footing.batch.venue} and not wanted.near:
        yield Cause.PLACE
    if abs(span.start - agreed.span.start) > NEAR:
        yield Cause.FAR
    if day_count(span) > day_count(agreed.span):
        yield Cause.LONGER
    taught = timedelta(hours=float(footing.standing.filed.hours or 0))
    if held_for(span) < min(taught, held_for(agreed.span)):
        yield Cause.SHORT
    if cut:
        yield Cause.CUT


def _fits(was: Session, now: Session, old: Span, new: Span) -> bool:
    """Whether a session stands out of its batch no further than it did."""
    before = max(timedelta(), old.start - was.span.start)
    after = max(timedelta(), was.span.end - old.end)
    return new.start - before <= now.span.start and now.span.end <= new.end + after


def _share(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
