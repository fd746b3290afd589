"""Cards that are asked for, made and handed out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0003"
down_revision = "0002"

PROTECTIONS: dict[str, dict[str, bool]] = {
    "card_batch": {"placed": True, "audited": True},
    "card_order": {"placed": True, "audited": True},
}


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "card_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "kind in ('new', 'replacement', 'exchange')", name=op.f("ck_card_batch_kind")
        ),
        sa.CheckConstraint(
            "state in ('draft', 'submitted', 'made', 'done')", name=op.f("ck_card_batch_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_batch")),
    )
    op.create_index(op.f("ix_card_batch_path"), "card_batch", ["path"], unique=False)
    op.create_table(
        "card_order",
        sa.Column("card_batch_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("old_no", sa.Text(), nullable=False),
        sa.Column("new_no", sa.Text(), nullable=True),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_batch_id"],
            ["card_batch.id"],
            name=op.f("fk_card_order_card_batch_id_card_batch"),
        ),
        sa.PrimaryKeyConstraint("card_batch_id", "person_id", name=op.f("pk_card_order")),
    )
    op.create_index(op.f("ix_card_order_path"), "card_order", ["path"], unique=False)
    op.create_index(
        "uq_card_order_waiting",
        "card_order",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("handed_at is null"),
    )
    for table, protection in PROTECTIONS.items():
        for statement in secure(table, **protection):
            op.execute(statement)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("card_order")
    op.drop_table("card_batch")
