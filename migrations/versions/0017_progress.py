"""How far a long job is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "progress",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("doer", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("step_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stop_by", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("task", "task_id", name=op.f("pk_progress")),
    )
    op.create_index(op.f("ix_progress_path"), "progress", ["path"], unique=False)
    for line in secure("progress", placed=True):
        op.execute(line)


def downgrade() -> None:
    op.drop_table("progress")
