"""授分 — ask, carry out, undo: the only doors that change an award."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from app.attendance import steps as attendance
from app.awards import queries, rules, steps
from app.awards.tables import DenialRow, RunRow
from app.awards.terms import TASK, UNDO_DAYS, Options, RunState, RunStep
from app.base import progress, words
from app.base.outbox import NotYetError
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import (
    CmeError,
    ConflictError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from app.kernel.place import Place
from app.projects import queries as projects
from app.projects import steps as life
from app.projects.rules import reached
from app.projects.terms import Act, Batch, BatchId, ProjectState

# What is awarded was held, whether or not anyone said so; each of several batches in its turn.
_AWARDING = (Act.HOLD, Act.AWARD)


@command(Permission.AWARDS_RUN, reaches=True)
def ask(work: Work, project_no: str, batch_no: int, options: Options) -> int:
    """授分 — ask for a run of a batch; a worker judges it. The run's id.

    A batch has one waiting run at most: a second asker meanwhile gets a ConflictError, and so does
    who asks for a project whose award is under review or closed, or for a batch that is to come.
    """
    batch = projects.batch_of(work, project_no, batch_no)
    if not life.hold(work, [batch.id]):
        raise NotFoundError("projects.batch.unknown", project_no=project_no, batch=batch_no)
    if reached(batch.project.state, _AWARDING) is None:
        raise ConflictError("projects.project.act_refused", project_no=batch.project.no)
    if work.now < batch.span.start:
        raise ConflictError("awards.run.early", project=project_no, batch=batch_no)
    plan = queries.plan_of(work, batch, options)
    with work.reaching():  # the plan must hold now, not only when a worker comes to it
        queries.brief_of(work, queries.case_of(work, batch), plan)
    [run_id] = work.fresh_ids(RunRow, 1)
    work.session.add(
        RunRow(
            id=run_id, path=batch.project.place.path, batch_id=batch.id, state=RunState.QUEUED,
            plan=rules.plan_to_json(plan), asked_at=work.now, asked_by=work.actor.name,
        )
    )  # fmt: skip
    try:
        work.session.flush()
    except IntegrityError:
        raise ConflictError("awards.run.waiting", project=project_no, batch=batch_no) from None
    # Counted now, for whoever judges would have to look through all records for it.
    count = queries.crowd_size(work, batch.id)
    progress.expect(work, TASK, run_id, batch.project.place, count)
    work.tell("awards.run", place=batch.project.place, run_id=run_id)
    return run_id


@command(Permission.AWARDS_RUN, reaches=True)
def carry_out(work: Work, run_id: int) -> None:
    """Judge a waiting run, store its verdicts, make the ledger agree; once, however often asked.

    In turn, so that of two runs the later sees the earlier whole. NotYetError where a run of the
    same days was asked for before and still waits, or a file with records of the batch comes in.
    Of one that somebody stops meanwhile nothing stands.
    """
    run = work.session.get(RunRow, run_id)
    if run is None:
        raise NotFoundError("awards.run.unknown", run=run_id)
    steps.take_turn(work)
    work.session.refresh(run, with_for_update=True)
    if run.state != RunState.QUEUED:
        return
    batch_id = BatchId(run.batch_id)
    batch = projects.batches_of(work, [batch_id])[batch_id]
    if not attendance.records_as_they_are(work, batch_id) or _comes_after(work, batch, run_id):
        raise NotYetError
    try:
        tell = progress.Doing(work, TASK, run_id, Place(run.path), RunStep.READING)
        with work.wholly():
            _carry_out(work, run, batch, tell)
            tell.finish()
    except progress.StoppedError as stopped:
        work.session.refresh(run)
        _end(work, run, ConflictError("awards.run.stopped", by=stopped.by))


@command(Permission.AWARDS_RUN)
def give_up(work: Work, run_id: int) -> None:
    """End a waiting run that met a fault of ours too often, so that another can be asked for."""
    run = work.session.get(RunRow, run_id, with_for_update=True)
    if run is None:
        raise NotFoundError("awards.run.unknown", run=run_id)
    if run.state == RunState.QUEUED:
        _end(work, run, UnavailableError("awards.run.given_up"))


@command(Permission.AWARDS_RUN)
def cancel(work: Work, run_id: int) -> bool:
    """停下 — nothing of a run is written; ConflictError for one that is done, or ended otherwise.

    True: it waited, and is not judged. False: a worker has it, who ends it at the next look.
    """
    asked = select(RunRow).where(RunRow.id == run_id)
    run = work.session.scalar(asked)
    if run is None:
        raise NotFoundError("awards.run.unknown", run=run_id)
    place = Place(run.path)
    # From here on, until this work ends, whoever judges it cannot come to the end.
    progress.ask_stop(work, TASK, run_id, place)
    again = asked.execution_options(populate_existing=True)
    held = work.session.scalar(again.with_for_update(skip_locked=True))
    run = held or work.session.scalars(again).one()
    if run.state != RunState.QUEUED:
        raise ConflictError("awards.run.over", run=run_id)
    if held is None:
        work.note(RunRow.__tablename__, run_id, place, kind="stop")
    else:
        _end(work, run, ConflictError("awards.run.cancelled", by=work.actor.name))
    return held is not None


@command(Permission.AWARDS_UNDO, reaches=True)
def undo(work: Work, run_id: int, reason: str) -> int:
    """撤销授分 — take back all credit of the run in force, with its reason; how many entries.

    The project counts as held again, not as awarded, once no batch of it is. ConflictError for a
    run that was undone already, replaced by a later one, or not judged yet, for one older than the
    days allowed, and where the project's award is under review or closed.
    """
    if not reason.strip():
        raise InvalidError("awards.undo.no_reason")
    run = work.session.get(RunRow, run_id)
    if run is None:
        raise NotFoundError("awards.run.unknown", run=run_id)
    steps.take_turn(work)
    work.session.refresh(run, with_for_update=True)
    if run.state != RunState.DONE:
        raise ConflictError(f"awards.undo.{run.state}", run=run_id)
    if _too_late(work, run):
        raise ConflictError("awards.undo.late", days=UNDO_DAYS)
    run.state, run.remark = RunState.UNDONE, reason.strip()
    work.session.flush()
    batch_id = BatchId(run.batch_id)
    project = projects.batches_of(work, [batch_id])[batch_id].project
    others = queries.awarded_among(work, projects.batch_ids_of(work, project.id))
    life.advance(work, project.id, *_AWARDING, *(() if others else (Act.UNDO,)))
    with work.reaching():
        return steps.take_back(work, run.batch_id, run_id, reason.strip())


@command(Permission.AWARDS_RUN)
def report(work: Work, project_no: str) -> None:
    """授分上报 — the bureau is to look at what was awarded; until it did, nothing changes.

    ConflictError where a batch with records is not awarded, or waits to be.
    """
    batches = _batches_of(work, project_no)
    standings = queries.standings_of(work, [one.id for one in batches])
    open_ones = [
        one.no for one in batches
        if standings[one.id].queued_id is not None
        or (standings[one.id].recorded and standings[one.id].run_id is None)
    ]  # fmt: skip
    if open_ones or not any(standing.run_id is not None for standing in standings.values()):
        raise ConflictError("awards.report.not_all", project_no=batches[0].project.no)
    life.advance(work, batches[0].project.id, Act.REPORT)


@command(Permission.AWARDS_REVIEW)
def approve(work: Work, project_no: str) -> None:
    """授分审核通过 — the project is closed, and its award stands for good.

    ConflictError for who awarded a batch of it: another one looks at what somebody gave.
    """
    ids = [one.id for one in _batches_of(work, project_no)]
    if work.actor.name in {one.by for one in queries.standings_of(work, ids).values()}:
        raise ConflictError("awards.review.own", project_no=project_no)
    _review(work, project_no, Act.CLOSE)


@command(Permission.AWARDS_REVIEW)
def send_back(work: Work, project_no: str, remark: str) -> None:
    """授分退回 — the host may award again; it reads why."""
    if not remark.strip():
        raise InvalidError("awards.review.no_remark")
    _review(work, project_no, Act.SEND_BACK, remark.strip())


def _review(work: Work, project_no: str, act: Act, remark: str | None = None) -> None:
    """One of two who decide at once is second, and is told so."""
    project = _batches_of(work, project_no)[0].project
    if project.state is not ProjectState.AWARD_REVIEW:
        raise ConflictError("awards.review.not_waiting", project_no=project.no)
    life.advance(work, project.id, act, remark=remark)


def _batches_of(work: Work, project_no: str) -> tuple[Batch, ...]:
    batches = projects.batches_of_project(work, project_no)
    if not batches:
        raise NotFoundError("projects.project.unknown", project_no=project_no)
    return batches


@command(Permission.AWARDS_RUN, reaches=True)
def deny(work: Work, project_no: str, batch_no: int, person_no: str, reason: str) -> None:
    """不予授分 — from the next award on the person gets nothing of the batch as an attendee.

    The reason is told to that person. What was given already stays until it is awarded again.
    Reaches, once the batch is found, because attendees come from anywhere. ConflictError where it
    was said already, and where the project's award is under review or closed.
    """
    if not reason.strip():
        raise InvalidError("awards.deny.no_reason")
    batch, person = _of_batch(work, project_no, batch_no, person_no)
    if work.session.scalar(_denial(batch.id, person)) is not None:
        raise ConflictError("awards.deny.already")
    [row_id] = work.fresh_ids(DenialRow, 1)
    work.session.add(
        DenialRow(
            id=row_id, path=batch.project.place.path, batch_id=batch.id, person_id=person,
            reason=reason.strip(), denied_at=work.now, denied_by=work.actor.name,
        )
    )  # fmt: skip
    try:
        work.session.flush()
    except IntegrityError:
        raise ConflictError("awards.deny.already") from None


@command(Permission.AWARDS_RUN, reaches=True)
def allow(work: Work, project_no: str, batch_no: int, person_no: str) -> None:
    """取消不予授分 — from the next award on the person is judged like everyone again."""
    batch, person = _of_batch(work, project_no, batch_no, person_no)
    row = work.session.scalar(_denial(batch.id, person).with_for_update())
    if row is None:
        raise ConflictError("awards.deny.gone")
    work.session.delete(row)


def _of_batch(work: Work, project_no: str, batch_no: int, person_no: str) -> tuple[Batch, int]:
    """A batch within sight that can still be awarded, and the id of a person it names."""
    batch = projects.batch_of(work, project_no, batch_no)
    if reached(batch.project.state, _AWARDING) is None:
        raise ConflictError("projects.project.act_refused", project_no=batch.project.no)
    with work.reaching():
        return batch, queries.attendee_of(work, batch, person_no)


def _denial(batch_id: int, person_id: int) -> Select[DenialRow]:
    return select(DenialRow).where(DenialRow.batch_id == batch_id, DenialRow.person_id == person_id)


def _carry_out(work: Work, run: RunRow, batch: Batch, tell: progress.Doing) -> None:
    before = queries.latest_run(work, batch.id, RunState.DONE)
    with work.reaching():
        # A card that became known a moment ago counts, though its own job has not come to it yet.
        attendance.settle(work, [batch.id])
        try:
            case = queries.case_of(work, batch)
            judgement = queries.judge(work, case, rules.plan_from_json(run.plan), tell)
            life.advance(work, batch.project.id, *_AWARDING)
        except (ConflictError, InvalidError) as refusal:
            _fail(work, run, refusal)
            return
        if before is not None:
            work.session.get_one(RunRow, before.id).state = RunState.REPLACED
            work.session.flush()
        run.state, run.done_at, run.edition_id = RunState.DONE, work.now, case.edition.id
        run.credit_class = case.item.credit_class
        run.granted_count, run.refused_count = judgement.outcome.granted, judgement.outcome.refused
        run.reasons = {why.value: count for why, count in judgement.outcome.reasons}
        run.over_limit = judgement.outcome.over_limit or None
        steps.store(work, run.id, judgement, f"replaced by run {run.id}", tell)


def _end(work: Work, run: RunRow, why: CmeError) -> None:
    """It is not judged, and has no progress any more."""
    _fail(work, run, why)
    progress.forget(work, TASK, run.id)


def _fail(work: Work, run: RunRow, why: CmeError) -> None:
    run.state, run.remark, run.done_at = RunState.FAILED, words.of_error(why), work.now


def _too_late(work: Work, run: RunRow) -> bool:
    """Whether the days are over in which a host may undo; the platform's operator still may."""
    if run.done_at is None or Permission.SYSTEM_OPERATE in work.actor.permissions:
        return False
    return work.now > rules.undo_until(run.done_at)


def _comes_after(work: Work, batch: Batch, run_id: int) -> bool:
    """Whether a run of another batch at the same days was asked for before, and still waits."""
    with work.reaching():
        return queries.waiting_before(work, batch, run_id)
