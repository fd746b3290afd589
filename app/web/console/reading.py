"""读卡 — whose a card is that is held to the reader at the desk, and what can be done with it."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words
from app.base.work import passes
from app.cards import commands as cards
from app.cards import queries
from app.cards.terms import CardState
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from app.making import queries as making
from app.making.terms import State
from app.people import queries as people
from app.web import headers
from app.web.console import frame
from app.web.sessions import Guest, entered

# Of these pages alone, which ask the program that has the reader.
blueprint = Blueprint("reading", __name__, url_prefix="/console/cards/read")
blueprint.after_request(headers.beside_reader)

_LONGEST = 64
_DOORS = (*frame.DOORS, "cards.card_read", "people.file_of")
_REFUSED = (ConflictError, InvalidError, NotFoundError)


@blueprint.get("")
@passes(*frame.DOORS, "making.batches")
@entered(Stage.OPEN)
def page(guest: Guest) -> ResponseReturnValue:
    """Hold a card to the reader, or type its number; and how many wait to be fetched."""
    with frame.working(guest) as work:
        made = [one for one in making.batches(work) if one.state is State.MADE]
    return frame.page(
        guest, "console/reading.html", found=None, seen="", refusal="", reader=headers.READER,
        fetched=sum(one.asked - one.handed for one in made),
    )  # fmt: skip


@blueprint.post("")
@passes(*_DOORS)
@entered(Stage.OPEN)
def read(guest: Guest) -> ResponseReturnValue:
    """Whose it is; posted, so that a number of a chip is in no address and in no log."""
    return _read(guest, request.form.get("seen", ""))


@blueprint.post("/state")
@passes(*_DOORS, "cards.set_state")
@entered(Stage.OPEN)
def set_state(guest: Guest) -> ResponseReturnValue:
    """The card that was read is lost, revoked, or counts again."""
    number = request.form.get("card_no", "")[:_LONGEST]
    try:
        state = CardState(request.form.get("state", ""))
        with frame.working(guest) as work:
            card = cards.set_state(work, number, state)
    except _REFUSED as refused:
        return _read(guest, number, refused)
    except ValueError:
        return redirect(url_for("reading.page"), 303)
    facts = {"card_no": card.no, "state": words.book("console")[f"cards.{card.state}"]}
    frame.tell("cards.changed", facts)
    return redirect(url_for("reading.page"), 303)


def _read(guest: Guest, seen: str, refused: CmeError | None = None) -> ResponseReturnValue:
    found = file = None
    try:
        with frame.working(guest) as work:
            found = queries.card_read(work, Secret(seen[:_LONGEST].strip()))
            file = people.file_of(work, found.person_no)
    except NotFoundError as unknown:
        refused = refused or unknown
    return frame.page(
        guest, "console/reading.html", 200 if refused is None else refused.http_status,
        found=found, file=file, seen=seen[:_LONGEST] if found is None else "",
        reader=headers.READER, word=words.book("console").get,
        refusal="" if refused is None else words.of_error(refused),
    )  # fmt: skip
