"""Pairs of people of whom somebody said that they are two"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "person_apart",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("second_id", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_apart")),
    )
    op.create_index(op.f("ix_person_apart_path"), "person_apart", ["path"], unique=False)
    op.create_index(
        "uq_person_apart_pair", "person_apart", ["first_id", "second_id", "path"], unique=True
    )
    for line in secure("person_apart", placed=True, audited=True):
        op.execute(line)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("person_apart")
