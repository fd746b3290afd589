"""申报 — what may stand in a form, what a form says, and what is other than before."""

from app.filing.rules.changing import (
    MOVES,
    changes,
    copied,
    next_number,
    of_body,
    of_project,
    shown_in_list,
)
from app.filing.rules.forms import (
    BATCH,
    COURSE,
    DISCIPLINES,
    FIELDS,
    ID_NUMBER,
    PHONE,
    SECRETS,
    read,
    secret_of_course,
)
from app.filing.rules.publishing import notes, published

__all__ = [
    "BATCH",
    "COURSE",
    "DISCIPLINES",
    "FIELDS",
    "ID_NUMBER",
    "MOVES",
    "PHONE",
    "SECRETS",
    "changes",
    "copied",
    "next_number",
    "notes",
    "of_body",
    "of_project",
    "published",
    "read",
    "secret_of_course",
    "shown_in_list",
]
