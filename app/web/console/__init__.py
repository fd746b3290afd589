"""控制台 — the pages of who works for others: one module a screen, all in one frame."""

from __future__ import annotations

from app.web.console import (
    administrators,
    altering,
    analysis,
    awarding,
    bindings,
    cards,
    clocks,
    departments,
    exports,
    filing_form,
    intakes,
    logbook,
    me,
    merging,
    newcomer,
    reading,
    settling,
    tasks,
    transfers,
)

# In the order of the menu.
BLUEPRINTS = (
    me.blueprint,
    newcomer.blueprint,  # of `people` and `person` too, whose pages it goes on with
    departments.blueprint,
    transfers.blueprint,
    merging.blueprint,
    cards.blueprint,
    reading.blueprint,
    *intakes.BLUEPRINTS,
    exports.blueprint,
    bindings.blueprint,
    altering.blueprint,  # of `projects`, one of whose batches it is about
    filing_form.blueprint,  # of `filings`, whose form it is
    analysis.blueprint,
    clocks.blueprint,
    awarding.blueprint,
    settling.blueprint,
    tasks.blueprint,
    administrators.blueprint,
    logbook.blueprint,
)
