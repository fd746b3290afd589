"""Whom a host gives nothing, and why"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "award_denial",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("denied_by", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_denial")),
        sa.UniqueConstraint(
            "batch_id", "person_id", name=op.f("uq_award_denial_batch_id_person_id")
        ),
    )
    op.create_index(op.f("ix_award_denial_path"), "award_denial", ["path"])
    for statement in secure("award_denial", placed=True, audited=True):
        op.execute(statement)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("award_denial")
