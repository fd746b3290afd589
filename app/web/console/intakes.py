"""导入的种类 — what the console imports, each with its columns and its doors."""

from __future__ import annotations

from app.cards import commands as cards
from app.cards import rules as card_rules
from app.credits import commands as ledger
from app.credits import rules as course_rules
from app.filing import commands as filing
from app.filing.rules import lists
from app.people.rules import roster
from app.people.terms import ImportKind
from app.web.console.imports import Intake, screens_of

PEOPLE = Intake(
    ImportKind.PEOPLE, "imports", roster.FORM, cards.check_roster, cards.import_checked,
    cards.undo_import, ("cards.check_roster", "cards.import_checked", "cards.undo_import"),
    "people.index",
)  # fmt: skip
EDITS = Intake(
    ImportKind.EDITS, "edits", roster.FORM, None, cards.take_edits, cards.undo_edits,
    ("cards.check_edits", "cards.take_edits", "cards.undo_edits"), "people.index",
)  # fmt: skip
CARDS = Intake(
    ImportKind.CARDS, "card_imports", card_rules.FORM, cards.check_cards, cards.take_cards,
    cards.undo_cards, ("cards.check_cards", "cards.take_cards", "cards.undo_cards"), "cards.shelf",
)  # fmt: skip

COURSES = Intake(
    ImportKind.COURSES, "courses", course_rules.FORM, ledger.check_courses, ledger.take_courses,
    ledger.undo_courses, ("credits.check_courses", "credits.take_courses", "credits.undo_courses"),
    "courses.start",
)  # fmt: skip

PROJECTS = Intake(
    ImportKind.PROJECTS, "project_imports", lists.FORM, filing.check_list, filing.take_list,
    filing.undo_list, ("filing.check_list", "filing.take_list", "filing.undo_list"),
    "projects.shelf", "imports.projects_undone_but",
)  # fmt: skip

BLUEPRINTS = tuple(map(screens_of, (PEOPLE, EDITS, CARDS, COURSES, PROJECTS)))
