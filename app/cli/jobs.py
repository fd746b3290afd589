"""后台工作 — what was tried too often and not done, and doing it again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from app.base import outbox
from app.base.outbox import GivenUp
from app.cli.desk import Desk, Told, help_of, verb
from app.kernel.span import shown


@click.group("jobs", help=help_of("jobs"))
def group() -> None:
    """Verbs about the work in the background."""


@verb(group, "list", "base.given_up")
def list_(desk: Desk) -> dict[str, Any]:
    with desk.work() as work:
        return {"given_up": _shown(outbox.given_up(work))}


@verb(group, "retry", "base.retry")
@click.argument("ids", nargs=-1, type=int)
def retry(desk: Desk, ids: tuple[int, ...]) -> Told:
    with desk.work() as work:
        again = _shown(outbox.retry(work, ids))
    return Told({"retried": again}, "jobs.retry", {"count": len(again)})


def _shown(messages: Iterable[GivenUp]) -> list[dict[str, Any]]:
    return [
        {"id": one.id, "topic": one.topic, "told_at": shown(one.told_at), "error": one.error}
        for one in messages
    ]
