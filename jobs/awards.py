"""Awards in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.awards import commands
from app.base.work import Work, passes


@passes("awards.carry_out")
def carry_out(work: Work, body: Mapping[str, Any]) -> None:
    """授分 — judge the run of the message and enter its credit."""
    commands.carry_out(work, body["run_id"])


@passes("awards.give_up")
def give_up(work: Work, body: Mapping[str, Any]) -> None:
    """End a run that met a fault too often."""
    commands.give_up(work, body["run_id"])
