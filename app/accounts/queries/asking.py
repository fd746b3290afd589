"""One statement of the front desk that is a transaction by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Executable

from app.base.site import Site


def alone(
    site: Site, statement: Executable, facts: Mapping[str, object] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """One statement of the front desk that is a transaction by itself: a single round trip."""
    with site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        return connection.execute(statement, facts)
