"""入场券 — how long a link in a chat opens the phone pages, and where it may lead."""

from __future__ import annotations

import re
from datetime import timedelta

TICKET_LIFE = timedelta(minutes=10)

# Segments of plain signs: no scheme, no second slash, no dots, so the way never leaves the pages.
_SEGMENT = r"(?!\.|%2e)[^/\\?#\s]+"
_PATH = re.compile(
    rf"/m/(?P<slug>[a-z0-9-]+)/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?(?:\?[^\\#\s]*)?", re.IGNORECASE
)


def own_path(slug: str, path: str) -> bool:
    """Whether the path is one of the account's own phone pages; nothing else is ever led to."""
    found = _PATH.fullmatch(path)
    return found is not None and found["slug"] == slug and path.isprintable()
