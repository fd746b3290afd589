"""Questions about filings, and about what became of them."""

from app.filing.queries.alterations import (
    alterations_of,
    footing,
    footing_of,
    prospect,
    weighed,
)
from app.filing.queries.filings import (
    A_PAGE,
    announced,
    attachment_of,
    attachments,
    filings_of_leader,
    folder_of,
    folder_of_project,
    numbers_like,
    row_of_project,
    sealed,
    shelf,
    typed_of,
    waiting,
)

__all__ = [
    "A_PAGE",
    "alterations_of",
    "announced",
    "attachment_of",
    "attachments",
    "filings_of_leader",
    "folder_of",
    "folder_of_project",
    "footing",
    "footing_of",
    "numbers_like",
    "prospect",
    "row_of_project",
    "sealed",
    "shelf",
    "typed_of",
    "waiting",
    "weighed",
]
