"""All groups of operator's verbs, as one command."""

from __future__ import annotations

import click

from app.cli import award, card, credits, db, org, people, project, standards
from app.cli.desk import help_of


@click.group(help=help_of("root"))
def root() -> None:
    """The operator's command."""


for group in (
    award.group,
    card.group,
    credits.group,
    db.group,
    org.group,
    people.group,
    project.group,
    standards.group,
):
    root.add_command(group)
