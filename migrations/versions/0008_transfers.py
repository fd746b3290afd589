"""People who leave one unit and join another"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0008"
down_revision = "0007"

# Neither end of it ever changes, nor whom it is about: either end may write the row.
CHANGING = (
    "state", "department_id", "left_at", "left_by", "joined_at", "joined_by",
    "ended_at", "ended_by", "reason",
)  # fmt: skip


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.Column("other_path", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("across", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_by", sa.Text(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('open', 'done', 'refused', 'withdrawn', 'expired', 'overtaken')",
            name=op.f("ck_transfer_state"),
        ),
        sa.CheckConstraint(
            "started_by in ('out', 'in', 'person', 'above')", name=op.f("ck_transfer_started_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index(op.f("ix_transfer_path"), "transfer", ["path"])
    op.create_index(op.f("ix_transfer_other_path"), "transfer", ["other_path"])
    op.create_index(op.f("ix_transfer_person_id"), "transfer", ["person_id"])
    op.create_index(
        "uq_transfer_open",
        "transfer",
        ["person_id", "target_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    for line in secure("transfer", placed=True, between=True, changing=CHANGING, audited=True):
        op.execute(line)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("transfer")
