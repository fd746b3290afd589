"""The doors of the ledger itself, and of credit that comes from no activity of ours."""

from app.credits.commands.courses import check_courses, take_courses, undo_courses
from app.credits.commands.ledger import reconcile

__all__ = ["check_courses", "reconcile", "take_courses", "undo_courses"]
