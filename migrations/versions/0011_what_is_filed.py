"""Projects that are filed, and the files that come with them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.base.security import secure
from app.base.site import APP_ROLE

revision = "0011"
down_revision = "0010"

PROTECTIONS: dict[str, dict[str, bool]] = {
    "filing": {"placed": True, "audited": True},
    "filing_attachment": {"placed": True, "audited": True},
}
_STATES = (
    "draft", "filed", "unit_review", "bureau_review", "announced", "registered", "held", "awarded",
    "award_review", "closed",
)  # fmt: skip
_KINDS = ("licence", "title", "consent", "pledge", "inspection", "other")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "filing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("leader_index", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_by", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("project_no", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(_one_of("state", _STATES), name=op.f("ck_filing_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing")),
        sa.UniqueConstraint("project_no", name=op.f("uq_filing_project_no")),
    )
    op.create_index(op.f("ix_filing_path"), "filing", ["path"])
    op.create_index(op.f("ix_filing_leader_index_year"), "filing", ["leader_index", "year"])
    op.create_table(
        "filing_attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("filing_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(_one_of("kind", _KINDS), name=op.f("ck_filing_attachment_kind")),
        sa.ForeignKeyConstraint(
            ["filing_id"], ["filing.id"], name=op.f("fk_filing_attachment_filing_id_filing")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_attachment")),
        sa.UniqueConstraint(
            "filing_id", "kind", "sha256", name=op.f("uq_filing_attachment_filing_id_kind_sha256")
        ),
    )
    op.create_index(op.f("ix_filing_attachment_path"), "filing_attachment", ["path"])
    for table, protection in PROTECTIONS.items():
        for line in secure(table, **protection):
            op.execute(line)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("filing_attachment")
    op.drop_table("filing")


def _one_of(column: str, known: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{one}'" for one in known)
    return f"{column} in ({listed})"
