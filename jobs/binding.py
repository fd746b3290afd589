"""绑定 — what time alone does to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.accounts.commands import binding as accounts
from app.base.work import Work, passes


@passes("accounts.settle_claims")
def settle(work: Work, body: Mapping[str, Any]) -> None:  # noqa: ARG001  a turn has no facts
    """换绑生效 — whoever has waited a day is bound."""
    accounts.settle_claims(work)


@passes("accounts.recheck_bindings")
def recheck(work: Work, body: Mapping[str, Any]) -> None:  # noqa: ARG001  a turn has no facts
    """复核绑定 — nobody who is cancelled today is bound."""
    accounts.recheck_bindings(work)
