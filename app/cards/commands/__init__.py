"""Taking in people with their cards, and changing a card's state."""

from app.cards.commands.cards import import_people, report_lost, set_state, show_proof
from app.cards.commands.imports import check_roster, import_checked, undo_import

__all__ = [
    "check_roster",
    "import_checked",
    "import_people",
    "report_lost",
    "set_state",
    "show_proof",
    "undo_import",
]
