"""管理员 — the operator's verbs about those who work in the console."""

from __future__ import annotations

from typing import Any

import click

from app.accounts import commands as accounts
from app.accounts import rules
from app.cli.desk import Desk, help_of, verb
from app.kernel.actor import Role
from app.kernel.span import shown


@click.group("admin", help=help_of("admin"))
def group() -> None:
    """Verbs about administrators."""


@verb(group, "link", "accounts.invite")
@click.option(
    "--role",
    type=click.Choice([one.value for one in rules.SEATS]),
    required=True,
    help=help_of("admin.link.role"),
)
@click.option("--unit", required=True, metavar="CODE", help=help_of("admin.link.unit"))
@click.option("--name", required=True, help=help_of("admin.link.name"))
def link(desk: Desk, *, role: str, unit: str, name: str) -> dict[str, Any]:
    with desk.work() as work:
        made = accounts.invite(work, role=Role(role), unit_code=unit, name=name)
    return {"url": made.url.reveal(), "expires_at": shown(made.expires_at)}
