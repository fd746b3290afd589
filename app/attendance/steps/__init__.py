"""Steps of taking uploads in and of settling what waits."""

from app.attendance.steps.settling import settle

__all__ = ["settle"]
