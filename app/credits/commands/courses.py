"""公需课 — a list of courses is checked, taken into the ledger, and perhaps taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from app.base import words
from app.base.work import Work, command
from app.credits import queries, rules, steps
from app.credits.terms import Course, CourseDraft, Worth
from app.kernel.actor import Permission
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import RowError
from app.kernel.place import Place
from app.kernel.sheet import Line, Sheet
from app.kernel.span import local_date
from app.kernel.table import Table
from app.kernel.tidy import Tidied
from app.people import queries as people_queries
from app.people import steps as people
from app.people.terms import ID_NUMBER, Enrolment, Fate, ImportKind, ImportLine, KnownPerson
from app.standards import queries as standards
from app.standards import rules as standard_rules
from app.standards.queries import Edition

_Told: TypeAlias = tuple[CourseDraft, tuple[str, KnownPerson]]


@command(Permission.CREDITS_ENTER)
def check_courses(work: Work, table: Table, tidied: Tidied, import_id: int | None = None) -> int:
    """检查公需课 — what each line would give, and every wrong cell; the number it is kept under."""

    def judge(some: Sheet) -> Enrolment:
        return Enrolment.of([plan.line for plan in _plans(work, some, lock=False)])

    return people.check(work, ImportKind.COURSES, table, tidied, judge, import_id)


@command(Permission.CREDITS_ENTER)
def take_courses(work: Work, import_id: int) -> Enrolment:
    """公需课入账 — the good lines of a checked list are credit from now on, once.

    A course that a person has in a year already is not given again; where it is told otherwise now,
    the old entry is reversed and the new one entered. ConflictError where somebody took the list in
    already; InvalidError where a line is good no more: then nothing is entered.
    """
    row, sheet = people.taking(work, ImportKind.COURSES, import_id)
    plans = _plans(work, sheet, lock=True)
    old = {one.standing.entry_id: one.person_id for one in plans if one.replaces and one.standing}
    reason = words.sentence("roster", "courses.corrected", {"name": row.name})
    steps.reverse_entries(work, old, reason)
    new = [plan for plan in plans if plan.line.fate is not Fate.SAME]
    ids = steps.enter_courses(work, [plan.given for plan in new])
    before = [
        [plan.person_id, plan.line.no, entry_id, plan.standing and plan.standing.entry_id]
        for entry_id, plan in zip(ids, new, strict=True)
    ]
    return people.taken(work, row, Enrolment.of([one.line for one in plans]), {"given": before})


@command(Permission.CREDITS_ENTER)
def undo_courses(work: Work, import_id: int) -> tuple[str, ...]:
    """撤回公需课 — what the list gave is reversed, and what it replaced is given again, for a day.

    The numbers of those of whom that is not so, because their course was told anew since, or they
    are out of sight. ConflictError where it was taken back, or is too long ago.
    """
    row, body, _ = people.undoing(work, ImportKind.COURSES, import_id)
    given = [(person, no, new, old) for person, no, new, old in body["given"]]
    locked = people_queries.known(work, {no for _, no, _, _ in given}, lock=True)
    here = {one.id for one in locked.values()}
    told = {
        one.entry_id: one for one in queries.courses_told(work, [new for _, _, new, _ in given])
    }
    standing = {
        rules.same_course(one): one.entry_id
        for one in queries.standing_courses(work, here, {one.year for one in told.values()})
    }
    # What was given back after a later list was taken back is another entry of the same.
    back = {
        new: standing[rules.same_course(told[new])]
        for person, _, new, _ in given
        if person in here and new in told and rules.same_course(told[new]) in standing
    }
    reason = words.sentence("roster", "courses.undone", {"name": row.name})
    steps.reverse_entries(
        work, {back[new]: person for person, _, new, _ in given if new in back}, reason
    )
    steps.enter_again(
        work,
        {old: person for person, _, new, old in given if new in back and old is not None},
    )
    people.undone(work, row, len(back))
    return tuple(sorted({no for _, no, new, _ in given if new not in back}))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of a line: whose course it is, what it gives, what stands of it."""

    line: ImportLine
    draft: CourseDraft
    person_id: int
    place: Place
    year: int
    on: date
    worth: Worth
    edition: Edition
    standing: Course | None

    @property
    def replaces(self) -> bool:
        return self.line.fate is Fate.CHANGED

    @property
    def given(self) -> steps.Given:
        return steps.Given(
            person_id=self.person_id, path=self.place.path, year=self.year,
            course=self.draft.course, issuer=self.draft.issuer, given_on=self.on,
            worth=self.worth, edition_id=self.edition.id,
        )  # fmt: skip


def _plans(work: Work, sheet: Sheet, *, lock: bool) -> tuple[_Plan, ...]:
    """What every line would do. InvalidError names every wrong cell."""
    today = local_date(work.now)
    drafts, faults = rules.read(sheet, today)
    who, strangers = _people(work, drafts, lock=lock)
    found = [*faults, *strangers]
    good = [(draft, who[draft.line.row]) for draft in drafts
            if draft.line.row in who and draft.year]  # fmt: skip
    editions = _editions(work, good)
    told: dict[tuple[int, int, str], list[Line]] = {}
    for draft, (_, person) in good:
        year = standard_rules.year_numbered(editions[draft.year, person.place].pack, draft.year)
        found += rules.day_fault(draft, year, today)
        key = (person.id, draft.year, rules.key_of(draft.course))
        told.setdefault(key, []).append(draft.line)
    found += rules.repeated(told)
    sheet.refuse_faults(found)
    return tuple(_judged(work, good, editions))


def _judged(
    work: Work, good: Sequence[_Told], editions: Mapping[tuple[int, Place], Edition]
) -> Iterator[_Plan]:
    ids = {person.id for _, (_, person) in good}
    standing = queries.standing_courses(work, ids, {draft.year for draft, _ in good})
    by_key = {(one.person_id, one.year, rules.key_of(one.course)): one for one in standing}
    used: dict[tuple[int, int], Credit] = {}
    for one in standing:
        used[one.person_id, one.year] = used.get((one.person_id, one.year), NO_CREDIT) + one.net
    for draft, (no, person) in good:
        year = draft.year
        edition = editions[year, person.place]
        known = by_key.get((person.id, year, rules.key_of(draft.course)))
        at = used.get((person.id, year), NO_CREDIT) - (known.net if known else NO_CREDIT)
        worth = rules.worth(edition.pack, draft, at)
        used[person.id, year] = at + worth.net
        columns = () if known is None else rules.new_columns(known, draft, worth)
        fate = Fate.ADDED if known is None else Fate.CHANGED if columns else Fate.SAME
        line = ImportLine(draft.line.row, no, person.profile.name, fate, columns)
        last_on = standard_rules.year_numbered(edition.pack, year).last_on
        on = draft.taken_on or min(last_on, local_date(work.now))
        yield _Plan(line, draft, person.id, person.place, year, on, worth, edition, known)


def _editions(
    work: Work, good: Sequence[_Told]
) -> dict[tuple[int, Place], Edition]:  # fmt: skip
    """By which edition each person's place goes in each year; one question a year."""
    places: dict[int, set[Place]] = {}
    for draft, (_, person) in good:
        places.setdefault(draft.year, set()).add(person.place)
    return {
        (year, place): edition
        for year, some in places.items()
        for place, edition in standards.packs_for(
            work, some, standard_rules.day_within(year)
        ).items()
    }


def _people(
    work: Work, drafts: Collection[CourseDraft], *, lock: bool
) -> tuple[dict[int, tuple[str, KnownPerson]], list[RowError]]:
    """Whose line each is, by row, and which lines are nobody's or two people's."""
    index = {draft.line.row: work.site.vault.index(draft.identity, ID_NUMBER) for draft in drafts
             if draft.identity}  # fmt: skip
    holders = people_queries.holders(
        work, {draft.person_no for draft in drafts if draft.person_no}, set(index.values())
    )
    known = people_queries.known(work, {one.no for one in holders.values()}, lock=lock)
    found: dict[int, tuple[str, KnownPerson]] = {}
    faults: list[RowError] = []
    for draft in drafts:
        row = draft.line.row
        by_no = holders.get(draft.person_no) if draft.person_no else None
        by_id = holders.get(index[row]) if row in index else None
        fault = rules.holder_fault(draft, by_no, by_id)
        holder = by_no or by_id
        if fault is not None:
            faults.append(fault)
        elif holder is not None:
            found[row] = (holder.no, known[holder.no])
    return found, faults
