"""人员 — people and their cards from a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from app.cards import commands, rules
from app.cli import sheet
from app.cli.desk import Desk, help_of, verb


@click.group("people", help=help_of("people"))
def group() -> None:
    """Verbs about people."""


@verb(group, "import", "cards.import_people")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help=help_of("people.import.dry_run"))
def import_(desk: Desk, file: Path, dry_run: bool) -> dict[str, Any]:
    roster = sheet.read(file, rules.COLUMNS)
    with desk.work() as work:
        enrolment = commands.import_people(work, roster, dry_run=dry_run)
    rows = {"rows": [asdict(row) for row in enrolment.rows]} if dry_run else {}
    return asdict(enrolment.counts) | rows
