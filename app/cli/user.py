"""用户 — the operator's verbs about log-ins: stop, let go on, look for weak passwords."""

from __future__ import annotations

from typing import Any

import click

from app.accounts import commands as accounts
from app.cli.desk import Desk, Told, help_of, verb


@click.group("user", help=help_of("user"))
def group() -> None:
    """Verbs about log-ins."""


@verb(group, "freeze", "accounts.freeze_login")
@click.argument("name")
@click.option("--reason", required=True, help=help_of("user.reason"))
def freeze(desk: Desk, name: str, *, reason: str) -> dict[str, Any]:
    with desk.work() as work:
        accounts.freeze_login(work, name, reason=reason)
    return {"name": name, "frozen": True}


@verb(group, "unfreeze", "accounts.unfreeze_login")
@click.argument("name")
@click.option("--reason", required=True, help=help_of("user.reason"))
def unfreeze(desk: Desk, name: str, *, reason: str) -> dict[str, Any]:
    with desk.work() as work:
        accounts.unfreeze_login(work, name, reason=reason)
    return {"name": name, "frozen": False}


@verb(group, "audit-weak", "accounts.audit_weak")
def audit_weak(desk: Desk) -> Told:
    with desk.work() as work:
        found = accounts.audit_weak(work)
    facts = {"count": len(found), "names": ", ".join(found)}
    return Told({"weak": list(found)}, f"user.audit-weak.{'some' if found else 'none'}", facts)
