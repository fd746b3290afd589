"""一卡通 — the state of a card."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from app.base import qr
from app.cards import commands
from app.cards.terms import CardState
from app.cli.desk import Desk, Told, help_of, verb
from app.kernel.errors import InvalidError
from app.kernel.span import SHANGHAI, local, shown


@click.group("card", help=help_of("card"))
def group() -> None:
    """Verbs about cards."""


@verb(group, "set", "cards.set_state")
@click.argument("card_no")
@click.option("--state", required=True, metavar="STATE", help=help_of("card.set.state"))
@click.option("--since", metavar="TIME", help=help_of("card.set.since"))
def set_(desk: Desk, card_no: str, state: str, since: str | None) -> dict[str, Any]:
    wanted, moment = _state(state), None if since is None else _moment(since)
    with desk.work() as work:
        card = commands.set_state(work, card_no, wanted, moment)
    return {"card_no": card.no, "state": card.state, "since": shown(card.since)}


@verb(group, "proof", "cards.show_proof")
@click.argument("card_no")
@click.option("--account", metavar="SLUG", help=help_of("card.proof.account"))
def proof(desk: Desk, card_no: str, account: str | None) -> Told:
    with desk.work() as work:
        shown_proof = commands.show_proof(work, card_no=card_no, slug=account)
    url = shown_proof.url.reveal()
    answer = {"url": url, "expires_at": shown(shown_proof.expires_at)}
    return Told(answer, "card.proof", answer | {"picture": qr.drawn(url)})


def _state(text: str) -> CardState:
    try:
        return CardState(text)
    except ValueError:
        allowed = ", ".join(CardState)
        raise InvalidError("cards.card.state", value=text, allowed=allowed) from None


def _moment(text: str) -> datetime:
    try:
        # The first and the last day of the calendar exist in one of the two zones only.
        return local(text).astimezone(UTC).astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        raise InvalidError("cards.card.moment", value=text) from None
