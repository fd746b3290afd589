"""All groups of operator's verbs, as one command."""

from __future__ import annotations

import click

from app.cli import (
    admin,
    applying,
    attendance,
    award,
    card,
    credits,
    db,
    device,
    doctor,
    jobs,
    org,
    people,
    project,
    standards,
    transfer,
    user,
    wechat,
)
from app.cli.demo import verbs as demo
from app.cli.desk import help_of


@click.group(help=help_of("root"))
def root() -> None:
    """The operator's command."""


for group in (
    admin.group,
    applying.group,
    attendance.group,
    award.group,
    card.group,
    credits.group,
    db.group,
    demo.group,
    device.group,
    jobs.group,
    org.group,
    people.group,
    project.group,
    standards.group,
    transfer.group,
    user.group,
    wechat.group,
):
    root.add_command(group)
root.add_command(doctor.doctor)
