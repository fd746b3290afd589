"""授分批次与结论 — runs and verdicts as stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, text

from app.awards.tables import RunRow, VerdictRow
from app.awards.terms import Reason, RunState, Verdict, Why
from app.base.work import Work, query
from app.credits.terms import Part
from app.kernel.actor import Permission
from app.kernel.credit import Credit
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.people import queries as people
from app.projects.terms import Batch, BatchId


@dataclass(frozen=True, slots=True)
class Run:
    """授分批次 — one judging of a batch, as others see it."""

    id: int
    batch_id: BatchId
    state: RunState
    plan: Mapping[str, Any]
    granted: int
    refused: int
    reasons: Mapping[str, int]
    over_limit: int | None
    place: Place
    credit_class: str | None
    remark: str | None
    asked_at: datetime
    asked_by: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Judged:
    """授分结论 as stored: one person in one part, with reasons as they were written."""

    person_id: int
    person_no: str
    name: str
    part: Part
    granted: bool
    gross: Credit
    cap: Credit | None
    net: Credit
    reasons: tuple[Reason, ...]


@query(Permission.AWARDS_READ)
def run_of(work: Work, run_id: int) -> Run:
    """One run within sight. NotFoundError otherwise."""
    row = work.session.get(RunRow, run_id, populate_existing=True)
    if row is None:
        raise NotFoundError("awards.run.unknown", run=run_id)
    return told(row)


@query(Permission.AWARDS_READ, reaches=True)
def verdicts_of(work: Work, run_id: int) -> tuple[Judged, ...]:
    """Every verdict of a run within sight, by person number and part."""
    run_of(work, run_id)
    with work.reaching():  # whoever attended is the host's to see: name and number
        rows = work.session.execute(
            select(VerdictRow).where(VerdictRow.run_id == run_id)
        ).scalars().all()  # fmt: skip
        named = people.people_of(work, {row.person_id for row in rows})
    judged = [
        Judged(
            row.person_id, named[row.person_id].no, named[row.person_id].name, Part(row.part),
            row.granted, row.gross, row.cap, row.net, reasons_of(row),
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(judged, key=lambda one: (one.person_no, one.part)))


def latest_run(work: Work, batch_id: int, *states: RunState) -> Run | None:
    """The newest run of a batch in one of these states, None where there is none."""
    row = work.session.scalar(
        select(RunRow)
        .where(RunRow.batch_id == batch_id, RunRow.state.in_(states))
        .order_by(RunRow.id.desc())
        .limit(1)
    )
    return None if row is None else told(row)


def awarded_among(work: Work, batch_ids: Collection[int]) -> bool:
    """Whether a run of any of these batches is in force."""
    in_force = RunRow.batch_id.in_(batch_ids) & (RunRow.state == RunState.DONE)
    return bool(work.session.scalar(select(exists().where(in_force))))


def waiting_before(work: Work, batch: Batch, run_id: int) -> bool:
    """Whether a run of another batch at the same days was asked for before this one and waits."""
    asked = {"run_id": run_id, "since": batch.span.start, "until": batch.span.end}
    return bool(work.session.execute(_WAITING_BEFORE, asked).scalar_one())


_WAITING_BEFORE = text("""
select exists (
  select from award_run r join batch b on b.id = r.batch_id
  where r.state = 'queued' and r.id < :run_id
    and b.starts_at < :until + interval '1 day' and b.ends_at > :since - interval '1 day')
""")


def verdict_of(work: Work, run_id: int, person_id: int, part: Part) -> Verdict | None:
    """One stored verdict as the engine gave it, None where the run has none."""
    row = work.session.get(VerdictRow, (run_id, person_id, part))
    if row is None:
        return None
    cap = None if row.cap is None else row.cap.in_cents()
    return Verdict(
        person_id, part, row.granted, row.gross.in_cents(), cap, row.net.in_cents(), reasons_of(row)
    )


def batches_judged(work: Work, person_id: int) -> set[int]:
    """The batches in which a run in force has a verdict for the person."""
    return set(
        work.session.scalars(
            select(RunRow.batch_id)
            .join(VerdictRow, VerdictRow.run_id == RunRow.id)
            .where(VerdictRow.person_id == person_id, RunRow.state == RunState.DONE)
        )
    )


def reasons_of(row: VerdictRow) -> tuple[Reason, ...]:
    """The reasons of a stored verdict; their sentences are made when they are read."""
    return tuple(
        Reason(
            Why(one["why"]), one.get("window"), one.get("nearest"), one.get("missed_by"),
            tuple((name, fact) for name, fact in one.get("facts", ())),
        )
        for one in row.reasons or ()
    )  # fmt: skip


def told(row: RunRow) -> Run:
    """A run as others see it."""
    return Run(
        row.id, BatchId(row.batch_id), RunState(row.state), row.plan, row.granted_count or 0,
        row.refused_count or 0, row.reasons or {}, row.over_limit, Place(row.path),
        row.credit_class, row.remark, row.asked_at, row.asked_by, row.done_at,
    )  # fmt: skip
