"""授分 — trying, running and undoing awards from the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from app.awards import commands, queries, rules
from app.awards.terms import Options, Reason, RunState
from app.base import outbox, words
from app.base.work import Work
from app.cli.desk import Desk, help_of, verb
from app.credits.terms import Part
from app.kernel.credit import Credit
from app.kernel.errors import ConflictError, UnavailableError
from app.people import queries as people

_PATIENCE_S = 600.0
# Without --wait a short run is still answered whole.
_SHORT_S = 3.0
_PAUSE_S = 0.05


@click.group("award", help=help_of("award"))
def group() -> None:
    """Verbs about awards."""


def _plan_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--ratio", help=help_of("award.ratio")),
        click.option("--min-swipes", "min_swipes", help=help_of("award.min_swipes")),
        click.option("--window", "windows", multiple=True, metavar="LABEL,START,END",
                     help=help_of("award.window")),
        click.option("--strategy", help=help_of("award.strategy")),
        click.option("--batch", "batch_no", type=int, required=True, help=help_of("award.batch")),
        click.option("--project", "project_no", required=True, help=help_of("award.project")),
    ):  # fmt: skip
        function = option(function)
    return function


@verb(group, "preview", "awards.preview")
@_plan_options
def preview(desk: Desk, *, project_no: str, batch_no: int, **plan: Any) -> dict[str, Any]:
    """Answer what a run would give; nothing is written."""
    with desk.work() as work:
        judgement = queries.preview(work, project_no, batch_no, Options(**plan))
        with_names = _named(work, [one.person_id for one in judgement.every()])
        credit_class = judgement.case.item.credit_class
        verdicts = [
            _verdict(
                with_names[one.person_id], one.part, one.granted, Credit.cents(one.gross),
                None if one.cap is None else Credit.cents(one.cap), Credit.cents(one.net),
                credit_class, one.reasons,
            )
            for one in judgement.every()
        ]  # fmt: skip
        outcome = judgement.outcome
    return _answer(
        None, outcome.granted, outcome.refused,
        {why.value: count for why, count in outcome.reasons}, outcome.over_limit, verdicts,
    )  # fmt: skip


@verb(group, "run", "awards.ask", "awards.run_of", "awards.verdicts_of")
@click.option("--wait", is_flag=True, help=help_of("award.wait"))
@_plan_options
def run(
    desk: Desk, *, project_no: str, batch_no: int, wait: bool, **plan: Any
) -> dict[str, Any]:  # fmt: skip
    """Ask for a run, and answer it when it is done."""
    with desk.work(deliver=False) as work:
        run_id = commands.ask(work, project_no, batch_no, Options(**plan))
    if wait:
        for message in work.messages:
            outbox.deliver(desk.site, message.id)
    return _when_done(desk, run_id, _PATIENCE_S if wait else _SHORT_S, must=wait)


@verb(group, "undo", "awards.undo", "awards.run_of")
@click.option("--run", "run_id", type=int, required=True, help=help_of("award.run_id"))
@click.option("--reason", required=True, help=help_of("award.reason"))
def undo(desk: Desk, *, run_id: int, reason: str) -> dict[str, Any]:
    """Take a run back."""
    with desk.work() as work:
        taken_back = commands.undo(work, run_id, reason)
    return {"run_id": run_id, "undone": True, "reversed": taken_back}


def _when_done(desk: Desk, run_id: int, patience_s: float, *, must: bool) -> dict[str, Any]:
    deadline = time.monotonic() + patience_s
    while True:
        with desk.work() as work:
            found = queries.run_of(work, run_id)
            if found.state is RunState.FAILED:
                raise ConflictError("awards.run.failed", run=run_id, cause=found.remark or "")
            if found.state is not RunState.QUEUED:
                verdicts = [
                    _verdict(one.person_no, one.part, one.granted, one.gross, one.cap, one.net,
                             found.credit_class, one.reasons)
                    for one in queries.verdicts_of(work, run_id)
                ]  # fmt: skip
                return _answer(
                    run_id, found.granted, found.refused, dict(found.reasons),
                    found.over_limit or 0, verdicts,
                ) | {"state": found.state.value}  # fmt: skip
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE_S)
    if must:
        raise UnavailableError("awards.run.slow", run=run_id)
    return {"run_id": run_id, "state": RunState.QUEUED.value}


def _named(work: Work, ids: Sequence[int]) -> dict[int, str]:
    return {person: one.no for person, one in people.people_of(work, ids).items()}


def _verdict(
    person_no: str, part: Part, granted: bool, gross: Credit, cap: Credit | None, net: Credit,
    credit_class: str | None, reasons: Sequence[Reason],
) -> dict[str, Any]:  # fmt: skip
    return {
        "person_no": person_no,
        "role": part.value,
        "granted": granted,
        "gross": str(gross),
        "cap": None if cap is None else str(cap),
        "net": str(net),
        "class": credit_class,
        "reasons": [rules.told(reason, say) for reason in reasons],
    }


def say(code: str, facts: Any) -> str:
    """The sentence of a reason."""
    return words.sentence("reasons", code, facts)


def _answer(
    run_id: int | None, granted: int, refused: int, reasons: dict[str, int], over_limit: int,
    verdicts: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    answer: dict[str, Any] = {
        "run_id": run_id, "granted": granted, "refused": refused, "reasons": reasons,
        "verdicts": sorted(verdicts, key=lambda one: (one["person_no"], one["role"])),
    }  # fmt: skip
    return answer | ({"over_limit": over_limit} if over_limit else {})
