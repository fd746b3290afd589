"""Why a project was sent back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("project", sa.Column("remark", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("project", "remark")
