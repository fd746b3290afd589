"""机构 — units from a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from app.cli import sheet
from app.cli.desk import Desk, help_of, verb
from app.org import commands, rules


@click.group("org", help=help_of("org"))
def group() -> None:
    """Verbs about units."""


@verb(group, "import", "org.import_units")
@click.argument("file", type=click.Path(path_type=Path))
def import_(desk: Desk, file: Path) -> dict[str, Any]:
    units = sheet.read(file, rules.COLUMNS)
    with desk.work() as work:
        return asdict(commands.import_units(work, units))
