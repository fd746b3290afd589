"""管理员 — the operator's verbs about those who work in the console."""

from __future__ import annotations

from typing import Any

import click

from app.accounts import commands as accounts
from app.accounts import rules
from app.base.work import Work
from app.cards import queries as cards
from app.cards.terms import CardState
from app.cli.desk import Desk, Told, help_of, verb
from app.kernel.actor import Role
from app.kernel.span import shown


@click.group("admin", help=help_of("admin"))
def group() -> None:
    """Verbs about administrators."""


@verb(group, "link", "accounts.invite")
@click.option(
    "--role",
    type=click.Choice([one.value for one in rules.SEATS]),
    required=True,
    help=help_of("admin.link.role"),
)
@click.option("--unit", required=True, metavar="CODE", help=help_of("admin.link.unit"))
@click.option("--name", required=True, help=help_of("admin.link.name"))
def link(desk: Desk, *, role: str, unit: str, name: str) -> dict[str, Any]:
    with desk.work() as work:
        made = accounts.invite(work, role=Role(role), unit_code=unit, name=name)
    return {"url": made.url.reveal(), "expires_at": shown(made.expires_at)}


@verb(group, "reset-code", "accounts.reset_code", "cards.own_cards")
@click.argument("person_no", metavar="PERSON_NO")
@click.option("--reason", required=True, help=help_of("user.reason"))
@click.option("--present", is_flag=True, help=help_of("admin.reset-code.present"))
def reset_code(desk: Desk, person_no: str, *, reason: str, present: bool) -> Told:
    with desk.work() as work:
        card_no = _card_no(work, person_no)
        made = accounts.reset_code(work, person_no, card_no=card_no, reason=reason, present=present)
    answer = {
        "code": made.code.reveal(), "user_name": made.user_name,
        "expires_at": shown(made.expires_at), "agreed": present,
    }  # fmt: skip
    said = "admin.reset-code.present" if present else "admin.reset-code.asked"
    return Told(answer, said, answer | {"page": f"{desk.site.config.public_url}/login/code"})


@verb(group, "forget-totp", "accounts.forget_totp")
@click.argument("name")
@click.option("--reason", required=True, help=help_of("user.reason"))
def forget_totp(desk: Desk, name: str, *, reason: str) -> dict[str, Any]:
    with desk.work() as work:
        accounts.forget_totp(work, name, reason=reason)
    return {"name": name, "second": False}


def _card_no(work: Work, person_no: str) -> str | None:
    """The number of the newest card in use, which is the person's user name."""
    active = [one for one in cards.own_cards(work, person_no) if one.state is CardState.ACTIVE]
    return active[-1].no if active else None
