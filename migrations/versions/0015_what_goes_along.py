"""What credit went along with whoever was transferred"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.base.site import APP_ROLE

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column(
        "transfer", sa.Column("handed", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.execute(f"grant update (handed) on transfer to {APP_ROLE}")


def downgrade() -> None:
    op.drop_column("transfer", "handed")
