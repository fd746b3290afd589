"""待办 — what waits for who is looking: on the first page in sentences, in the menu as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flask import url_for

from app.accounts.queries import proofs
from app.attendance.queries import guessing
from app.awards import queries as awards
from app.awards.queries import Due
from app.base import words
from app.base.work import Work
from app.filing import queries as filings
from app.kernel.actor import Permission
from app.kernel.span import local_date
from app.making import queries as making
from app.projects.terms import ProjectState
from app.speech.saying import day
from app.transfers import queries as transfers

DOORS = (
    "accounts.requests", "attendance.stray_count", "awards.due", "awards.due_below",
    "awards.reviewing", "filing.waiting", "making.late", "transfers.waiting",
)  # fmt: skip
_PATIENCE = 3  # working days after which an award is late


@dataclass(frozen=True, slots=True)
class Todo:
    """待办 — how many of what, on which screen, and where to go; `late` in words when it is.

    What is not `mine` others are to do, on whom whoever is looking has an eye.
    """

    screen: str
    code: str
    count: int
    address: str
    facts: Mapping[str, object] = field(default_factory=dict)
    late: str = ""
    mine: bool = True

    @property
    def what(self) -> str:
        """What there are so many of."""
        return _said(f"{self.code}.what", self.facts)

    @property
    def detail(self) -> str:
        """What it is about."""
        return _said(f"{self.code}.detail", self.facts)

    @property
    def act(self) -> str:
        """What the button says."""
        return _said(f"{self.code}.act", self.facts)


def todos(work: Work) -> tuple[Todo, ...]:
    """All that waits, what is late first."""
    may = work.actor.permissions
    asked = (
        (Permission.AWARDS_READ, _awards), (Permission.PROJECTS_READ, _filings),
        (Permission.SWIPES_READ, _strays), (Permission.PEOPLE_TRANSFER, _transfers),
        (Permission.CARDS_CHANGE, _cards), (Permission.ACCOUNTS_BIND, _bindings),
    )  # fmt: skip
    found = [todo for need, ask in asked if need in may for todo in ask(work) if todo.count]
    return tuple(sorted(found, key=lambda todo: not todo.late))


def badges(found: tuple[Todo, ...]) -> dict[str, int]:
    """How many wait behind each item of the menu."""
    sums: dict[str, int] = {}
    for todo in (one for one in found if one.mine):
        sums[todo.screen] = sums.get(todo.screen, 0) + todo.count
    return sums


def _awards(work: Work) -> Iterator[Todo]:
    may, due = work.actor.permissions, awards.due(work)
    code = "award" if Permission.AWARDS_RUN in may else "award_of_others"
    yield from _award(due, code)
    yield Todo("projects", "swipes", due.waiting, url_for("projects.shelf"))
    if Permission.AWARDS_REVIEW in may:
        reported = awards.reviewing(work)
        if reported.count:
            address = url_for("projects.dossier", no=reported.no)
            facts = {"project": reported.name}
            yield Todo("projects", "reviewing", reported.count, address, facts)
        yield from (
            replace(one, mine=False)
            for one in _award(awards.due_below(work), "award_of_others") if one.late
        )  # fmt: skip


def _award(due: Due, code: str) -> Iterator[Todo]:
    if due.oldest is not None:
        one = due.oldest
        facts = {"project": one.project.name, "batch": one.no, "days": due.working_days}
        late = _said("award.late", facts) if due.working_days > _PATIENCE else ""
        address = url_for("analysis.page", no=one.project.no, batch=one.no)
        yield Todo("projects", code, due.count, address, facts, late)


def _filings(work: Work) -> Iterator[Todo]:
    waiting, may = filings.waiting(work), work.actor.permissions
    for code, count, state, need in (
        ("filing_bureau", waiting.bureau, ProjectState.BUREAU_REVIEW, Permission.PROJECTS_REVIEW),
        ("filing_unit", waiting.unit, ProjectState.UNIT_REVIEW, Permission.PROJECTS_REPORT),
        ("filing_returned", waiting.returned, ProjectState.DRAFT, Permission.PROJECTS_FILE),
    ):
        if need in may:
            yield Todo("filings", code, count, url_for("filings.shelf", state=state))
    if waiting.oldest is not None and Permission.PROJECTS_REVIEW in may:
        one = waiting.oldest
        start = day(local_date(one.before.span.start), beside=local_date(work.now).year)
        facts = {"project": one.project_name, "batch": one.batch_no, "start": start}
        address = url_for("projects.alteration", no=one.project_no, batch=one.batch_no)
        yield Todo("projects", "alterations", waiting.altered, address, facts)


def _strays(work: Work) -> Iterator[Todo]:
    yield Todo("projects", "strays", guessing.stray_count(work), url_for("settling.strays"))


def _transfers(work: Work) -> Iterator[Todo]:
    moving = transfers.waiting(work)
    facts = {"names": _some(moving.names, moving.count)}
    code = "transfers_agreed"
    if moving.until is not None:
        code, facts["until"] = "transfers", day(local_date(moving.until))
    yield Todo("transfers", code, moving.count, url_for("transfers.shelf"), facts)


def _cards(work: Work) -> Iterator[Todo]:
    late = making.late(work)
    if late and (due_on := late[0].due_on):
        first = late[0]
        facts = {"unit": first.unit_name, "left": first.asked - first.handed}
        told = _said("cards.late", {"days": (local_date(work.now) - due_on).days})
        mine = not work.actor.governs
        yield Todo("cards", "cards", len(late), url_for("cards.shelf"), facts, told, mine)


def _bindings(work: Work) -> Iterator[Todo]:
    asked = proofs.requests(work)
    if asked:
        facts = {
            "names": _some([asked[0].name], len(asked)),
            "since": day(local_date(asked[0].asked_at)),
        }
        yield Todo("bindings", "bindings", len(asked), url_for("bindings.page"), facts)


def _some(names: Sequence[str], count: int) -> str:
    some = _said("some", {}).join(names)
    return some if count <= len(names) else _said("and_others", {"names": some})


def _said(code: str, facts: Mapping[str, object]) -> str:
    return words.sentence("todo", code, facts)
