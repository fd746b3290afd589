"""Periodic upkeep in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.accounts import commands as accounts
from app.attendance import commands as attendance
from app.base import outbox
from app.base.work import Work, passes
from app.credits import commands as credits


@passes("base.sweep", "accounts.sweep", "accounts.sweep_sessions", "attendance.forget_nonces")
def sweep(work: Work, body: Mapping[str, Any]) -> None:  # noqa: ARG001  a turn has no facts
    """清理 — remove what has served its time."""
    outbox.sweep(work)
    accounts.sweep(work)
    accounts.sweep_sessions(work)
    attendance.forget_nonces(work)


@passes("credits.reconcile")
def reconcile(work: Work, body: Mapping[str, Any]) -> None:  # noqa: ARG001  a turn has no facts
    """核对 — compare every person's year with the ledger."""
    credits.reconcile(work)
