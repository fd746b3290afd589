"""项目 — what a number says, where a project may go next, and what is wrong with a filed one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from app.kernel.errors import RowError
from app.kernel.span import Span, local_date, shown
from app.projects.terms import (
    Act,
    FiledBatch,
    FiledPlan,
    FiledProject,
    NumberForm,
    ProjectNumber,
    ProjectState,
    Session,
)

LONGEST_NUMBER = 30  # domain.md 1.7
YEARS = range(1990, 2100)
MOST_CREDITS = Decimal(999)
MOST_HOURS = Decimal(999)
LONGEST_HOLDING = timedelta(days=366)
# Sign-in opens before the first lecture and the last table closes after the last; a week is a typo.
SLACK = timedelta(days=7)
# The names of domain.md 2.4 that have a public definition; 海南's has none.
STRATEGIES = (
    "windows", "any", "any_course", "all_courses", "prorata_hours", "min_swipes", "listed",
    "duration_ratio",
)  # fmt: skip

_ISSUED = re.compile(r"([0-9]{4})-([0-9]{2}-[0-9]{2})-[0-9]{3,4}(?:\((.{1,4})\))?")
_TEMPORARY = re.compile(r"L[0-9A-Z-]{3,}")
_FIXED = re.compile(r"ZX-[0-9]{2}")
# Typed by people who mean a hyphen, and left alone by NFKC.
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff5e"), "-")


def number_of(text: str) -> ProjectNumber:
    """项目编号 as it is kept: half-width, upper case, hyphens; and what its form says."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES).upper()
    plain = " ".join(plain.split())
    tight = plain.replace(" ", "")
    if issued := _ISSUED.fullmatch(tight):
        year, discipline, mark = issued.groups()
        return ProjectNumber(tight, NumberForm.ISSUED, int(year), discipline, mark)
    if _TEMPORARY.fullmatch(tight):
        return ProjectNumber(tight, NumberForm.TEMPORARY)
    if _FIXED.fullmatch(tight):
        return ProjectNumber(tight, NumberForm.FIXED)
    return ProjectNumber(plain, NumberForm.FREE)


_S = ProjectState
# domain.md 2.3. Registration before holding is a setting of some provinces, so it may be passed by;
# a project of several batches is awarded while it is still being held.
EDGES: Mapping[tuple[ProjectState, Act], ProjectState] = {
    (_S.DRAFT, Act.FILE): _S.FILED,
    (_S.FILED, Act.TAKE_UP): _S.UNIT_REVIEW,
    (_S.FILED, Act.SEND_BACK): _S.DRAFT,
    (_S.UNIT_REVIEW, Act.AGREE): _S.BUREAU_REVIEW,
    (_S.UNIT_REVIEW, Act.SEND_BACK): _S.DRAFT,
    (_S.BUREAU_REVIEW, Act.ANNOUNCE): _S.ANNOUNCED,
    (_S.BUREAU_REVIEW, Act.SEND_BACK): _S.DRAFT,
    (_S.ANNOUNCED, Act.REGISTER): _S.REGISTERED,
    (_S.ANNOUNCED, Act.HOLD): _S.HELD,
    (_S.REGISTERED, Act.HOLD): _S.HELD,
    (_S.HELD, Act.AWARD): _S.AWARDED,
    (_S.AWARDED, Act.AWARD): _S.AWARDED,
    (_S.AWARDED, Act.HOLD): _S.HELD,
    (_S.AWARDED, Act.UNDO): _S.HELD,
    (_S.AWARDED, Act.REPORT): _S.AWARD_REVIEW,
    (_S.AWARD_REVIEW, Act.SEND_BACK): _S.AWARDED,
    (_S.AWARD_REVIEW, Act.CLOSE): _S.CLOSED,
}


def next_state(state: ProjectState, act: Act) -> ProjectState | None:
    """The state that an act leads to; None where the act is not for that state."""
    return EDGES.get((state, act))


def reached(state: ProjectState, acts: Iterable[Act]) -> ProjectState | None:
    """The state that acts lead to one after the other; None where one is not for its state.

    Who is already where an act leads stays there, so an act may be told twice.
    """
    for act in acts:
        there = next_state(state, act)
        if there is None and state not in {to for (_, done), to in EDGES.items() if done is act}:
            return None
        state = there or state
    return state


def faults(filed: Sequence[FiledProject]) -> tuple[RowError, ...]:
    """What is wrong with the projects of one file by themselves, in the order of the file."""
    found: list[RowError] = []
    first: dict[str, int] = {}
    for project in filed:
        at = _At(project.row)
        seen = first.setdefault(project.no, project.row)
        if seen != project.row:
            code = "projects.import.number_twice"
            found.append(at.fault("project_no", project.no, code, first=seen))
        found += _project_faults(at, project)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _At:
    """Where in the file something stands: the project's row, and the path of the member."""

    row: int
    path: str = ""

    def member(self, name: str, place: int) -> _At:
        """The element at that place of a list."""
        return _At(self.row, f"{self.path}{name}[{place}].")

    def fault(self, column: str, value: object, code: str, /, **facts: object) -> RowError:
        return RowError(self.row, f"{self.path}{column}", str(value), code, tuple(facts.items()))

    def amount(self, column: str, amount: Decimal | None, most: Decimal) -> Iterator[RowError]:
        if amount is not None and not 0 <= amount <= most:
            yield self.fault(column, amount, "projects.import.amount_range", most=most)


def _project_faults(at: _At, project: FiledProject) -> Iterator[RowError]:
    if not 0 < len(project.no) <= LONGEST_NUMBER:
        code = "projects.import.number_long"
        yield at.fault("project_no", project.no, code, most=LONGEST_NUMBER)
    year_stands = project.year in YEARS
    if not year_stands:
        least, most = YEARS[0], YEARS[-1]
        yield at.fault("year", project.year, "projects.import.year_range", least=least, most=most)
    yield from at.amount("credits", project.credits, MOST_CREDITS)
    yield from at.amount("hours", project.hours, MOST_HOURS)
    yield from at.amount("cap_project", project.cap, MOST_CREDITS)
    numbers: set[int] = set()
    for place, batch in enumerate(project.batches):
        here = at.member("batches", place)
        if batch.no in numbers:
            yield here.fault("batch", batch.no, "projects.import.batch_twice")
        numbers.add(batch.no)
        yield from _batch_faults(here, batch)
        if year_stands and abs(local_date(batch.span.start).year - project.year) > 1:
            code, value = "projects.import.batch_year", shown(batch.span.start)
            yield here.fault("starts_at", value, code, year=project.year)


def _batch_faults(at: _At, batch: FiledBatch) -> Iterator[RowError]:
    if batch.no < 1:
        yield at.fault("batch", batch.no, "projects.import.batch_low")
    if batch.limit_persons is not None and batch.limit_persons < 1:
        yield at.fault("limit_persons", batch.limit_persons, "projects.import.limit_low")
    start, end = shown(batch.span.start), shown(batch.span.end)
    if batch.span.start >= batch.span.end:
        yield at.fault("ends_at", end, "projects.import.batch_ends", start=start)
    if batch.span.end - batch.span.start > LONGEST_HOLDING:
        yield at.fault("ends_at", end, "projects.import.batch_long")
    keys: set[str] = set()
    for place, session in enumerate(batch.sessions):
        here = at.member("sessions", place)
        if session.key in keys:
            yield here.fault("session_id", session.key, "projects.import.session_twice")
        keys.add(session.key)
        yield from _session_faults(here, batch.span, session)
    yield from _plan_faults(_At(at.row, f"{at.path}plan."), batch.plan, keys)
    yield from _lecturer_faults(at, batch)


def _session_faults(at: _At, holding: Span, session: Session) -> Iterator[RowError]:
    start, end = shown(session.span.start), shown(session.span.end)
    if session.span.start >= session.span.end:
        yield at.fault("closes_at", end, "projects.import.session_closes", start=start)
    if session.span.start < holding.start - SLACK:
        yield at.fault("opens_at", start, "projects.import.session_far")
    if session.span.end > holding.end + SLACK:
        yield at.fault("closes_at", end, "projects.import.session_far")
    yield from at.amount("hours", session.hours, MOST_HOURS)


def _plan_faults(at: _At, plan: FiledPlan, keys: set[str]) -> Iterator[RowError]:
    if plan.strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        yield at.fault("strategy", plan.strategy, "projects.import.strategy", known=known)
    for place, key in enumerate(plan.windows):
        column = f"windows[{place}]"
        if key not in keys:
            known = ", ".join(sorted(keys)) or "-"
            yield at.fault(column, key, "projects.import.window", known=known)
        elif key in plan.windows[:place]:
            yield at.fault(column, key, "projects.import.window_twice")
    if plan.min_swipes is not None and plan.min_swipes < 1:
        yield at.fault("min_swipes", plan.min_swipes, "projects.import.min_swipes")
    if plan.ratio is not None and not 0 < plan.ratio <= 1:
        yield at.fault("ratio", plan.ratio, "projects.import.ratio")
    if plan.strategy == "listed" and not plan.listed:
        yield at.fault("listed", "", "projects.import.listed")


def _lecturer_faults(at: _At, batch: FiledBatch) -> Iterator[RowError]:
    first = local_date(batch.span.start)
    last = local_date(batch.span.end - timedelta(microseconds=1))
    for place, lecturer in enumerate(batch.lecturers):
        here = at.member("lecturers", place)
        if first <= last and not first <= lecturer.on <= last:
            code = "projects.import.lecture_day"
            yield here.fault("date", lecturer.on, code, first=first, last=last)
        yield from here.amount("hours", lecturer.hours, MOST_HOURS)
