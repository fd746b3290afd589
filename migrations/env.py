"""Runs the migrations: one at a time (advisory lock), never waiting long for a table lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.accounts import tables as _accounts
from app.attendance import tables as _attendance
from app.awards import tables as _awards
from app.base import progress as _progress
from app.base import trail as _trail
from app.base.database import Base
from app.cards import tables as _cards
from app.credits import tables as _credits
from app.filing import tables as _filing
from app.making import tables as _making
from app.org import tables as _org
from app.people import tables as _people
from app.projects import tables as _projects
from app.standards import tables as _standards
from app.transfers import tables as _transfers

TABLES = (
    _accounts, _attendance, _awards, _cards, _credits, _filing, _making, _org, _people, _progress, _projects, _standards, _trail, _transfers
)  # fmt: skip
LOCK = 4_201_958  # any number that nothing else in the database uses

url = make_url(context.config.attributes["url"]).set(drivername="postgresql+psycopg")
engine = create_engine(url)
with engine.connect() as connection:
    connection.execute(text("set lock_timeout = '5s'"))
    connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
    connection.commit()
    context.configure(
        connection=connection, target_metadata=Base.metadata, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
    connection.commit()
engine.dispose()
