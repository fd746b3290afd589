"""我的活动 — the batches in which a record names a person, and what came of each so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, and_, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from app.attendance.tables import SwipeRow
from app.attendance.terms import SwipeState
from app.awards import rules
from app.awards.queries import explaining, facts, judging, runs
from app.awards.tables import DenialRow, RunRow, VerdictRow
from app.awards.terms import Brief, Denial, RunState, Situation, Uncounted, Verdict, Window
from app.base.work import Work, query
from app.credits.terms import Part
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.span import Span, in_ms, local_date
from app.people import queries as people
from app.people.terms import Person
from app.projects import queries as projects
from app.projects.terms import Batch, BatchId
from app.standards import queries as standards

# What nobody awarded within so long is found by its project's number alone.
LOOK_BACK = timedelta(days=120)

_COUNTED = frozenset({SwipeState.ACCEPTED, SwipeState.DUPLICATE})
_PLANNED = (RunState.DONE, RunState.REPLACED, RunState.UNDONE)


@dataclass(frozen=True, slots=True)
class Activity:
    """活动 — a batch that names the person; `expected` is what attendance alone would give.

    `verdict` is that of the run in force; while there is none, `expected` is, where the plan can be
    read. `records` counts also what is not counted; `swipes` are the ms of what is, ascending.
    """

    batch: Batch
    records: int
    swipes: tuple[int, ...]
    verdict: Verdict | None
    expected: Verdict | None
    working_days: int


@dataclass(frozen=True, slots=True)
class Trace:
    """刷卡与时段 — what stands behind an explanation: swipes against windows, run and standard."""

    told: explaining.Told
    brief: Brief
    windows: tuple[Window, ...]
    swipes: tuple[int, ...]
    waiting: tuple[Uncounted, ...]
    awarded_at: datetime | None
    # Hundredths, before any limit; what the project announced where nothing was judged.
    gross: int
    standard: str
    edition: int


@query(Permission.CREDITS_READ, reaches=True)
def activities_of(work: Work, person_no: str, span: Span | None = None) -> tuple[Activity, ...]:
    """我的活动 — of a person within sight, newest first.

    Those of a span of time, by their last day; without one, all that were judged, and of the others
    the last 120 days.
    """
    person = people.within_sight(work, person_no)
    with work.reaching():  # the activity may be another unit's; only this person's part is read
        verdicts = _verdicts(work, person.id)
        since, until = _stretch(work.now, span)
        asked = {*verdicts, *projects.batch_ids_between(work, since, until)}
        records = _records(work, person.id, asked)
        batches = projects.batches_of(work, verdicts.keys() | records.keys())
        open_ones = batches.keys() - verdicts.keys()
        plans = _plans(work, open_ones)
        denied = facts.denials_of(work, person.id, open_ones) if open_ones else {}
    found = [
        _activity(work, person, batch, records.get(batch.id, {}), verdicts, plans, denied)
        for batch in batches.values()
        if span is None or span.holds(batch.span.end - timedelta(microseconds=1))
    ]
    return tuple(sorted(found, key=lambda one: (one.batch.span.end, one.batch.id), reverse=True))


@query(Permission.CREDITS_READ, reaches=True)
def trace(work: Work, person_no: str, project_no: str, batch_no: int) -> Trace:
    """为什么 — an explanation as `explain` gives it, with the swipes and windows behind it."""
    told = explaining.explain(work, person_no, project_no, batch_no)
    with work.reaching():
        return _trace(work, told)


@query(Permission.AWARDS_READ, reaches=True)
def denial_of(work: Work, project_no: str, batch_no: int, person_no: str) -> Denial | None:
    """不予授分 — whether the host of a batch within sight gives that person nothing, and why."""
    batch = projects.batch_of(work, project_no, batch_no)
    with work.reaching():
        person = people.people_by_no(work, [person_no]).get(person_no)
    row = None
    if person is not None:
        row = work.session.scalar(
            select(DenialRow).where(
                DenialRow.batch_id == batch.id, DenialRow.person_id == person.id
            )
        )
    return None if row is None else Denial(row.reason, row.denied_by, row.denied_at)


@query(Permission.AWARDS_READ, reaches=True)
def trace_here(work: Work, project_no: str, batch_no: int, person_no: str) -> Trace:
    """为什么 — the same for whoever awards: of a batch within sight, about anyone it names.

    Reaches, once the batch is found, because attendees and lecturers come from anywhere.
    """
    batch = projects.batch_of(work, project_no, batch_no)
    with work.reaching():
        person = people.people_by_no(work, [person_no]).get(person_no)
        lecturing = person is not None and any(
            one.person_id == person.id for one in batch.lecturers
        )
        if person is None or not (lecturing or facts.named_in(work, person.id, [batch.id])):
            raise NotFoundError("people.person.unknown", person_no=person_no)
        return _trace(work, explaining.told_of(work, person, batch))


def attendee_of(work: Work, batch: Batch, person_no: str) -> int:
    """The id of that person, whom a record of the batch names; NotFoundError otherwise."""
    person = people.people_by_no(work, [person_no]).get(person_no)
    if person is None or not facts.named_in(work, person.id, [batch.id]):
        raise NotFoundError("people.person.unknown", person_no=person_no)
    return person.id


def _trace(work: Work, told: explaining.Told) -> Trace:
    batch, person = told.batch, told.person
    case = judging.case_of(work, batch)
    brief = judging.brief_of(work, case, judging.plan_of(work, batch))
    swipes = facts.swipes_of(work, batch.id, person.id)
    waiting = facts.uncounted(work, batch.id, person.id).get(person.id, ())
    run = work.session.execute(
        select(RunRow.done_at, RunRow.edition_id, func.max(VerdictRow.gross).label("gross"))
        .outerjoin(
            VerdictRow,
            and_(VerdictRow.run_id == RunRow.id, VerdictRow.person_id == person.id),
        )
        .where(RunRow.batch_id == batch.id, RunRow.state == RunState.DONE)
        .group_by(RunRow.id)
    ).one_or_none()
    edition = case.edition
    if run is not None and run.edition_id is not None:
        edition = standards.edition_of(work, run.edition_id)
    windows = brief.windows or tuple(
        Window(slot.label or slot.key, slot.start, slot.end, slot.hours)
        for slot in judging.occasion_of(batch).slots
    )
    worth = None if run is None else run.gross
    return Trace(
        told, brief, windows, swipes, waiting, None if run is None else run.done_at,
        brief.credits if worth is None else worth.in_cents(),
        edition.pack.title, edition.pack.edition,
    )  # fmt: skip


def _stretch(now: datetime, span: Span | None) -> tuple[datetime, datetime]:
    if span is None:
        return now - LOOK_BACK, now
    return span.start, min(span.end, now)


def _verdicts(work: Work, person_id: int) -> dict[BatchId, Verdict]:
    """What runs in force say of the person, by batch; the part that gave credit, where two are."""
    rows = work.session.execute(
        select(RunRow.batch_id, VerdictRow)
        .join(VerdictRow, VerdictRow.run_id == RunRow.id)
        .where(VerdictRow.person_id == person_id, RunRow.state == RunState.DONE)
    )
    found: dict[BatchId, Verdict] = {}
    for batch, row in rows:
        batch_id = BatchId(batch)
        cap = None if row.cap is None else row.cap.in_cents()
        verdict = Verdict(
            person_id, Part(row.part), row.granted, row.gross.in_cents(), cap, row.net.in_cents(),
            runs.reasons_of(row),
        )  # fmt: skip
        known = found.get(batch_id)
        if known is None or (verdict.granted, verdict.part is Part.LECTURER) > (
            known.granted, known.part is Part.LECTURER
        ):  # fmt: skip
            found[batch_id] = verdict
    return found


def _records(
    work: Work, person_id: int, batch_ids: Collection[int]
) -> dict[BatchId, dict[SwipeState, list[int]]]:
    """The ms of the person's records in these batches, by batch and state."""
    ids = any_(literal(list(batch_ids), ARRAY(BigInteger)))
    rows = work.session.execute(
        select(SwipeRow.batch_id, SwipeRow.state, SwipeRow.at)
        .where(
            SwipeRow.batch_id == ids,
            SwipeRow.person_id == person_id,
            SwipeRow.state != SwipeState.DISCARDED,
        )
        .order_by(SwipeRow.at)
    )
    found: dict[BatchId, dict[SwipeState, list[int]]] = {}
    for batch_id, state, at in rows:
        # Asked for by batch, so it is there.
        found.setdefault(BatchId(batch_id or 0), {}).setdefault(SwipeState(state), []).append(
            in_ms(at)
        )
    return found


def _plans(work: Work, batch_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """The plan of the last run of each batch that had one."""
    if not batch_ids:
        return {}
    rows = work.session.execute(
        select(RunRow.batch_id, RunRow.plan)
        .ext(distinct_on(RunRow.batch_id))
        .where(RunRow.batch_id.in_(batch_ids), RunRow.state.in_(_PLANNED))
        .order_by(RunRow.batch_id, RunRow.id.desc())
    )
    return {row.batch_id: row.plan for row in rows}


def _activity(
    work: Work,
    person: Person,
    batch: Batch,
    records: Mapping[SwipeState, list[int]],
    verdicts: Mapping[BatchId, Verdict],
    plans: Mapping[int, Mapping[str, Any]],
    denied: Mapping[int, str],
) -> Activity:
    counted = sorted(at for state in _COUNTED for at in records.get(state, ()))
    verdict = verdicts.get(batch.id)
    expected = None
    if verdict is None:
        plan = plans.get(batch.id, batch.plan)
        expected = _expected(person, batch, counted, plan, denied.get(batch.id, ""))
    ended, today = local_date(batch.span.end), local_date(work.now)
    return Activity(
        batch, sum(map(len, records.values())), tuple(counted), verdict, expected,
        explaining.working_days(ended, today),
    )  # fmt: skip


def _expected(
    person: Person, batch: Batch, swipes: list[int], plan: Mapping[str, Any], denied: str
) -> Verdict | None:
    """What attendance alone would give; None where the plan asks for what the batch has not."""
    asked = rules.plan_from_json(plan)
    listed = [person.id] if person.no in asked.listed else []
    try:
        brief = rules.resolve(asked, judging.occasion_of(batch), listed)
    except InvalidError:
        return None
    elsewhere = batch.unit_only and not batch.project.place.holds(person.place)
    lecturing = any(one.person_id == person.id for one in batch.lecturers)
    situation = Situation(other_unit=elsewhere, lecturing=lecturing, denied=denied)
    return rules.judge(brief, person.id, swipes, situation)
