"""Two at once: what a unique key tells whom."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from app.base.work import Work
from app.kernel.errors import ConflictError


def flush(work: Work, code: str) -> None:
    """Send what was changed to the database; ConflictError of that code where another was first."""
    try:
        work.session.flush()
    except IntegrityError as race:
        raise ConflictError(code) from race
