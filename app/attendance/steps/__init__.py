"""Steps of taking uploads in and of settling what waits."""

from app.attendance.steps.locks import cards_may_change, records_as_they_are
from app.attendance.steps.merging import hand_over
from app.attendance.steps.settling import settle

__all__ = ["cards_may_change", "hand_over", "records_as_they_are", "settle"]
