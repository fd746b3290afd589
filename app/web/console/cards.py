"""卡片 — batches of cards that are made, and a card that is lost or found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import paper, words
from app.base.work import Work, passes
from app.cards import commands as cards
from app.cards.terms import CardState
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from app.kernel.span import local_date
from app.making import commands as making
from app.making import queries
from app.making.terms import Form, Kind, State
from app.org import queries as org
from app.people import queries as people
from app.speech import material as papers
from app.web.console import frame, trails
from app.web.sessions import Guest, entered

blueprint = frame.screens("cards", "/cards")

_ONE = (*frame.DOORS, "making.batch_of", "making.trail_of", "people.photo_marks")
_LONGEST_CODE, _LONGEST_LIST = 64, 20_000
_REFUSED = (ConflictError, InvalidError, NotFoundError)

Act: TypeAlias = Callable[[Work, int], None]


@blueprint.get("")
@passes(*frame.DOORS, "making.batches", "org.employers")
@entered(Stage.OPEN)
def shelf(guest: Guest) -> ResponseReturnValue:
    """The batches: what is late and due first; and a card whose state is to change."""
    return _shelf(guest)


@blueprint.post("")
@passes(*frame.DOORS, "making.open_batch", "making.batches", "org.employers")
@entered(Stage.OPEN)
def open_batch(guest: Guest) -> ResponseReturnValue:
    """A new batch, still empty."""
    try:
        with frame.working(guest) as work:
            kind = Kind(request.form.get("kind", ""))
            number = making.open_batch(work, _field("unit"), kind)
    except (*_REFUSED, ValueError) as refused:
        return _shelf(guest, refused if isinstance(refused, CmeError) else None)
    frame.tell("cards.opened")
    return redirect(url_for("cards.batch", number=number), 303)


@blueprint.post("/state")
@passes(*frame.DOORS, "cards.set_state", "making.batches", "org.employers")
@entered(Stage.OPEN)
def set_state(guest: Guest) -> ResponseReturnValue:
    """A card is lost, revoked, or counts again; from now on, for terminals that sync as well."""
    try:
        state = CardState(request.form.get("state", ""))
        with frame.working(guest) as work:
            card = cards.set_state(work, _field("card_no"), state)
    except (*_REFUSED, ValueError) as refused:
        return _shelf(guest, refused if isinstance(refused, CmeError) else None)
    frame.tell("cards.changed", {"card_no": card.no, "state": word(card.state)})
    return redirect(url_for("cards.shelf"), 303)


@blueprint.get("/<int:number>")
@passes(*_ONE)
@entered(Stage.OPEN)
def batch(guest: Guest, number: int) -> ResponseReturnValue:
    """One batch: its people, and what is to be done next."""
    return _batch(guest, number)


@blueprint.post("/<int:number>/material")
@passes(
    *frame.DOORS, "making.take_material", "making.batch_of", "people.photo_marks", "making.trail_of"
)
@entered(Stage.OPEN)
def material(guest: Guest, number: int) -> ResponseReturnValue:
    """制卡资料 — to print, or as a zip for who makes the cards; the trail knows who took it."""
    as_zip = request.form.get("form") == Form.ZIP
    try:
        with frame.working(guest) as work:
            taken = making.take_material(work, number, Form.ZIP if as_zip else Form.SHEET)
            now, by = work.now, work.actor.name
    except _REFUSED as refused:
        return _batch(guest, number, refused)
    name = words.sentence("paper", "sheet.file", {"batch": number})
    if as_zip:
        return frame.download(papers.archive(taken, now, by), f"{name}.zip", "application/zip")
    return frame.download(papers.sheet(taken), f"{name}.pdf", "application/pdf")


@blueprint.post("/<int:number>/people")
@passes(*_ONE, "making.add")
@entered(Stage.OPEN)
def add(guest: Guest, number: int) -> ResponseReturnValue:
    """People are added by their numbers, pasted as they stand in a column of a table."""
    listed = re.split(r"[\s,;，；、]+", request.form.get("nos", "")[:_LONGEST_LIST])
    try:
        with frame.working(guest) as work:
            count = making.add(work, number, listed)
    except _REFUSED as refused:
        return _batch(guest, number, refused)
    frame.tell("cards.added", {"count": count})
    return redirect(url_for("cards.batch", number=number), 303)


@blueprint.post("/<int:number>/withdraw")
@passes(*_ONE, "making.withdraw")
@entered(Stage.OPEN)
def withdraw(guest: Guest, number: int) -> ResponseReturnValue:
    """Somebody wants no card any more."""
    no = _field("person_no")
    return _done(guest, number, lambda work, at: making.withdraw(work, at, no), "cards.withdrawn")


@blueprint.post("/<int:number>/hand-in")
@passes(*_ONE, "making.hand_in")
@entered(Stage.OPEN)
def hand_in(guest: Guest, number: int) -> ResponseReturnValue:
    """The batch is handed in: twenty working days begin."""
    try:
        with frame.working(guest) as work:
            making.hand_in(work, number)
            found, _ = queries.batch_of(work, number)
    except _REFUSED as refused:
        return _batch(guest, number, refused)
    if found.due_on is not None:
        facts = {"count": found.asked, "month": found.due_on.month, "day": found.due_on.day}
        frame.tell("cards.handed_in", facts)
    return redirect(url_for("cards.batch", number=number), 303)


@blueprint.post("/<int:number>/make")
@passes(*_ONE, "making.make")
@entered(Stage.OPEN)
def make(guest: Guest, number: int) -> ResponseReturnValue:
    """The material is with who makes the cards."""
    return _done(guest, number, making.make, "cards.sent")


@blueprint.post("/<int:number>/hand-out")
@passes(*_ONE, "making.hand_out")
@entered(Stage.OPEN)
def hand_out(guest: Guest, number: int) -> ResponseReturnValue:
    """One card is handed out: it counts from now on."""
    no, name, card_no = _field("person_no"), _field("name"), _field("card_no")
    received_by, uid = _field("received_by"), Secret(_field("uid"))

    def act(work: Work, at: int) -> None:
        making.hand_out(work, at, no, card_no, received_by, uid)

    facts = {"name": name, "card_no": card_no}
    return _done(guest, number, act, "cards.handed_out", facts)


def word(code: str) -> str:
    """A word of these pages."""
    return words.book("console")[f"cards.{code}"]


def _done(
    guest: Guest, number: int, act: Act, code: str, facts: Mapping[str, object] | None = None
) -> ResponseReturnValue:
    """Do it and say so; what cannot be done is said beside what was typed."""
    try:
        with frame.working(guest) as work:
            act(work, number)
    except _REFUSED as refused:
        return _batch(guest, number, refused)
    frame.tell(code, facts)
    return redirect(url_for("cards.batch", number=number), 303)


def _shelf(guest: Guest, refused: CmeError | None = None) -> Response:
    with frame.working(guest) as work:
        found, units = queries.batches(work), org.employers(work)
        today = local_date(work.now)
    status = 200 if refused is None else refused.http_status
    return frame.page(
        guest, "console/cards.html", status, found=found, units=units, today=today, kinds=Kind,
        word=word, given=request.form, refusal="" if refused is None else words.of_error(refused),
        late=[one for one in found if one.is_late(today)],
    )  # fmt: skip


def _batch(guest: Guest, number: int, refused: CmeError | None = None) -> Response:
    with frame.working(guest) as work:
        found, orders = queries.batch_of(work, number)
        trail = queries.trail_of(work, number)
        photos = people.photo_marks(work, [one.person_id for one in orders])
        today = local_date(work.now)
    whose = {f"{number},{one.person_id}": one.name for one in orders}
    rows = () if refused is None else refused.rows
    names = "" if found.state is State.DRAFT else "".join(one.name for one in orders)
    return frame.page(
        guest, "console/cards_batch.html", 200 if refused is None else refused.http_status,
        found=found, orders=orders, photos=photos,
        trail=trails.lines(trail, {}, whose), lacking=paper.lacking(names),
        today=today, states=State, word=word,
        given=request.form,
        refusal="" if refused is None else words.of_error(refused),
        faults=[f"{row.value}：{words.of_row(row)}" for row in rows],
    )  # fmt: skip


def _field(name: str) -> str:
    return request.form.get(name, "").strip()[:_LONGEST_CODE]
