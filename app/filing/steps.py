"""Steps of taking a table of projects in, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from app.base import words
from app.base.work import Work
from app.filing import queries
from app.filing.rules import lists
from app.filing.terms import ListLine
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError, RowError
from app.kernel.sheet import Sheet
from app.org import queries as org
from app.people.terms import Enrolment, Fate, ImportLine
from app.projects import queries as asked
from app.projects import steps as projects
from app.projects.terms import FiledProject, OnFile
from app.standards import queries as standards
from app.standards import rules as standard_rules
from app.standards.terms import ClaimRole, Item, Pack

# A project as it is kept for a day, such that it can stand so again.
_KEPT = TypeAdapter(FiledProject)


def judged(work: Work, sheet: Sheet) -> Enrolment:
    """What every line would do. InvalidError names every wrong cell."""
    return Enrolment.of([line for plan in _plans(work, sheet) for line in plan.told])


def take(work: Work, sheet: Sheet) -> tuple[Enrolment, dict[str, Any]]:
    """The lines are done, and what taking them back needs to know."""
    plans = _plans(work, sheet)
    new = [plan for plan in plans if plan.brings]
    numbers = [plan.filed.no for plan in new]
    before = {plan.filed.no: plan.standing for plan in new}
    projects.put(work, [plan.filed for plan in new])
    after = asked.on_file(work, numbers)
    with work.reaching():
        hanging = _hanging(work, after)
    kept = [[no, _told(before[no]), _told(after[no]), hanging[no]] for no in numbers]
    return Enrolment.of([line for plan in plans for line in plan.told]), {"projects": kept}


def take_back(work: Work, before: Mapping[str, Any]) -> tuple[int, tuple[str, ...]]:
    """How many projects stand as before, or are no more; and the numbers of the others."""
    told = {no: (was, then, hung) for no, was, then, hung in before["projects"]}
    now = asked.on_file(work, told, lock=True)
    with work.reaching():
        hanging = _hanging(work, now)
    gone: list[int] = []
    batches: list[int] = []
    back: list[FiledProject] = []
    for no, found in now.items():
        was, then, hung = told[no]
        if _told(found) != then or hanging[no] != hung:
            continue
        stood = None if was is None else _KEPT.validate_python(was["filed"])
        left = {one.no for one in stood.batches} if stood else set()
        batches += [key for n, key in found.batches.items() if n not in left]
        if stood is None:
            gone.append(found.id)
        else:
            back.append(stood)
    if back:
        projects.put(work, back)
    projects.withdraw(work, gone, batches)
    return len(gone) + len(back), tuple(sorted(told.keys() - _done(gone, back, now)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of a project: as the lines say it, as it stands, and the fate of each line."""

    filed: FiledProject
    standing: OnFile | None
    told: tuple[ImportLine, ...]

    @property
    def brings(self) -> bool:
        """Whether any of its lines brings something new."""
        return any(one.fate is not Fate.SAME for one in self.told)


def _plans(work: Work, sheet: Sheet) -> list[_Plan]:
    lines, faults = lists.read(sheet)
    groups: dict[str, list[ListLine]] = {}
    for line in lines:
        groups.setdefault(line.no, []).append(line)
    found = list(faults)
    standing = asked.on_file(work, groups, lock=True)
    # Who announced a batch may tell it anew; who hosts it has a way of its own for that.
    reviews = Permission.PROJECTS_REVIEW in work.actor.permissions
    announced = frozenset() if reviews else queries.announced(work, groups)
    packs = _packs(work, lines)
    book = words.book("filing")
    labels = (book["session.start"], book["session.end"])
    plans: list[_Plan] = []
    for no, group in groups.items():
        item = _item(packs, group[0])
        if isinstance(item, RowError):
            found.append(item)
            continue
        most = None if item is None else standard_rules.limits_of(
            packs[group[0].unit_code, group[0].year], item, ClaimRole.ATTENDEE
        ).project  # fmt: skip
        fault = lists.worth_fault(group[0], None if most is None else most.amount)
        found += [] if fault is None else [fault]
        stands = standing.get(no)
        filed = lists.filed(group, stands, None if item is None else item.credit_class, labels)
        plan, wrong = _judged(filed, group, stands, None if item is None else item.per)
        plans.append(plan)
        found += wrong
        if no in announced:
            kept = map(lists.keeps, group, (one.columns for one in plan.told))
            found += [fault for fault in kept if fault is not None]
    told = {plan.filed.row: plan.filed for plan in plans}
    for one in projects.misfits(work, list(told.values())):
        filed = told[one.row]
        found.append(lists.retold(one, filed, groups[filed.no]))
    sheet.refuse_faults(found)
    return plans


def _judged(
    filed: FiledProject, group: Sequence[ListLine], standing: OnFile | None, per: Any
) -> tuple[_Plan, list[RowError]]:
    told, wrong = [], []
    for line in group:
        known = standing is not None and line.batch in standing.batches
        columns = lists.new_columns(line, filed, standing) if standing else ()
        fate = Fate.ADDED if not known else Fate.CHANGED if columns else Fate.SAME
        fault = None if standing is None else lists.stays(line, standing, columns)
        wrong += [] if fault is None else [fault]
        notes = () if fate is Fate.SAME else tuple(lists.notes(line, per))
        said = words.sentence("roster", "projects.batch", {"name": line.name, "batch": line.batch})
        told.append(ImportLine(line.line.row, line.no, said, fate, columns, notes))
    return _Plan(filed, standing, tuple(told)), wrong


def _packs(work: Work, lines: Sequence[ListLine]) -> dict[tuple[str, int], Pack]:
    """By which standard each unit goes in each year; one question a year."""
    units = org.units_by_code(work, {line.unit_code for line in lines})
    places: dict[int, set[str]] = {}
    for line in lines:
        if line.unit_code in units:
            places.setdefault(line.year, set()).add(line.unit_code)
    found = {}
    for year, codes in places.items():
        day = standard_rules.day_within(year)
        editions = standards.packs_for(work, {units[code].place for code in codes}, day)
        found.update({(code, year): editions[units[code].place].pack for code in codes})
    return found


def _item(packs: Mapping[tuple[str, int], Pack], line: ListLine) -> Item | RowError | None:
    """The item of the standard that a project of its level is; none for an unknown unit."""
    pack = packs.get((line.unit_code, line.year))
    if pack is None:
        return None
    try:
        return standard_rules.item_of(pack, line.level)
    except InvalidError:
        return line.line.wrong("project_level", "filing.list.no_level", year=line.year)


def _told(one: OnFile | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"state": one.state.value, "filed": _KEPT.dump_python(one.filed, mode="json")}


def _hanging(work: Work, found: Mapping[str, OnFile]) -> dict[str, int]:
    """How much hangs on the batches of each project."""
    on = asked.hanging_on(work, [key for one in found.values() for key in one.batches.values()])
    return {no: sum(on.get(key, 0) for key in one.batches.values()) for no, one in found.items()}


def _done(gone: Sequence[int], back: Sequence[FiledProject], now: Mapping[str, OnFile]) -> set[str]:
    return {one.no for one in back} | {no for no, one in now.items() if one.id in gone}
