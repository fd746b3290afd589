"""操作台 — what every operator's verb shares: opening work, speaking JSON or words, refusing."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import click
import structlog

from app.base import outbox, words
from app.base.site import Site
from app.base.work import Work, begin, passes
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import CmeError
from app.kernel.place import Place
from app.org import queries as org

SYSTEM = "system"

log = structlog.get_logger(__name__)
REFUSED, FAULT = 2, 1


@dataclass(frozen=True, slots=True)
class Told:
    """An answer for which the verb has words of their own, `said.<words>`, or other facts."""

    answer: dict[str, Any]
    words: str
    facts: dict[str, Any] | None = None


class Desk:
    """What a verb works with: the site, and the operator's name for the trail."""

    def __init__(self, open_site: Callable[[], Site]) -> None:
        self._open_site = open_site
        self.name = SYSTEM
        # What the command exits with when its verb has an answer; some answers hold refusals.
        self.code = 0

    @functools.cached_property
    def site(self) -> Site:
        """The site, built when a verb first needs it, so that `--help` needs no database."""
        return self._open_site()

    @property
    def actor(self) -> Actor:
        """The operator, over the whole platform."""
        return Actor(self.name, Via.CLI, Place.root(), Role.OPERATOR)

    @contextmanager
    def work(self, *, deliver: bool = True, at: str = "") -> Iterator[Work]:
        """A unit of work; what it left in the outbox is then done here, unless told otherwise.

        With the code of a unit the operator stands there: what it alone may say, they say for it.
        """
        actor = self.actor
        if at:
            with begin(self.site, actor) as work:
                actor = replace(actor, place=org.unit_by_code(work, at).realm)
        with begin(self.site, actor) as work:
            yield work
        for message in work.messages if deliver else ():
            try:
                outbox.deliver(self.site, message.id)
            except Exception:  # the change is committed; the relay does what could not be done here
                log.exception("desk.left_to_the_relay", message=message.id)


def help_of(name: str) -> str:
    """The help text of a group or verb, Chinese first, then English."""
    return words.sentence("cli", f"help.{name}", {})


def verb(
    group: click.Group, name: str, *doors: str
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a verb of a group; it passes through these doors and returns its answer.

    The answer is plain data: printed as one JSON document under `--json`, else as words.
    """

    # A verb of the nameless group is said by itself: `python -m app doctor`.
    full = f"{group.name}.{name}" if group.name else name

    def wrap(function: Callable[..., Any]) -> click.Command:
        @click.pass_obj
        @functools.wraps(function)
        def run(desk: Desk, /, *args: Any, as_json: bool, as_name: str, **kwargs: Any) -> None:
            desk.name = as_name
            answer = function(desk, *args, **kwargs)
            _say(full, answer, as_json=as_json)

        options = [
            click.option("--json", "as_json", is_flag=True, help=help_of("json")),
            click.option("--as", "as_name", default=SYSTEM, metavar="NAME", help=help_of("as")),
        ]
        for option in options:
            run = option(run)
        command = group.command(name, help=help_of(full))(run)
        command.callback = passes(*doors)(command.callback)  # type: ignore[type-var]
        return command

    return wrap


def run(argv: list[str], open_site: Callable[[], Site], root: click.Group) -> int:
    """Run one command line; the exit code: 0 done, 2 refused, 1 a fault of ours."""
    as_json = "--json" in argv
    desk = Desk(open_site)
    try:
        root.main(argv, prog_name="python -m app", standalone_mode=False, obj=desk)
    except CmeError as error:
        return _refuse(as_json, error.code, words.of_error(error), _rows(error))
    except click.UsageError as error:
        said = words.sentence("cli", "said.usage", {"why": error.format_message()})
        return _refuse(as_json, "cli.usage", said, [])
    except click.exceptions.Abort:
        return FAULT
    return desk.code


def _say(name: str, answer: Any, *, as_json: bool) -> None:
    facts = answer
    if isinstance(answer, Told):
        name, answer, facts = answer.words, answer.answer, answer.facts or answer.answer
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    said = words.book("cli").get(f"said.{name}")
    if said is not None and isinstance(facts, dict):
        click.echo(said.format_map(facts))
    else:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def _refuse(as_json: bool, code: str, message: str, rows: list[dict[str, Any]]) -> int:
    if as_json:
        error = {"code": code, "message": message, "rows": rows}
        click.echo(json.dumps({"error": error}, ensure_ascii=False))
    click.echo(message, err=True)
    for row in rows:
        click.echo(f"  {row['message']}", err=True)
    return REFUSED


def _rows(error: CmeError) -> list[dict[str, Any]]:
    return [
        {"row": row.row, "column": row.column, "value": row.value, "message": words.of_row(row)}
        for row in error.rows
    ]
