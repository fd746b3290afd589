"""项目表 — a table of projects with a line for each batch."""

from app.filing.rules.lists.reading import FORM, read
from app.filing.rules.lists.standing import (
    filed,
    keeps,
    lines_of,
    new_columns,
    notes,
    retold,
    stays,
    worth_fault,
)

__all__ = [
    "FORM",
    "filed",
    "keeps",
    "lines_of",
    "new_columns",
    "notes",
    "read",
    "retold",
    "stays",
    "worth_fault",
]
