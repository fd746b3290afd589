"""转单位 — a person asks to go to another unit, and sees how far it has come."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from app.base import words
from app.base.work import passes
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.people import queries as people
from app.speech.saying import full_moment
from app.transfers import commands, queries
from app.transfers.terms import LIFE, Act, State, Transfer
from wechat.phone import faces
from wechat.phone.blueprint import blueprint
from wechat.phone.entering import Visit, bound, proven

_LONGEST = 64
_DIGITS = 18
_DOORS = ("transfers.own", "transfers.own_destinations", "people.staff_of")


@blueprint.get("/<slug>/transfer", endpoint="transfer")
@passes(*_DOORS)
@bound
def transfers(visit: Visit) -> ResponseReturnValue:
    """How far one's own have come, and where else one may go."""
    return _page(visit)


@blueprint.post("/<slug>/transfer", endpoint="ask_transfer")
@passes("transfers.ask_own", "transfers.withdraw_own", *_DOORS)
@bound
@proven
def ask(visit: Visit) -> ResponseReturnValue:
    """Ask to go to a unit, or do not ask any more."""
    number = request.form.get("withdraw", "")
    try:
        with visit.work() as work:
            if number.isascii() and number.isdecimal() and len(number) < _DIGITS:
                commands.withdraw_own(work, visit.person_no, int(number))
            else:
                commands.ask_own(work, visit.person_no, request.form.get("unit", "")[:_LONGEST])
    except (ConflictError, InvalidError, NotFoundError) as refused:
        return _page(visit, refused)
    return redirect(url_for("phone.transfer", slug=visit.slug), 303)


def _page(visit: Visit, refused: CmeError | None = None) -> ResponseReturnValue:
    text = request.args.get("q", "")[:_LONGEST].strip()
    with visit.work() as work:
        staff = people.staff_of(work, visit.person_no)
        own = queries.own(work, visit.person_no)
        found = queries.own_destinations(work, text) if text else ()
    book = words.book("phone")
    return faces.show(
        "transfer", 200 if refused is None else refused.http_status, staff=staff, found=found,
        text=text, said="" if refused is None else words.of_error(refused), life=LIFE.days,
        still=[_row(one) for one in own if one.state is State.OPEN],
        asked=any(Act.WITHDRAW in one.acts for one in own),
        over=[(one, full_moment(one.ended_at), book[f"transfer.{one.state}"])
              for one in own if one.ended_at is not None and one.state is not State.OPEN],
    )  # fmt: skip


def _row(one: Transfer) -> tuple[Transfer, str, str, bool]:
    """An open one: whom it waits for, until when, and whether it is one's own to withdraw."""
    match one.case.left, one.case.joined:
        case True, True:
            waits = "platform"
        case True, False:
            waits = "target"
        case False, True:
            waits = "source"
        case _:
            waits = "both"
    said = words.sentence("phone", f"transfer.waits_{waits}", {"unit": one.target})
    return one, said, full_moment(one.case.expires_at), Act.WITHDRAW in one.acts
