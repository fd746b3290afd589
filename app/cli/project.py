"""项目 — the operator's verbs about projects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli import filing
from app.cli.desk import Desk, help_of, verb
from app.projects import commands as projects


@click.group("project", help=help_of("project"))
def group() -> None:
    """Verbs about projects and their batches."""


@verb(group, "import", "projects.import_projects")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(desk: Desk, file: Path) -> dict[str, Any]:
    filed, unread = filing.read(file.read_bytes())
    with desk.work() as work:
        imported = projects.import_projects(work, filed, unread=unread)
    return {"projects": imported.projects, "batches": imported.batches}
