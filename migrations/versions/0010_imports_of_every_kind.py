"""Imports of cards, courses and projects"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.execute(
        "alter table people_import add column kind text not null default 'people'"
        " constraint ck_people_import_kind"
        " check (kind in ('people', 'edits', 'cards', 'courses', 'projects'))"
    )


def downgrade() -> None:
    op.drop_column("people_import", "kind")
