"""项目 — what a number says, where a project may go next, and what is wrong with a filed one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
    """项目编号 as it is kept, half-width, upper case, hyphens for dashes; and what its form says."""
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


def faults(filed: Sequence[FiledProject]) -> tuple[RowError, ...]:
    """What is wrong with the projects of one file by themselves, in the order of the file."""
    found: list[RowError] = []
    first: dict[str, int] = {}
    for project in filed:
        seen = first.setdefault(project.no, project.row)
        if seen != project.row:
            found.append(_fault(project, "project_no", project.no, "number_twice", first=seen))
        found += _project_faults(project)
    return tuple(found)


def _project_faults(project: FiledProject) -> Iterator[RowError]:
    if not 0 < len(project.no) <= LONGEST_NUMBER:
        yield _fault(project, "project_no", project.no, "number_long", most=LONGEST_NUMBER)
    if project.year not in YEARS:
        yield _fault(
            project, "year", project.year, "year_range", least=YEARS.start, most=YEARS.stop - 1
        )
    for column, amount, most in (
        ("credits", project.credits, MOST_CREDITS),
        ("hours", project.hours, MOST_HOURS),
        ("cap_project", project.cap, MOST_CREDITS),
    ):
        yield from _amount_faults(project, column, amount, most)
    places: dict[int, int] = {}
    for place, batch in enumerate(project.batches):
        at = f"batches[{place}]"
        if places.setdefault(batch.no, place) != place:
            yield _fault(project, f"{at}.batch", batch.no, "batch_twice")
        yield from _batch_faults(project, batch, at)


def _batch_faults(project: FiledProject, batch: FiledBatch, at: str) -> Iterator[RowError]:
    if batch.no < 1:
        yield _fault(project, f"{at}.batch", batch.no, "batch_low")
    if batch.limit_persons is not None and batch.limit_persons < 1:
        yield _fault(project, f"{at}.limit_persons", batch.limit_persons, "limit_low")
    yield from _span_faults(project, batch.span, f"{at}.ends_at", "batch_ends")
    if batch.span.end - batch.span.start > LONGEST_HOLDING:
        yield _fault(project, f"{at}.ends_at", shown(batch.span.end), "batch_long")
    if abs(local_date(batch.span.start).year - project.year) > 1:
        value = shown(batch.span.start)
        yield _fault(project, f"{at}.starts_at", value, "batch_year", year=project.year)
    keys: set[str] = set()
    for place, session in enumerate(batch.sessions):
        here = f"{at}.sessions[{place}]"
        if session.key in keys:
            yield _fault(project, f"{here}.session_id", session.key, "session_twice")
        keys.add(session.key)
        yield from _session_faults(project, batch.span, session, here)
    yield from _plan_faults(project, batch.plan, keys, f"{at}.plan")
    yield from _lecturer_faults(project, batch, at)


def _session_faults(
    project: FiledProject, holding: Span, session: Session, at: str
) -> Iterator[RowError]:
    yield from _span_faults(project, session.span, f"{at}.closes_at", "session_closes")
    if session.span.start < holding.start - SLACK:
        yield _fault(project, f"{at}.opens_at", shown(session.span.start), "session_far")
    if session.span.end > holding.end + SLACK:
        yield _fault(project, f"{at}.closes_at", shown(session.span.end), "session_far")
    yield from _amount_faults(project, f"{at}.hours", session.hours, MOST_HOURS)


def _plan_faults(
    project: FiledProject, plan: FiledPlan, keys: set[str], at: str
) -> Iterator[RowError]:
    if plan.strategy not in STRATEGIES:
        known = " ".join(STRATEGIES)
        yield _fault(project, f"{at}.strategy", plan.strategy, "strategy", known=known)
    for place, key in enumerate(plan.windows):
        if key not in keys:
            known = " ".join(sorted(keys)) or "-"
            yield _fault(project, f"{at}.windows[{place}]", key, "window", known=known)
    repeated = [key for key, times in Counter(plan.windows).items() if times > 1]
    for key in repeated:
        yield _fault(project, f"{at}.windows", key, "window_twice")
    if plan.min_swipes is not None and plan.min_swipes < 1:
        yield _fault(project, f"{at}.min_swipes", plan.min_swipes, "min_swipes")
    if plan.ratio is not None and not 0 < plan.ratio <= 1:
        yield _fault(project, f"{at}.ratio", plan.ratio, "ratio")
    if plan.strategy == "listed" and not plan.listed:
        yield _fault(project, f"{at}.listed", "", "listed")


def _lecturer_faults(project: FiledProject, batch: FiledBatch, at: str) -> Iterator[RowError]:
    days = (local_date(batch.span.start), local_date(batch.span.end - timedelta(microseconds=1)))
    for place, lecturer in enumerate(batch.lecturers):
        here = f"{at}.lecturers[{place}]"
        if days[0] <= days[1] and not days[0] <= lecturer.on <= days[1]:
            yield _fault(
                project, f"{here}.date", lecturer.on, "lecture_day", first=days[0], last=days[1]
            )
        yield from _amount_faults(project, f"{here}.hours", lecturer.hours, MOST_HOURS)


def _span_faults(project: FiledProject, span: Span, column: str, cause: str) -> Iterator[RowError]:
    if span.start >= span.end:
        yield _fault(project, column, shown(span.end), cause, start=shown(span.start))


def _amount_faults(
    project: FiledProject, column: str, amount: Decimal | None, most: Decimal
) -> Iterator[RowError]:
    if amount is not None and not 0 <= amount <= most:
        yield _fault(project, column, amount, "amount_range", most=most)


def _fault(
    project: FiledProject, column: str, value: object, cause: str, **facts: object
) -> RowError:
    code = f"projects.import.{cause}"
    return RowError(project.row, column, str(value), code, tuple(facts.items()))
