"""考情试算 — a batch weighed by a plan somebody tries; nothing is written, and nobody is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from app.awards import rules
from app.awards.queries import facts, judging, runs
from app.awards.queries.judging import Case
from app.awards.queries.runs import Run
from app.awards.rules import weighing
from app.awards.tables import VerdictRow
from app.awards.terms import (
    COURSE_STRATEGIES,
    NOTHING_KNOWN,
    WINDOW_STRATEGIES,
    Brief,
    Group,
    Miss,
    Options,
    Plan,
    RunState,
    Situation,
    Strategy,
    Verdict,
    Why,
    Window,
    WindowCount,
)
from app.base.work import Work, query
from app.credits.terms import Part
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError
from app.org import queries as org
from app.people import queries as people
from app.people.terms import Person
from app.projects import queries as projects

MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """名单一行 — one person, where they work, when they swiped, and what they would be told."""

    person: Person
    unit: str
    swipes: tuple[int, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Choice:
    """另一种算法 — a strategy the batch can be judged by, with its plan and how many it grants."""

    strategy: Strategy
    brief: Brief
    # Whether its windows are those somebody named, or what the sessions give.
    named: bool
    granted: int


@dataclass(frozen=True, slots=True)
class Weighing:
    """考情试算 — what a plan would do, beside the run in force, or else beside the plan as filed.

    `before` is what it is compared with; `counts` tells how many each list has, of which `rows` are
    the first of one. `strategies` are those the batch can be judged by, as filed.
    """

    case: Case
    brief: Brief
    plan: Plan
    filed: Brief | None
    before: Brief
    run: Run | None
    people: int
    granted: int
    counts: Mapping[Group, int]
    misses: tuple[Miss, ...]
    barred: tuple[tuple[Why, int], ...]
    windows: tuple[WindowCount, ...]
    windows_before: tuple[WindowCount, ...]
    strategies: tuple[Choice, ...]
    group: Group
    rows: tuple[Listed, ...]
    unknown: int


@query(Permission.AWARDS_READ, reaches=True)
def weigh(
    work: Work,
    project_no: str,
    batch_no: int,
    options: Options,
    group: Group = Group.NEAR,
    most: int = MOST_LISTED,
    *,
    instead: Mapping[int, Sequence[int]] | None = None,
) -> Weighing:
    """考情试算 — of a batch within sight; reaches, because attendees come from anywhere.

    As if these people's counted swipes were others, beside what they are: `instead`.
    """
    batch = projects.batch_of(work, project_no, batch_no)
    plan = judging.plan_of(work, batch, options)
    own = rules.plan_from_json(batch.plan)
    run = runs.latest_run(work, batch.id, RunState.DONE)
    with work.reaching():
        case = judging.case_of(work, batch)
        brief = judging.brief_of(work, case, plan)
        filed = _brief_or_none(work, case, own)
        before = filed or brief
        if run is not None:
            before = _brief_or_none(work, case, rules.plan_from_json(run.plan)) or before
        stored = dict(person for some in facts.crowd(work, batch.id) for person in some)
        crowd = stored | dict(instead or {})
        situations = judging.situations_of(work, case)
        free, rest = weighing.able(crowd.items(), situations)
        granted = weighing.earners(brief, free)
        if run is not None:
            then = _given(work, run.id)
        else:
            was = weighing.able(stored.items(), situations)[0] if instead else free
            then = weighing.earners(before, was)
        barred = [
            rules.judge(brief, one, swipes, situations.get(one, NOTHING_KNOWN))
            for one, swipes in rest
        ]
        lecturers = judging.lecturer_verdicts(work, brief, case)
        near = weighing.near(brief, free, granted)
        lists: dict[Group, Sequence[int]] = {
            Group.NEAR: [one.person_id for one in near],
            Group.GAINED: sorted(granted - then),
            Group.LOST: sorted((then - granted) & crowd.keys()),
            Group.REFUSED: [one for one in crowd if one not in granted],
            Group.OVERLAP: [v.person_id for v in barred if _overlaps(v)],
            Group.LECTURERS: [v.person_id for v in lecturers],
        }
        # Who gains is told what was missed before.
        by = before if group is Group.GAINED else brief
        said = _sayer(by, crowd, situations, lecturers if group is Group.LECTURERS else ())
        rows = _rows(work, lists[group][:most], crowd, said)
        unknown = facts.unknown_card_count(work, batch.id)
        strategies = tuple(
            Choice(one.strategy, one, named, len(weighing.earners(one, free)))
            for one, named in _alternatives(work, case, plan, own)
        )
    return Weighing(
        case=case,
        brief=brief,
        plan=plan,
        filed=filed,
        before=before,
        run=run,
        people=len(crowd),
        granted=len(granted),
        counts={group: len(ids) for group, ids in lists.items()},
        misses=weighing.misses(brief, free, granted),
        barred=tuple(Counter(one.reasons[0].why for one in barred).most_common()),
        windows=weighing.window_counts(brief.windows, free),
        windows_before=weighing.window_counts(before.windows, free),
        strategies=strategies,
        group=group,
        rows=rows,
        unknown=unknown,
    )


def _given(work: Work, run_id: int) -> set[int]:
    """Who has credit by a run as one who attended."""
    return set(
        work.session.scalars(
            select(VerdictRow.person_id).where(
                VerdictRow.run_id == run_id, VerdictRow.granted, VerdictRow.part == Part.ATTENDEE
            )
        )
    )


def _brief_or_none(work: Work, case: Case, plan: Plan) -> Brief | None:
    try:
        return judging.brief_of(work, case, plan)
    except InvalidError:
        return None


def _alternatives(work: Work, case: Case, plan: Plan, own: Plan) -> Iterable[tuple[Brief, bool]]:
    """The briefs of every strategy that the batch can be judged by, the one tried among them."""
    for strategy in Strategy:
        if strategy is Strategy.LISTED and not own.listed:
            continue
        windows = _windows_for(strategy, plan) or _windows_for(strategy, own)
        other = replace(plan, strategy=strategy, windows=windows, listed=own.listed)
        brief = _brief_or_none(work, case, other)
        if brief is not None:
            yield brief, bool(windows)


def _windows_for(strategy: Strategy, plan: Plan) -> tuple[str | Window, ...]:
    """The windows of a plan, where they mean the same to another strategy."""
    if strategy not in WINDOW_STRATEGIES or plan.strategy not in WINDOW_STRATEGIES:
        return ()
    alike = (strategy in COURSE_STRATEGIES) == (plan.strategy in COURSE_STRATEGIES)
    return plan.windows if alike else ()


def _overlaps(verdict: Verdict) -> bool:
    return any(reason.why is Why.OVERLAP for reason in verdict.reasons)


def _sayer(
    brief: Brief,
    crowd: Mapping[int, Sequence[int]],
    situations: Mapping[int, Situation],
    lecturers: Iterable[Verdict],
) -> Callable[[int], Verdict]:
    stands = {one.person_id: one for one in lecturers}

    def said(person_id: int) -> Verdict:
        if person_id in stands:
            return stands[person_id]
        situation = situations.get(person_id, NOTHING_KNOWN)
        return rules.judge(brief, person_id, crowd.get(person_id, ()), situation)

    return said


def _rows(
    work: Work,
    ids: Sequence[int],
    crowd: Mapping[int, Sequence[int]],
    said: Callable[[int], Verdict],
) -> tuple[Listed, ...]:
    if not ids:
        return ()
    named = people.people_of(work, ids)
    units = org.units_of(
        work, {one.unit_id for one in named.values()} | {
            one.department_id for one in named.values() if one.department_id is not None
        },
    )  # fmt: skip
    rows = []
    for person_id in ids:
        person = named[person_id]
        unit = units[person.department_id or person.unit_id]
        rows.append(Listed(person, unit.name, tuple(crowd.get(person_id, ())), said(person_id)))
    return tuple(rows)
