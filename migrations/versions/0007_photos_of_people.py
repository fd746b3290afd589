"""Photos of people"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "person_photo",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_photo")),
    )
    op.create_index(op.f("ix_person_photo_path"), "person_photo", ["path"], unique=False)
    for line in secure("person_photo", placed=True, audited=True):
        op.execute(line)


def downgrade() -> None:
    op.drop_table("person_photo")
