"""人员状态 — what a status stated with its first day makes of the history of statuses."""

from __future__ import annotations

from datetime import date

from app.people.terms import ALWAYS, History, Status


def in_force(history: History, day: date) -> Status:
    """The status of that day; normal before the first dated one."""
    held = [status for since, status in history if since <= day]
    return held[-1] if held else Status.NORMAL


def newest(history: History) -> Status:
    """The status of the newest day that is known."""
    return history[-1][1] if history else Status.NORMAL


def restated(history: History, status: Status, since: date) -> History:
    """The history once it is stated that the status holds from that day on.

    Without a day (`ALWAYS`) it always held. Otherwise earlier dated statuses stay, save that the
    same status with another first day corrects that day; an undated one and later ones give way.
    """
    if since == ALWAYS:
        return () if status is Status.NORMAL else ((ALWAYS, status),)
    earlier = [(day, held) for day, held in history if ALWAYS < day < since]
    if earlier and earlier[-1][1] is status:
        earlier.pop()
    if not earlier and status is Status.NORMAL:
        return ()
    return (*earlier, (since, status))
