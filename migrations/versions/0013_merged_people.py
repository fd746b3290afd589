"""Records of people that became a part of another"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("person", sa.Column("merged_into", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("person", "merged_into")
