"""演示 — the verbs by which `./run` makes the demo city and does the main job in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app import config
from app.accounts import commands as accounts
from app.base import words
from app.cli.demo import desks, followers, main_job, materials, outsiders, seeding
from app.cli.demo.platform import Simulator
from app.cli.demo.seeding import Stands
from app.cli.demo.telling import tell
from app.cli.desk import Desk, help_of, verb
from app.kernel.actor import Role
from app.kernel.errors import ConflictError
from app.kernel.span import local_date, shown
from app.projects.terms import Batch

_FOLDER = "demo"
_SEEDING = (
    "org.import_units", "cards.import_people", "cards.set_state", "projects.import_projects",
    "standards.load_shipped", "standards.use", "attendance.register", "attendance.enrol",
    "attendance.make_package", "attendance.upload", "projects.batch_of", "awards.ask",
    "awards.carry_out", "awards.run_of", "awards.verdicts_of", "accounts.put_official_account",
    "accounts.bind", "accounts.binding_history", "accounts.sync_menu",
)  # fmt: skip


@click.group("demo", help=help_of("demo"))
def group() -> None:
    """Verbs about the demo city."""


@verb(group, "seed", *_SEEDING)
def seed(desk: Desk) -> dict[str, Any]:
    """Make the demo city in an empty database, or finish one that was begun."""
    if refusal := _refusal(desk):
        raise refusal
    return {"seeded": _seeded(desk, config.state_folder() / _FOLDER, None)}


@verb(group, "run", *_SEEDING, *desks.DOORS, "accounts.invite")
@click.option("--web", required=True, metavar="URL", help=help_of("demo.web"))
@click.option("--simulator", "url", metavar="URL", help=help_of("demo.simulator"))
@click.option("--once", is_flag=True, help=help_of("demo.once"))
def run(desk: Desk, *, web: str, url: str | None, once: bool) -> dict[str, Any]:
    """Make the city where there is none, then do the main job against the running web server."""
    if refusal := _refusal(desk):
        click.echo(words.of_error(refusal), err=True)
        return dict(main_job.NOTHING)
    folder = config.state_folder() / _FOLDER
    simulator = Simulator(url, web) if url else None
    if not _seeded(desk, folder, simulator):
        followers.settle(desk, simulator)
    outsiders.wait_for(web)
    batch = main_job.batch_of_the_day(desk)
    happened = main_job.perform(desk, batch, web, folder, simulator)
    desks.furnish(desk)
    if not once:
        _tell_ways_on(desk, batch, web, folder)
    return happened


def _refusal(desk: Desk) -> ConflictError | None:
    """Why nothing may be made up here."""
    if desk.site.config.production:
        return ConflictError("demo.seed.production")
    if seeding.stands(desk) is Stands.OTHERS:
        return ConflictError("demo.seed.others")
    return None


def _seeded(desk: Desk, folder: Path, simulator: Simulator | None) -> bool:
    """Whether the city was made, or finished, by this call."""
    stands = seeding.stands(desk)
    if stands is Stands.CITY:
        return False
    tell("seed.begun" if stands is Stands.NOTHING else "seed.resumed")
    seeding.seed(desk, folder, simulator)
    return True


def _tell_ways_on(desk: Desk, batch: Batch, web: str, folder: Path) -> None:
    """Where to look and what to try next."""
    told = materials.tables("main_job")["link"]
    with desk.work() as work:
        link = accounts.invite(
            work, role=Role(told["role"]), unit_code=told["unit"], name=told["name"]
        )
    tell(
        "ways_on",
        web=web,
        project=batch.project.no,
        batch=batch.no,
        day=local_date(batch.span.start),
        name=told["name"],
        link=link.url.reveal(),
        until=shown(link.expires_at)[:10],
        folder=folder,
    )
