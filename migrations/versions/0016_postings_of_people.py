"""Where people stood, and since when"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0016"
down_revision = "0015"

ACTS = "('before', 'new', 'import', 'edits', 'form', 'transfer', 'merge', 'department', 'undo')"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '10min'")
    op.create_table(
        "person_posting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("began", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(f"began in {ACTS}", name=op.f("ck_person_posting_began")),
        sa.CheckConstraint(f"ended in {ACTS}", name=op.f("ck_person_posting_ended")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_posting")),
    )
    # Who is here stands where they stand; since when, nobody knows. Nobody else writes here yet.
    op.execute("select set_config('app.lo', '', true), set_config('app.hi', '~', true)")
    op.execute(
        "insert into person_posting"
        " (person_id, unit_id, department_id, from_on, began, title, post, path)"
        " select id, unit_id, department_id, date '0001-01-01', 'before', '', '', path"
        " from person where merged_into is null order by id"
    )
    op.create_index(op.f("ix_person_posting_path"), "person_posting", ["path"], unique=False)
    op.create_index(
        op.f("ix_person_posting_person_id"), "person_posting", ["person_id"], unique=False
    )
    for line in secure("person_posting", placed=True, audited=True):
        op.execute(line)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("person_posting")
