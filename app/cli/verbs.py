"""All groups of operator's verbs, as one command."""

from __future__ import annotations

import click

from app.cli import award, credits, db, project
from app.cli.desk import help_of


@click.group(help=help_of("root"))
def root() -> None:
    """The operator's command."""


for group in (award.group, credits.group, db.group, project.group):
    root.add_command(group)
