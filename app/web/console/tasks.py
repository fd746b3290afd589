"""我的任务 — what one has set going: how far it is, how it ended, and the way to stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.awards import commands as awards
from app.awards import queries as awarding
from app.awards.queries import OwnRun, OwnRuns
from app.awards.terms import RunState
from app.base import words
from app.base.acts import Act
from app.base.work import Work, passes
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError
from app.making import queries as making
from app.making.terms import CardBatch
from app.people import queries as people
from app.people.terms import ImportRecord, ImportState
from app.speech.saying import gap
from app.web.console import frame
from app.web.console.pacing import Pace, pace_of
from app.web.sessions import Guest, entered

blueprint = frame.screens("tasks", "/tasks")

_LISTED = ("awards.own_runs", "people.own_imports", "making.own_materials")
_DOORS = (*frame.DOORS, *_LISTED)


@dataclass(frozen=True, slots=True)
class Task:
    """任务 — what, since when, how it is; while it waits whether somebody is at it, and how far."""

    what: str
    at: datetime
    state: str
    said: str
    address: str
    run_id: int = 0
    waits: bool = False
    pace: Pace | None = None


@blueprint.get("")
@passes(*_DOORS)
@entered(Stage.OPEN)
def page(guest: Guest) -> ResponseReturnValue:
    """The tasks of a month, the newest first."""
    return frame.page(guest, "console/tasks.html", **_shown(guest))


@blueprint.get("/list")
@passes(*_LISTED)
@entered(Stage.OPEN)
def listed(guest: Guest) -> ResponseReturnValue:
    """The list alone, for a page that is looked at while something is under way."""
    shown = _shown(guest) | {"session": guest.session, "at": frame.here}
    return make_response(render_template("console/tasks_list.html", **shown))


@blueprint.post("/<int:run_id>/cancel")
@passes(*_DOORS, "awards.cancel")
@entered(Stage.OPEN)
def cancel(guest: Guest, run_id: int) -> ResponseReturnValue:
    """Nothing of an award is written, whether it waits or is being made."""
    try:
        with frame.working(guest) as work:
            stopped = awards.cancel(work, run_id)
    except ConflictError as refused:
        frame.say(words.of_error(refused))
    else:
        frame.tell("tasks.cancelled" if stopped else "tasks.stopping")
    if request.form.get("back") == "run":
        return redirect(url_for("awarding.run", run_id=run_id), 303)
    return redirect(url_for("tasks.page"), 303)


def _shown(guest: Guest) -> dict[str, Any]:
    may = guest.actor.permissions
    with frame.working(guest) as work:
        found = _tasks(work, may)
    return {
        "tasks": found, "waits": any(one.waits for one in found),
        "may_cancel": Permission.AWARDS_RUN in may,
    }  # fmt: skip


def _tasks(work: Work, may: frozenset[Permission]) -> list[Task]:
    runs = awarding.own_runs(work) if Permission.AWARDS_READ in may else OwnRuns((), 0)
    imports = people.own_imports(work) if Permission.PEOPLE_IMPORT in may else ()
    taken = making.own_materials(work) if Permission.CARDS_CHANGE in may else ()
    found = [*_awards(runs, work.now), *map(_import, imports), *(_material(*one) for one in taken)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _awards(own: OwnRuns, now: datetime) -> list[Task]:
    found = []
    for one in own.runs:
        run, batch = one.run, one.batch
        pace = None if one.progress is None else pace_of(one.progress)
        name = {"project": batch.project.name, "batch": batch.no}
        found.append(
            Task(
                _say("award", name), run.asked_at, run.state,
                _how(one, own.usual_s, now) if pace is None else pace.said,
                url_for("awarding.run", run_id=run.id), run.id, run.state is RunState.QUEUED, pace,
            )
        )  # fmt: skip
    return found


def _how(one: OwnRun, usual_s: float, now: datetime) -> str:
    """How a run ended; of one that waits for a worker how long it may still be."""
    run = one.run
    passed = (now - run.asked_at).total_seconds()
    whole = usual_s * (one.ahead + 1)
    facts = {
        "granted": run.granted, "refused": run.refused, "remark": run.remark or "",
        "ahead": one.ahead, "passed": gap(int(passed)), "left": gap(int(max(whole - passed, 1))),
    }  # fmt: skip
    if run.state is not RunState.QUEUED:
        return _say(f"award.{run.state}", facts)
    said = _say("award.queued.behind" if one.ahead else "award.queued.next", facts)
    return said + _say("left", facts) if whole > passed else said


def _import(record: ImportRecord) -> Task:
    counts = {name: record.counts.get(name, 0) for name in ("good", "wrong")}
    said = _say(f"import.{record.state}", counts)
    address = f"{url_for('console.home')}import/{record.kind}/{record.id}"
    what = _say("import", {"name": record.name})
    done = record.state is not ImportState.CHECKED
    return Task(what, record.at, "done" if done else "checked", said, address)


def _material(batch: CardBatch, act: Act) -> Task:
    facts = {edit.column: edit.after for edit in act.edits} | {"unit": batch.unit_name}
    address = url_for("cards.batch", number=batch.id)
    said = _say(f"material.{facts['form']}", facts)
    return Task(_say("material", facts), act.at, "done", said, address)


def _say(code: str, facts: Mapping[str, object]) -> str:
    return words.sentence("tasks", code, facts)
