"""Uploads and cards: what follows from a file that came in, or a card that changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.attendance import commands as attendance
from app.base.work import Work, passes


@passes("attendance.take_in")
def intake(work: Work, body: Mapping[str, Any]) -> None:
    """Take a stored file in."""
    attendance.take_in(work, body["upload_id"])


@passes("attendance.settle_cards")
def settle(work: Work, body: Mapping[str, Any]) -> None:
    """Judge again what waited for these cards and people."""
    attendance.settle_cards(work, body["card_ids"], body["person_ids"])
