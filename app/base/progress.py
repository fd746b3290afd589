"""进度 — how far a long job truly is, told while its own transaction still hides all that it did.

    progress.expect(work, "awards.run", run_id, place, total)              whoever asks for it
    doing = progress.Doing(work, "awards.run", run_id, place, "reading")   whoever does the job
    doing("judging", done)                                                 as often as it likes
    doing.finish()                                                         the last that it does
    progress.of(work, "awards.run", [run_id])                              whoever looks
    progress.ask_stop(work, "awards.run", run_id, place)                   whoever stops it

What is told goes by a connection of its own, which commits at once, at most twice a second and when
a new step begins; the same statement reads whether somebody asked to stop. The row names the job's
transaction, and whether that is under way PostgreSQL itself knows: of a process that was killed no
progress is left standing, whatever the row says. `finish` takes the row away within the job's own
transaction, under the lock of that row, which whoever stops it takes too: so either the job is
done, and a stop comes too late, or it was stopped, and nothing of it stands.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Index, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.base.database import Base, Placed
from app.base.work import Work, begin
from app.kernel.place import Place

_PAUSE = timedelta(seconds=0.5)

_OWN_TRANSACTION = text("select pg_current_xact_id()::text::bigint")
# The total of one that was killed may be that of another step; it is as many all the same.
_EXPECTED = text("select total from progress where task = :task and task_id = :task_id")
# One that began before anybody could see this row, and that has not ended. A number that a restored
# database brought along is none of this server's.
_UNDER_WAY = text("""
select task_id from progress where task = :task and task_id = any(:ids)
  and doer < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  and not pg_visible_in_snapshot(doer::text::xid8, pg_current_snapshot())""")


# What is lost in a fall of the server was about a job that fell with it: no disk is waited for.
_UNHURRIED = func.set_config("synchronous_commit", "off", True)


class ProgressRow(Placed, Base):
    """进度 — of one long job; there while it is to be done and somebody began it or stopped it."""

    __tablename__ = "progress"
    __table_args__ = (Index(None, "path"),)

    # The topic of the job, and the row that it is about.
    task: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # The transaction that does it; null, as the step is, before anybody began.
    doer: Mapped[int | None]
    step: Mapped[str | None]
    done: Mapped[int] = mapped_column(default=0)
    # Before it began what is expected; from then on null where the step has nothing to count.
    total: Mapped[int | None]
    step_at: Mapped[datetime]
    told_at: Mapped[datetime]
    # Null while nobody asked to stop.
    stop_by: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Progress:
    """进度 — the step and the count of it as they were told last; by whom it is to be stopped."""

    step: str
    done: int
    total: int | None
    step_at: datetime
    told_at: datetime
    stop_by: str
    # False where whoever did it is gone: nothing of it stands, and it is to be done anew.
    under_way: bool

    @property
    def per_s(self) -> float:
        """How many of the step were done in a second; 0 where nothing tells."""
        passed = (self.told_at - self.step_at).total_seconds()
        return self.done / passed if passed > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """How long the rest of the step takes at this pace; None where nothing tells."""
        if not self.total or not self.per_s:
            return None
        return (self.total - self.done) / self.per_s


class StoppedError(Exception):
    """Somebody stopped the job; whoever does it leaves nothing of it."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class Tell(Protocol):
    """Hears that so many of a step are done, of so many, or of as many as were expected.

    StoppedError where the job is to end.
    """

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None: ...


class Doing:
    """How far one job is, told by whoever does it; it begins with a step.

    What it did is to be taken back wherever StoppedError is raised.
    """

    def __init__(self, work: Work, task: str, task_id: int, place: Place, step: str) -> None:
        self._work = work
        self._key = {"task": task, "task_id": task_id}
        self._path = place.path
        self._doer = work.session.scalar(_OWN_TRANSACTION)
        self._expected = work.session.scalar(_EXPECTED, self._key)
        self._step = ""
        self._step_at = self._told_at = work.now
        self(step)

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None:
        """So many of the step are done. StoppedError where somebody asked for that."""
        now = self._work.site.clock()
        if step == self._step and now - self._told_at < _PAUSE:
            return
        if step != self._step:
            self._step, self._step_at = step, now
        self._told_at = now
        if total is None and done and self._expected is not None:
            total = max(done, self._expected)
        told = {
            "doer": self._doer, "step": step, "done": done, "total": total,
            "step_at": self._step_at, "told_at": now,
        }  # fmt: skip
        asked = (
            insert(ProgressRow)
            .values(**self._key, path=self._path, **told)
            .on_conflict_do_update(index_elements=["task", "task_id"], set_=told)
            .returning(ProgressRow.stop_by, _UNHURRIED)
        )
        with begin(self._work.site, self._work.actor) as aside:
            stop_by = aside.session.scalar(asked)
        if stop_by is not None:
            raise StoppedError(stop_by)

    def finish(self) -> None:
        """From now on nobody can stop it; to be called when all else is done.

        StoppedError where somebody did.
        """
        session = self._work.session
        session.flush()
        mine = delete(ProgressRow).filter_by(**self._key).where(ProgressRow.stop_by.is_(None))
        if session.execute(mine.returning(ProgressRow.task_id)).one_or_none() is None:
            stop_by = session.scalar(select(ProgressRow.stop_by).filter_by(**self._key))
            raise StoppedError(stop_by or "")


def expect(work: Work, task: str, task_id: int, place: Place, total: int) -> None:
    """A job is to be done, which has so many to count."""
    row = ProgressRow(
        task=task, task_id=task_id, path=place.path, done=0, total=total, step_at=work.now,
        told_at=work.now,
    )  # fmt: skip
    work.session.add(row)


def ask_stop(work: Work, task: str, task_id: int, place: Place) -> None:
    """停下 — a job that is at work ends at its next look, and one that is to begin does not.

    Until this work ends the job cannot end either: the caller looks what became of it only now.
    """
    now = work.now
    work.session.execute(
        insert(ProgressRow)
        .values(
            task=task, task_id=task_id, path=place.path, done=0, step_at=now, told_at=now,
            stop_by=work.actor.name,
        )
        .on_conflict_do_update(
            index_elements=["task", "task_id"],
            set_={"stop_by": func.coalesce(ProgressRow.stop_by, work.actor.name)},
        )
    )  # fmt: skip


def forget(work: Work, task: str, task_id: int) -> None:
    """A job that ended, however, has no progress."""
    work.session.execute(delete(ProgressRow).filter_by(task=task, task_id=task_id))


def of(work: Work, task: str, task_ids: Collection[int]) -> dict[int, Progress]:
    """How far these jobs are; those that nobody began are not among them."""
    if not task_ids:
        return {}
    facts = {"task": task, "ids": list(task_ids)}
    asked = select(ProgressRow).where(
        ProgressRow.task == task, ProgressRow.task_id.in_(task_ids), ProgressRow.doer.is_not(None)
    )
    rows = work.session.scalars(asked.execution_options(populate_existing=True)).all()
    under_way = set(work.session.scalars(_UNDER_WAY, facts)) if rows else set()
    return {
        row.task_id: Progress(
            row.step or "", row.done, row.total, row.step_at, row.told_at, row.stop_by or "",
            row.task_id in under_way,
        )
        for row in rows
    }  # fmt: skip
