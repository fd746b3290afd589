"""Questions about projects and their batches."""

from app.projects.queries.batches import (
    MOST_FOUND,
    batch_ids_between,
    batch_ids_of,
    batch_of,
    batches_between,
    batches_of,
    batches_of_project,
    find,
    find_ids,
)
from app.projects.queries.dossiers import A_PAGE, dossier_of, listed, moves_of, shelf
from app.projects.queries.files import hanging_on, on_file

__all__ = [
    "A_PAGE",
    "MOST_FOUND",
    "batch_ids_between",
    "batch_ids_of",
    "batch_of",
    "batches_between",
    "batches_of",
    "batches_of_project",
    "dossier_of",
    "find",
    "find_ids",
    "hanging_on",
    "listed",
    "moves_of",
    "on_file",
    "shelf",
]
