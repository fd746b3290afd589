"""Questions about credit."""

from app.credits.queries.courses import course_register, courses_of, courses_told, standing_courses
from app.credits.queries.ledger import (
    Account,
    Story,
    account_of,
    entries_of,
    statement_of,
    story_of,
    sums_of,
    unequal_tallies,
    used_in_batches,
    used_in_year,
    years_of,
)
from app.credits.queries.standing import (
    Position,
    how_many_stand,
    position_of,
    positions_of,
    totals_of,
    who_stands,
)

__all__ = [
    "Account",
    "Position",
    "Story",
    "account_of",
    "course_register",
    "courses_of",
    "courses_told",
    "entries_of",
    "how_many_stand",
    "position_of",
    "positions_of",
    "standing_courses",
    "statement_of",
    "story_of",
    "sums_of",
    "totals_of",
    "unequal_tallies",
    "used_in_batches",
    "used_in_year",
    "who_stands",
    "years_of",
]
