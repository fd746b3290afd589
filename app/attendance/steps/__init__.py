"""Steps of taking uploads in and of settling what waits."""

from app.attendance.steps.locks import records_as_they_are
from app.attendance.steps.settling import settle

__all__ = ["records_as_they_are", "settle"]
