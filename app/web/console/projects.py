"""项目 — the projects of a unit, and one of them with its batches and what each waits for."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.awards import queries as awards
from app.awards import rules
from app.awards.terms import Next, Standing
from app.base import words
from app.base.work import Work, passes
from app.projects import queries as projects
from app.projects.queries import A_PAGE
from app.projects.terms import Batch, BatchId, Level, ProjectState, Sought
from app.web.console import frame
from app.web.sessions import Guest, entered

blueprint = frame.screens("projects", "/projects")

_LONGEST = 60
_DIGITS = 4
E = TypeVar("E", bound=StrEnum)


@blueprint.get("/")
@passes("projects.shelf", "awards.standings_of", *frame.DOORS)
@entered(Stage.OPEN)
def shelf(guest: Guest) -> ResponseReturnValue:
    """The projects within sight, narrowed as the address says."""
    sought, page = _sought(), _page()
    with frame.working(guest) as work:
        found = projects.shelf(work, sought, page)
        every = [one for batches in found.batches.values() for one in batches]
        standings, ahead = _ahead(work, every)
    return frame.page(
        guest, "console/projects.html", found=found, sought=sought, page=page, levels=Level,
        states=ProjectState, pages=-(-found.count // A_PAGE), standings=standings, ahead=ahead,
        word=word, to=_to,
    )  # fmt: skip


@blueprint.get("/<path:no>")
@passes("projects.dossier_of", "awards.standings_of", *frame.DOORS)
@entered(Stage.OPEN)
def dossier(guest: Guest, no: str) -> ResponseReturnValue:
    """One project: its batches, and the next step of each."""
    with frame.working(guest) as work:
        found = projects.dossier_of(work, no)
        standings, ahead = _ahead(work, found.batches)
    return frame.page(
        guest, "console/project.html", found=found, standings=standings, ahead=ahead, word=word
    )


def word(code: str) -> str:
    """A word of the console's own book."""
    return words.book("console")[code]


def _ahead(work: Work, batches: Iterable[Batch]) -> tuple[dict[int, Standing], dict[BatchId, Next]]:
    """How far each of the batches has come, and what it waits for."""
    known = {batch.id: batch for batch in batches}
    standings = awards.standings_of(work, known)
    ahead = {
        key: rules.next_of(one.project.state, standings[key], ended=one.span.end <= work.now)
        for key, one in known.items()
    }
    return standings, ahead


def _sought() -> Sought:
    asked = request.args
    year = asked.get("year", "")
    return Sought(
        int(year) if year.isascii() and year.isdecimal() and len(year) <= _DIGITS else None,
        _one_of(Level, asked.get("level", "")),
        _one_of(ProjectState, asked.get("state", "")),
        asked.get("words", "")[:_LONGEST].strip(),
    )


def _one_of(kind: type[E], value: str) -> E | None:
    return kind(value) if value in set(kind) else None


def _page() -> int:
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 1


def _to(page: int) -> str:
    """The same list at another page."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if value}
    return url_for("projects.shelf", **kept | {"page": page})
