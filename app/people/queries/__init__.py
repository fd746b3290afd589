"""Questions about people."""

from app.people.queries.files import LOOKED_AT, file_of, last_change, trail_of
from app.people.queries.imports import import_of, imports, own_imports, table_of
from app.people.queries.listing import (
    MOST_AT_ONCE,
    PAGE,
    everyone,
    head_count_at,
    head_counts,
    listing,
    nos_of,
)
from app.people.queries.persons import (
    doubles,
    holders,
    holders_of_phone,
    kept_of,
    known,
    named,
    next_number,
    people_by_no,
    people_of,
    person_by_no,
    roster,
    staff_of,
    status_on,
    with_status,
    within_sight,
)
from app.people.queries.photos import photo_marks, photo_of, photos_of
from app.people.queries.postings import postings_of

__all__ = [
    "LOOKED_AT",
    "MOST_AT_ONCE",
    "PAGE",
    "doubles",
    "everyone",
    "file_of",
    "head_count_at",
    "head_counts",
    "holders",
    "holders_of_phone",
    "import_of",
    "imports",
    "kept_of",
    "known",
    "last_change",
    "listing",
    "named",
    "next_number",
    "nos_of",
    "own_imports",
    "people_by_no",
    "people_of",
    "person_by_no",
    "photo_marks",
    "photo_of",
    "photos_of",
    "postings_of",
    "roster",
    "staff_of",
    "status_on",
    "table_of",
    "trail_of",
    "with_status",
    "within_sight",
]
