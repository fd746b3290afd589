"""The log of a day is read without the log of all years"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = '5s'")
        op.execute("set statement_timeout = '30min'")
        op.create_index(
            "ix_audit_entry_at_path", "audit_entry", ["at", "path"],
            postgresql_concurrently=True, if_not_exists=True,
        )  # fmt: skip
        op.execute("reset statement_timeout")


def downgrade() -> None:
    op.drop_index("ix_audit_entry_at_path", table_name="audit_entry")
