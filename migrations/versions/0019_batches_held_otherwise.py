"""Batches that are held at another time or place than was announced"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0019"
down_revision = "0018"

PROTECTIONS: dict[str, dict[str, bool]] = {"alteration": {"placed": True, "audited": True}}
_STATES = ("asked", "done", "refused", "withdrawn")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "alteration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("from_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_venue", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("near", sa.Boolean(), nullable=False),
        sa.Column("causes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            f"state in ({', '.join(repr(one) for one in _STATES)})",
            name=op.f("ck_alteration_state"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_alteration_span")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_alteration_batch_id_batch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alteration")),
    )
    op.create_index(op.f("ix_alteration_path"), "alteration", ["path"])
    op.create_index(op.f("ix_alteration_batch_id"), "alteration", ["batch_id"])
    op.create_index(
        "uq_alteration_asked", "alteration", ["batch_id"], unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )  # fmt: skip
    for table, protection in PROTECTIONS.items():
        for line in secure(table, **protection):
            op.execute(line)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("alteration")
