"""Taking in people with their cards, and changing a card's state."""

from app.cards.commands.cards import (
    enrol,
    import_cards,
    import_people,
    report_lost,
    set_state,
    show_proof,
)
from app.cards.commands.imports import (
    check_cards,
    check_edits,
    check_roster,
    import_checked,
    take_cards,
    take_edits,
    undo_cards,
    undo_edits,
    undo_import,
)

__all__ = [
    "check_cards",
    "check_edits",
    "check_roster",
    "enrol",
    "import_cards",
    "import_checked",
    "import_people",
    "report_lost",
    "set_state",
    "show_proof",
    "take_cards",
    "take_edits",
    "undo_cards",
    "undo_edits",
    "undo_import",
]
