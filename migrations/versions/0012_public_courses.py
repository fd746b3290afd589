"""What credit of courses without a project was given for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "public_course",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_public_course")),
    )
    op.create_index(op.f("ix_public_course_path"), "public_course", ["path"], unique=False)
    op.create_index(op.f("ix_public_course_person_id_year"), "public_course", ["person_id", "year"])
    for line in secure("public_course", placed=True, append_only=True):
        op.execute(line)


def downgrade() -> None:
    op.drop_table("public_course")
