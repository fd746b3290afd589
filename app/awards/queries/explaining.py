"""为什么没有学分 — one person and one batch, explained check by check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from app.awards import rules
from app.awards.queries import facts, judging, runs
from app.awards.terms import NOTHING_KNOWN, Explanation, Progress, RunState, Stage
from app.base import holidays
from app.base.work import Work, query
from app.cards import queries as cards
from app.credits.terms import Part
from app.kernel.actor import Permission
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import NotFoundError
from app.kernel.span import local_date
from app.people import queries as people
from app.people.terms import Person
from app.projects import queries as projects
from app.projects.terms import Batch

# How far back the unasked question 为什么 looks for an activity not awarded yet.
_RECENT = timedelta(days=60)
# More than a chat can list is never looked at.
MOST_TOLD = 6


@dataclass(frozen=True, slots=True)
class Told:
    """说明 — whom it is about, which batch, and why."""

    person: Person
    batch: Batch
    explanation: Explanation
    # Of the verdict in force; nothing where there is none.
    net: Credit


@query(Permission.CREDITS_READ, reaches=True)
def explain(work: Work, person_no: str, project_no: str, batch_no: int | None = None) -> Told:
    """为什么 — why a person within sight has credit of a batch or has none.

    Without a batch: the latest in which a record names the person, else the project's last.
    """
    person = people.within_sight(work, person_no)
    with work.reaching():  # the activity may be another unit's; only this person's part is read
        batches = projects.batches_of_project(work, project_no)
        if not batches:
            raise NotFoundError("projects.project.unknown", project_no=project_no)
        chosen = [one for one in batches if batch_no in (None, one.no)]
        if not chosen:
            raise NotFoundError("projects.batch.unknown", project_no=project_no, batch=batch_no)
        named = facts.named_in(work, person.id, [one.id for one in chosen])
        present = [one for one in chosen if one.id in named] or chosen
        return told_of(work, person, max(present, key=lambda one: (one.span.end, one.no)))


@query(Permission.CREDITS_READ, reaches=True)
def latest_told(work: Work, person_no: str) -> Told | None:
    """为什么 — about the latest batch that a record of this person within sight names, if any."""
    person = people.within_sight(work, person_no)
    with work.reaching():
        judged = runs.batches_judged(work, person.id)
        recent = projects.batch_ids_between(work, work.now - _RECENT, work.now)
        named = facts.named_in(work, person.id, {*judged, *recent}) | judged
        batches = projects.batches_of(work, named)
        if not batches:
            return None
        return told_of(work, person, max(batches.values(), key=lambda one: (one.span.end, one.no)))


@query(Permission.CREDITS_READ, reaches=True)
def find_told(work: Work, person_no: str, words: str) -> Told | tuple[Batch, ...]:
    """为什么 — about the project that a number or words of a name mean, in its latest batch.

    Where they may mean several, the latest batch of each, newest first, and of those attended alone
    if there are such: to be asked about by number. Nothing where they mean none.
    """
    person = people.within_sight(work, person_no)
    with work.reaching():
        meant = projects.find_ids(work, words)
        named = facts.named_in(work, person.id, meant)
        chosen = projects.batches_of(work, named or meant[:MOST_TOLD]).values()
        latest: dict[str, Batch] = {}
        for one in sorted(chosen, key=lambda one: (one.span.end, one.no)):
            latest[one.project.no] = one  # of one project the latest of its batches
        newest_first = sorted(latest.values(), key=lambda one: one.span.end, reverse=True)
        if len(newest_first) == 1:
            return told_of(work, person, newest_first[0])
        return tuple(newest_first[:MOST_TOLD])


def told_of(work: Work, person: Person, batch: Batch) -> Told:
    """说明 — of a person and a batch that the caller found; the caller reaches."""
    run = runs.latest_run(work, batch.id, RunState.DONE)
    case = judging.case_of(work, batch)
    brief = judging.brief_of(work, case, judging.plan_of(work, batch))
    verdict = None
    if run is not None:
        # Who lectured and also swiped is told of the part that gave credit.
        verdict = runs.verdict_of(work, run.id, person.id, Part.LECTURER)
        verdict = verdict or runs.verdict_of(work, run.id, person.id, Part.ATTENDEE)
    situation = NOTHING_KNOWN
    if verdict is None:
        known = judging.situations_of(work, case, person.id)
        situation = known.get(person.id, NOTHING_KNOWN)
    explanation = rules.explain(
        brief,
        person.id,
        facts.swipes_of(work, batch.id, person.id),
        situation,
        verdict=verdict,
        progress=Progress(
            Stage.AWARDED if run else Stage.NOT_RUN,
            working_days(local_date(batch.span.end), local_date(work.now)),
        ),
        recorded=bool(facts.named_in(work, person.id, [batch.id])),
        card_known=bool(cards.cards_of_people(work, [person.id]).get(person.id)),
    )
    return Told(person, batch, explanation, Credit.cents(verdict.net) if verdict else NO_CREDIT)


def working_days(since: date, until: date) -> int:
    """Chinese working days after one day up to another; without a calendar Monday to Friday."""
    days = (since + timedelta(days=n) for n in range(1, (until - since).days + 1))
    return sum(1 for day in days if holidays.is_working(day))
