"""Repairs of clocks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "clock_repair",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("shift_minutes", sa.BigInteger(), nullable=False),
        sa.Column("upload_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("swipe_count", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_repair")),
    )
    op.create_index(op.f("ix_clock_repair_batch_id"), "clock_repair", ["batch_id"], unique=False)
    op.create_index(op.f("ix_clock_repair_path"), "clock_repair", ["path"], unique=False)
    for line in secure("clock_repair", placed=True, audited=True):
        op.execute(line)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("clock_repair")
