"""授分名单 — everyone a run would judge or did, with what it changes, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from app.awards.queries import judging, runs
from app.awards.queries.judging import Judgement
from app.awards.queries.runs import Judged, Run
from app.awards.tables import VerdictRow
from app.awards.terms import TASK, Options, RunState, Why
from app.base import progress
from app.base.progress import Progress
from app.base.work import Work, query
from app.credits.terms import Part
from app.kernel.actor import Permission
from app.kernel.credit import NO_CREDIT, Credit
from app.people import queries as people
from app.projects import queries as projects
from app.projects.terms import Batch, BatchId

A_PAGE = 50


class Change(StrEnum):
    """变化 — what a run does to a person, beside the run in force."""

    GAINED = "gained"  # 新得分
    LOST = "lost"  # 不再得分
    CHANGED = "changed"  # 分数变了
    SAME = "same"  # 没有变


@dataclass(frozen=True, slots=True)
class Entry:
    """名单一行 — one person in one part, and what the run in force gives them there."""

    judged: Judged
    was: Credit

    @property
    def change(self) -> Change:
        """What becomes different."""
        if self.judged.net == self.was:
            return Change.SAME
        if not self.was:
            return Change.GAINED
        return Change.CHANGED if self.judged.net else Change.LOST


@dataclass(frozen=True, slots=True)
class Sieve:
    """筛选 — which lines of a roll are looked at; None or "" where nothing was said."""

    granted: bool | None = None
    why: Why | None = None
    change: Change | None = None
    words: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Roll:
    """授分名单 — a page of those that pass the sieve, how many do, and the whole in figures."""

    entries: tuple[Entry, ...]
    count: int
    granted: int
    refused: int
    reasons: tuple[tuple[Why, int], ...]
    changes: Mapping[Change, int]


@dataclass(frozen=True, slots=True)
class Trial:
    """预览授分名单 — what a run would give, beside the run in force."""

    judgement: Judgement
    run: Run | None
    roll: Roll


@dataclass(frozen=True, slots=True)
class RunFile:
    """授分结果 — one run with its batch, and everyone it judged; while it waits, how far it is."""

    run: Run
    batch: Batch
    roll: Roll
    progress: Progress | None


@query(Permission.AWARDS_RUN, reaches=True)
def trial(work: Work, project_no: str, batch_no: int, options: Options, sieve: Sieve) -> Trial:
    """预览授分名单 — of a batch within sight; reaches, because attendees come from anywhere."""
    judgement = judging.preview(work, project_no, batch_no, options)
    run = runs.latest_run(work, judgement.case.batch.id, RunState.DONE)
    with work.reaching():
        was = {} if run is None else _given(work, run.id)
        verdicts = {(one.person_id, one.part): one for one in judgement.every()}
        gone = was.keys() - verdicts.keys()
        named = people.people_of(work, {person for person, _ in verdicts.keys() | gone})
    judged = [
        Judged(
            one.person_id, named[one.person_id].no, named[one.person_id].name, one.part,
            one.granted, Credit.cents(one.gross),
            None if one.cap is None else Credit.cents(one.cap), Credit.cents(one.net), one.reasons,
        )
        for one in verdicts.values()
    ]  # fmt: skip
    judged += [
        Judged(person, named[person].no, named[person].name, part, False, NO_CREDIT, None,
               NO_CREDIT, ())
        for person, part in gone
    ]  # fmt: skip
    return Trial(judgement, run, _roll(judged, was, sieve))


@query(Permission.AWARDS_READ, reaches=True)
def run_file(work: Work, run_id: int, sieve: Sieve) -> RunFile:
    """授分结果 — a run within sight. Reaches for the names of those it judged."""
    run = runs.run_of(work, run_id)
    batch = projects.batches_of(work, [run.batch_id])[BatchId(run.batch_id)]
    judged = runs.verdicts_of(work, run_id)
    was = {(one.person_id, one.part): one.net for one in judged}
    begun = progress.of(work, TASK, [run_id]) if run.state is RunState.QUEUED else {}
    return RunFile(run, batch, _roll(judged, was, sieve), begun.get(run_id))


def _given(work: Work, run_id: int) -> dict[tuple[int, Part], Credit]:
    rows = work.session.execute(
        select(VerdictRow.person_id, VerdictRow.part, VerdictRow.net).where(
            VerdictRow.run_id == run_id, VerdictRow.granted
        )
    )
    return {(row.person_id, Part(row.part)): row.net for row in rows}


def _roll(judged: Iterable[Judged], was: Mapping[tuple[int, Part], Credit], sieve: Sieve) -> Roll:
    entries = sorted(
        (Entry(one, was.get((one.person_id, one.part), NO_CREDIT)) for one in judged),
        key=lambda entry: (entry.judged.person_no, entry.judged.part),
    )
    reasons: Counter[Why] = Counter()
    for entry in entries:
        reasons.update({reason.why for reason in entry.judged.reasons})
    passed = [entry for entry in entries if _passes(entry, sieve)]
    first = (sieve.page - 1) * A_PAGE
    granted = sum(entry.judged.granted for entry in entries)
    return Roll(
        tuple(passed[first : first + A_PAGE]),
        len(passed),
        granted,
        len(entries) - granted,
        tuple((why, reasons[why]) for why in Why if why in reasons),
        Counter(entry.change for entry in entries),
    )


def _passes(entry: Entry, sieve: Sieve) -> bool:
    judged = entry.judged
    return (
        sieve.granted in (None, judged.granted)
        and (sieve.why is None or any(one.why is sieve.why for one in judged.reasons))
        and sieve.change in (None, entry.change)
        and _named(judged, sieve.words.split())
    )


def _named(judged: Judged, parts: Sequence[str]) -> bool:
    return all(part in judged.name or judged.person_no.startswith(part) for part in parts)
