"""转单位 — what time alone does to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.base.work import Work, passes
from app.transfers import commands as transfers


@passes("transfers.expire")
def expire(work: Work, body: Mapping[str, Any]) -> None:  # noqa: ARG001  a turn has no facts
    """到期 — what nobody agreed to in time is over, and its people are told."""
    transfers.expire(work)
