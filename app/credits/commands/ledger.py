"""对账 — the ledger against the sums that are kept of it."""

from __future__ import annotations

import structlog

from app.base.work import Work, command
from app.credits import queries
from app.kernel.actor import Permission
from app.kernel.place import Place

log = structlog.get_logger(__name__)


@command(Permission.SYSTEM_OPERATE)
def reconcile(work: Work) -> int:
    """对账 — how many person-years differ from the ledger; a difference is noted in the trail."""
    unequal = queries.unequal_tallies(work)
    if unequal:
        log.error("credits.tallies_differ", person_years=unequal)
        work.note("person_year", "all", Place.root(), unequal=unequal)
    return unequal
