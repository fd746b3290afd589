"""The few people whose record became a part of another are found at once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = '5s'")
        op.execute("set statement_timeout = '30min'")
        op.create_index(
            "ix_person_merged_into", "person", ["merged_into"], postgresql_concurrently=True,
            if_not_exists=True, postgresql_where=sa.text("merged_into is not null"),
        )  # fmt: skip
        op.execute("reset statement_timeout")


def downgrade() -> None:
    op.drop_index("ix_person_merged_into", table_name="person")
