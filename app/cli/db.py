"""数据库 — bringing the database to the newest shape."""

from __future__ import annotations

from typing import Any

import click
from alembic import command
from alembic.config import Config as Alembic

from app.cli.desk import Desk, help_of, verb
from app.config import ROOT


@click.group("db", help=help_of("db"))
def group() -> None:
    """Verbs about the database itself."""


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the database of that URL to a revision; the URL's user owns the tables."""
    command.upgrade(alembic(owner_url), revision)


def alembic(owner_url: str) -> Alembic:
    """Alembic's settings for that database."""
    settings = Alembic()
    settings.set_main_option("script_location", str(ROOT / "migrations"))
    settings.attributes["url"] = owner_url
    return settings


@verb(group, "upgrade")
def upgrade_(desk: Desk) -> dict[str, Any]:
    upgrade(desk.site.config.owner_url.reveal())
    return {"upgraded": True}
