"""Migrations stand in one line, describe the tables exactly, and can be taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

from app.base.database import Base
from app.cli import db
from tests.house.trees import ROOT


def test_numbers_have_no_gap_and_there_is_one_head() -> None:
    scripts = ScriptDirectory.from_config(db.alembic("postgresql://nowhere"))
    numbers = sorted(path.name[:4] for path in (ROOT / "migrations" / "versions").glob("0*.py"))

    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]
    assert scripts.get_heads() == [numbers[-1]]


def test_the_migrations_make_exactly_the_tables(owner: Engine) -> None:
    with owner.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_the_last_migration_can_be_taken_back_and_made_again(owner: Engine) -> None:
    name = f"{owner.url.database}_down"
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'create database "{name}"'))
    try:
        url = owner.url.set(database=name).render_as_string(hide_password=False)
        db.upgrade(url)
        command.downgrade(db.alembic(url), "-1")
        db.upgrade(url)
        engine = create_engine(url)
        with engine.connect() as again:
            assert again.execute(text("select count(*) from person")).scalar_one() == 0
        engine.dispose()
    finally:
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'drop database "{name}" with (force)'))


def test_squawk_finds_nothing_in_what_runs_on_a_live_database(
    owner_url: str, tmp_path: Path
) -> None:
    """The first migration runs on an empty database; those after it are linted for locks."""
    later = sorted((ROOT / "migrations" / "versions").glob("0*.py"))[1:]
    settings = db.alembic(owner_url)
    for script in later:
        number = int(script.name[:4])
        lines = tmp_path / f"{number}.sql"
        with lines.open("w") as out:
            settings.output_buffer = out
            command.upgrade(settings, f"{number - 1:04}:{number:04}", sql=True)
        said = subprocess.run(
            [str(Path(sys.executable).with_name("squawk")), str(lines)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stdout
