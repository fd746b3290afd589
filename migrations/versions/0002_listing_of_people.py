"""A hospital's people in the order of their names, page by page"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = '5s'")
        op.execute("set statement_timeout = '30min'")
        op.create_index(
            "ix_person_listing", "person", ["unit_id", "name_key", "id"],
            postgresql_concurrently=True, if_not_exists=True,
        )  # fmt: skip
        op.drop_index(
            "ix_person_unit_id", table_name="person", postgresql_concurrently=True, if_exists=True
        )
        op.execute("reset statement_timeout")


def downgrade() -> None:
    op.create_index("ix_person_unit_id", "person", ["unit_id"])
    op.drop_index("ix_person_listing", table_name="person")
