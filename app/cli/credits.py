"""学分 — showing and explaining a person's credit from the command line."""

from __future__ import annotations

from typing import Any

import click

from app.awards import queries as awards
from app.awards import rules
from app.cli.award import say
from app.cli.desk import Desk, help_of, verb
from app.credits import queries as credits


@click.group("credits", help=help_of("credits"))
def group() -> None:
    """Verbs about credit."""


@verb(group, "show", "credits.account_of")
@click.argument("person_no")
@click.option("--year", type=int, help=help_of("credits.year"))
def show(desk: Desk, *, person_no: str, year: int | None) -> dict[str, Any]:
    """A person's year."""
    with desk.work() as work:
        account = credits.account_of(work, person_no, year)
    standing = account.standing
    return {
        "person_no": account.person.no,
        "year": account.year.number,
        "regime": account.pack.regime,
        "need": standing.need.shown(),
        "have": standing.have.shown(),
        "gap": standing.gap.shown(),
        "result": standing.result.value,
        "lines": [
            {
                "date": line.on.isoformat(),
                "project_no": line.project_no,
                "title": line.title,
                "source": line.source.value,
                "class": line.credit_class,
                "gross": str(line.gross),
                "net": str(line.net),
                "state": line.state.value,
            }
            for line in account.lines
        ],
    }


@verb(group, "explain", "awards.explain")
@click.argument("person_no")
@click.option("--project", "project_no", required=True, help=help_of("award.project"))
@click.option("--batch", "batch_no", type=int, help=help_of("award.batch"))
def explain(desk: Desk, *, person_no: str, project_no: str, batch_no: int | None) -> dict[str, Any]:
    """Why a person has credit of a batch, or has none."""
    with desk.work() as work:
        told = awards.explain(work, person_no, project_no, batch_no)
    explanation = told.explanation
    return {
        "granted": explanation.granted,
        "person_no": told.person.no,
        "project_no": told.batch.project.no,
        "batch": told.batch.no,
        "checks": [
            {
                "check": check.name.value if check.window is None
                else f"{check.name.value}:{check.window}",
                "passed": check.passed,
                "detail": rules.detail(check, say),
            }
            for check in explanation.checks
        ],
        "reasons": [rules.told(reason, say) for reason in explanation.reasons],
        "next_step": rules.next_step(explanation.next_step, say),
    }  # fmt: skip
