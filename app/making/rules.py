"""制卡规则 — who may ask for which card, and until when it is made."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta

from app.cards.terms import Card, CardState
from app.making.terms import Kind
from app.people.terms import Status

# domain.md 0, row 2: made within twenty working days.
WORKING_DAYS = 20


def due_on(handed_in: date, is_working: Callable[[date], bool]) -> date:
    """到期日 — the twentieth working day after the batch was handed in."""
    day, left = handed_in, WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= is_working(day)
    return day


def objection(kind: Kind, status: Status, cards: Collection[Card]) -> str:
    """What speaks against a card of this kind for somebody with these cards; empty for nothing."""
    active = any(card.state is CardState.ACTIVE for card in cards)
    if status is Status.CANCELLED:
        return "making.order.cancelled"
    match kind:
        case Kind.NEW if cards:
            return "making.order.has_card"
        case Kind.REPLACEMENT if active:
            return "making.order.not_lost"
        case Kind.REPLACEMENT if not cards:
            return "making.order.never_had"
        case Kind.EXCHANGE if not active:
            return "making.order.nothing_to_exchange"
    return ""


def old_card(cards: Collection[Card]) -> str:
    """旧卡号 — the card that a new one comes instead of: the active one, else the last."""
    active = [card for card in cards if card.state is CardState.ACTIVE]
    return (active or list(cards))[-1].no if cards else ""
