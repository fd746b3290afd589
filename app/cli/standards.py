"""学分标准 — the operator's verbs about rule packs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.desk import Desk, help_of, verb
from app.kernel.span import shown
from app.org import queries as org
from app.standards import commands, queries, rules

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("standards", help=help_of("standards"))
def group() -> None:
    """Verbs about rule packs."""


@verb(group, "load", "standards.load", "standards.load_shipped")
@click.argument("files", nargs=-1, type=_FILE)
def load(desk: Desk, *, files: tuple[Path, ...]) -> dict[str, Any]:
    """Editions from files, or those shipped."""
    with desk.work() as work:
        if files:
            loaded = commands.load(work, [file.read_bytes() for file in files])
        else:
            loaded = commands.load_shipped(work)
    return {"added": loaded.added, "same": loaded.same}


@verb(group, "use", "standards.use", "standards.stop_using")
@click.argument("pack")
@click.option("--unit", required=True, metavar="CODE", help=help_of("standards.unit"))
@click.option("--stop", is_flag=True, help=help_of("standards.stop"))
def use(desk: Desk, *, pack: str, unit: str, stop: bool) -> dict[str, Any]:
    """A unit's pack."""
    with desk.work() as work:
        if stop:
            commands.stop_using(work, unit, pack)
        else:
            commands.use(work, unit, pack)
    return {"pack": pack, "unit": unit, "used": not stop}


@verb(group, "list", "standards.editions", "standards.uses")
def list_(desk: Desk) -> dict[str, Any]:
    """Editions and uses."""
    with desk.work() as work:
        editions, uses = queries.editions(work), queries.uses(work)
        units = org.units_of(work, [unit for unit, _ in uses])
    return {
        "editions": [
            {
                "pack": edition.pack.id,
                "edition": edition.pack.edition,
                "digest": edition.pack.digest,
                "regime": edition.pack.regime,
                "title": edition.pack.title,
                "source": edition.pack.source,
                "valid_from": edition.pack.valid_from.isoformat(),
                "valid_to": edition.pack.valid_to and edition.pack.valid_to.isoformat(),
                "loaded_at": shown(edition.loaded_at),
            }
            for edition in editions
        ],
        "uses": [{"unit": units[unit].code, "pack": pack} for unit, pack in uses if unit in units],
    }


@verb(group, "assess", "standards.packs")
@click.argument("file", type=_FILE)
def assess(desk: Desk, *, file: Path) -> list[dict[str, Any]]:
    """What the claims of a file are worth."""
    claims = rules.listed(file.read_bytes())
    with desk.work() as work:
        packs = queries.packs(work)
    return [dict(assessment.shown()) for assessment in rules.assess_all(claims, packs)]
