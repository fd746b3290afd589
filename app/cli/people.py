"""人员 — people and their cards from a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from app.base import words
from app.cards import commands, rules
from app.cli import sheet
from app.cli.desk import Desk, Told, help_of, verb


@click.group("people", help=help_of("people"))
def group() -> None:
    """Verbs about people."""


@verb(group, "import", "cards.import_people")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help=help_of("people.import.dry_run"))
def import_(desk: Desk, file: Path, dry_run: bool) -> Told:
    roster = sheet.read(file, rules.COLUMNS)
    with desk.work() as work:
        enrolment = commands.import_people(work, roster, dry_run=dry_run)
    counts = asdict(enrolment.counts)
    if not dry_run:
        return Told(counts, "people.import")
    rows = [
        {
            "row": row.row, "person_no": row.no, "name": row.name, "fate": row.fate,
            "columns": row.columns, "notes": [words.of_row(note) for note in row.notes],
        }
        for row in enrolment.rows
    ]  # fmt: skip
    return Told(counts | {"rows": rows}, "people.import.dry_run")
