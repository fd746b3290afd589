"""判定 — a batch judged by its swipes, its people and its standard; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal

from app.awards import rules
from app.awards.queries import facts, runs
from app.awards.terms import (
    Brief,
    Limits,
    Occasion,
    Options,
    Outcome,
    Plan,
    RunState,
    RunStep,
    Situation,
    Slot,
    Verdict,
)
from app.base.progress import Tell
from app.base.work import Work, query
from app.credits import queries as ledger
from app.credits.terms import Part
from app.kernel.actor import Permission
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.span import in_ms, local_date
from app.people import queries as people
from app.people.terms import Status
from app.projects import queries as projects
from app.projects.terms import Batch, SessionKind
from app.standards import queries as standards
from app.standards import rules as standard_rules
from app.standards.queries import Edition
from app.standards.terms import ClaimRole, Item, Overlap

_NO_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class Case:
    """待判期次 — a batch, the standard and item it is judged by, and the year of its credit."""

    batch: Batch
    edition: Edition
    item: Item
    year: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """判定 — all verdicts of a batch: who has the full credits and no remark, and the rest."""

    case: Case
    plan: Plan
    brief: Brief
    plain: tuple[int, ...]
    verdicts: tuple[Verdict, ...]
    outcome: Outcome

    def every(self) -> Iterator[Verdict]:
        """Every verdict, also those of whom there is nothing to say."""
        cents = self.brief.credits
        for person_id in self.plain:
            yield Verdict(person_id, Part.ATTENDEE, True, cents, None, cents)
        yield from self.verdicts


@query(Permission.AWARDS_RUN, reaches=True)
def preview(work: Work, project_no: str, batch_no: int, options: Options) -> Judgement:
    """授分试算 — what a run would give each person; nothing is written."""
    batch = projects.batch_of(work, project_no, batch_no)
    plan = plan_of(work, batch, options)
    with work.reaching():
        return judge(work, case_of(work, batch), plan)


def case_of(work: Work, batch: Batch) -> Case:
    """The case of a batch, by the standard in force at its place on its last day."""
    edition = standards.pack_for(work, batch.project.place, batch.last_on)
    level, promoted = batch.project.level, batch.project.promoted
    item = standard_rules.item_of(edition.pack, level, promoted=promoted)
    year = standard_rules.year_of(edition.pack, batch.last_on).number
    return Case(batch, edition, item, year)


def plan_of(work: Work, batch: Batch, options: Options = _NO_OPTIONS) -> Plan:
    """The plan of the last run, else the batch's own, changed by the options."""
    last = runs.latest_run(work, batch.id, RunState.DONE, RunState.REPLACED, RunState.UNDONE)
    filed = rules.plan_from_json(batch.plan)
    return rules.plan_from_options(
        rules.plan_from_json(last.plan) if last else filed,
        listed=filed.listed,
        strategy=options.strategy,
        windows=options.windows,
        min_swipes=options.min_swipes,
        ratio=options.ratio,
    )


def brief_of(work: Work, case: Case, plan: Plan) -> Brief:
    """判定依据 — the plan made definite for the batch under the standard."""
    listed = people.people_by_no(work, plan.listed) if plan.listed else {}
    return rules.resolve(plan, _occasion(case), [person.id for person in listed.values()])


def judge(work: Work, case: Case, plan: Plan, tell: Tell | None = None) -> Judgement:
    """Judge everyone whom a record of the batch names, and its lecturers; writes nothing.

    The caller reaches: attendees come from anywhere. `tell` hears how many are judged.
    """
    brief = brief_of(work, case, plan)
    situations = situations_of(work, case)
    lecturers = lecturer_verdicts(work, brief, case)
    unknown = facts.unknown_card_count(work, case.batch.id)
    plain: list[int] = []
    rest: list[Verdict] = []
    with closing(facts.crowd(work, case.batch.id)) as crowd:
        for some in crowd:
            sifted = rules.sift(brief, some, situations)
            plain += sifted[0]
            rest += sifted[1]
            if tell is not None:
                tell(RunStep.JUDGING, len(plain) + len(rest))
    verdicts = (*rest, *lecturers)
    outcome = rules.outcome_of(len(plain), verdicts, unknown, case.batch.limit_persons)
    return Judgement(case, plan, brief, tuple(plain), verdicts, outcome)


def situations_of(work: Work, case: Case, person_id: int | None = None) -> dict[int, Situation]:
    """本人情况 — of those of whom anything is known that bears on their award in this batch.

    Of all who attended, or of one person, swiped or not, which costs a handful of rows.
    """
    batch = case.batch
    cancelled = _cancelled(work, case, person_id)
    other: set[int] = set()
    if batch.unit_only:
        other = facts.outside(work, batch.id, batch.project.place, person_id)
    lecturing = {int(one.person_id) for one in batch.lecturers}
    denied = facts.denied(work, batch.id, person_id)
    waiting = facts.uncounted(work, batch.id, person_id)
    held = {}
    if case.edition.pack.overlap is Overlap.FORBID:
        held = facts.stretches_elsewhere(work, batch, person_id)
    project, in_year = _used(work, case, Part.ATTENDEE, person_id)
    known: set[int] = {*cancelled, *other, *denied, *lecturing, *waiting, *held, *project, *in_year}
    return {
        person: Situation(
            cancelled=person in cancelled,
            other_unit=person in other,
            denied=denied.get(person, ""),
            lecturing=person in lecturing,
            uncounted=waiting.get(person, ()),
            held=held.get(person, ()),
            used_project=project.get(person, NO_CREDIT).in_cents(),
            used_year=in_year.get(person, NO_CREDIT).in_cents(),
        )
        for person in known
        if person_id in (None, person)
    }


def occasion_of(batch: Batch) -> Occasion:
    """期次概要 — a batch as the engine sees it, by no standard yet: without limits and rounding."""
    return Occasion(
        start=in_ms(batch.span.start),
        end=in_ms(batch.span.end),
        slots=tuple(
            Slot(
                key=one.key,
                label=one.label,
                course=one.kind is SessionKind.COURSE,
                start=in_ms(one.span.start),
                end=in_ms(one.span.end),
                hours=None if one.hours is None else int(one.hours * 100),
            )
            for one in batch.sessions
        ),
        credits=batch.project.credits.in_cents(),
        unit=batch.project.unit_name,
    )


def lecturer_verdicts(work: Work, brief: Brief, case: Case) -> tuple[Verdict, ...]:
    """授课判定 — the verdicts of the batch's lecturers; the caller reaches."""
    by_person: dict[int, list[Decimal]] = {}
    for one in case.batch.lecturers:
        by_person.setdefault(one.person_id, []).append(one.hours)
    if not by_person:
        return ()
    cancelled = _cancelled(work, case)
    project, in_year = _used(work, case, Part.LECTURER)
    verdicts = []
    for person, courses in sorted(by_person.items()):
        gross = standard_rules.lecturer_gross(case.item, courses)
        if gross is None:
            continue
        situation = Situation(
            cancelled=person in cancelled,
            used_project=project.get(person, NO_CREDIT).in_cents(),
            used_year=in_year.get(person, NO_CREDIT).in_cents(),
        )
        verdicts.append(rules.judge_lecturer(brief, person, gross.in_cents(), situation))
    return tuple(verdicts)


def _occasion(case: Case) -> Occasion:
    return replace(
        occasion_of(case.batch),
        limits=_limits(case, ClaimRole.ATTENDEE),
        lecturer_limits=_limits(case, ClaimRole.LECTURER),
        rounding=standard_rules.rounding_of(case.edition.pack),
    )


def _limits(case: Case, role: ClaimRole) -> Limits:
    limits = standard_rules.limits_of(case.edition.pack, case.item, role, case.batch.project.cap)
    project, year = limits.project, limits.year
    return Limits(
        None if project is None else project.in_cents(), None if year is None else year.in_cents()
    )


def _cancelled(work: Work, case: Case, person_id: int | None = None) -> set[int]:
    """Who is cancelled on the batch's first day."""
    day = local_date(case.batch.span.start)
    if person_id is None:
        return people.with_status(work, Status.CANCELLED, day)
    status = people.status_on(work, [person_id], day)[person_id]
    return {person_id} if status is Status.CANCELLED else set()


def _used(
    work: Work, case: Case, part: Part, person_id: int | None = None
) -> tuple[dict[int, Credit], dict[int, Credit]]:
    """Credit that already draws on the project's and the year's limits, this batch left out."""
    batch = case.batch
    others = [one for one in projects.batch_ids_of(work, batch.project.id) if one != batch.id]
    project = ledger.used_in_batches(work, others, person_id)
    role = ClaimRole(part.value)
    if case.item.cap_year.of(role) is None:
        return project, {}
    parts = {Part(one.value) for one in standard_rules.draws_on_year(case.item, role)}
    in_year = ledger.used_in_year(
        work, batch.id, year=case.year, item=case.item.code, parts=parts, person_id=person_id
    )
    return project, in_year
