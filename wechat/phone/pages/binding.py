"""绑定 — an openid proves whose it is, in a way of choice; and what one's bindings were."""

from __future__ import annotations

from typing import assert_never

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.commands import binding as accounts
from app.accounts.commands import proving as proofs
from app.accounts.commands import requests
from app.accounts.queries.binding import binding_history, binding_state
from app.accounts.terms.proofs import Bound, NameNeeded, NotBound, Outcome, Waits
from app.base import words
from app.base.work import passes
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from app.people import queries as people
from app.speech.saying import full_moment
from wechat import proving
from wechat.phone import faces, mini
from wechat.phone.blueprint import blueprint
from wechat.phone.entering import Visit, bound, entered, proven

_LONGEST_CODE = 60


@blueprint.get("/<slug>/bind", endpoint="bind")
@passes("people.staff_of")
@entered
def choose(visit: Visit) -> ResponseReturnValue:
    """The ways to prove who one is; for whom it is done already, as whom they are known."""
    state = binding_state(visit.site, visit.slug, visit.session.openid)
    if state.binding is not None:
        with visit.work() as work:
            staff = people.staff_of(work, visit.person_no)
        contested = state.contested_until
        moved_at = "" if contested is None else full_moment(contested)
        return faces.show("bound", staff=staff, contested=moved_at)
    until = state.pending_until
    if until is not None:
        return faces.show("pending", until=full_moment(until))
    return faces.show(
        "bind", left=state.tries_left, asked=state.asked, by_phone=mini.known(visit.site)
    )


@blueprint.get("/<slug>/bind/phone", endpoint="bind_phone")
@passes("accounts.offer_phone_proof")
@entered
@proven
def by_phone(visit: Visit) -> ResponseReturnValue:
    """The way into the mini-program, with a ticket that says for which openid it is."""
    if not mini.known(visit.site):
        return faces.show("bind_phone", link=None)
    with visit.work() as work:
        ticket = proofs.offer_phone_proof(work, visit.slug, visit.session.openid)
    return faces.show("bind_phone", link=mini.link_with(visit.site, ticket))


@blueprint.get("/<slug>/bind/card", endpoint="bind_card")
@entered
@proven
def card(visit: Visit) -> ResponseReturnValue:  # noqa: ARG001  the same for everybody
    """How a card becomes a proof."""
    return faces.show("bind_card")


@blueprint.get("/<slug>/bind/card/<token>", endpoint="bind_card_seen")
@entered
@proven
def card_seen(visit: Visit, token: str) -> ResponseReturnValue:  # noqa: ARG001  asked, not used
    """The picture was read: one tap more, so that reading alone does nothing."""
    return faces.show("bind_card_seen")


@blueprint.post("/<slug>/bind/card/<token>", endpoint="bind_by_card")
@passes(*proving.DOORS)
@entered
@proven
def by_card(visit: Visit, token: str) -> ResponseReturnValue:
    """Bind by a card that was held to a reader a moment ago."""
    openid = visit.session.openid
    return _told(visit, proving.prove_by_card(visit.work, visit.slug, openid, Secret(token)))


@blueprint.get("/<slug>/bind/slip", endpoint="bind_slip")
@entered
@proven
def slip(visit: Visit) -> ResponseReturnValue:  # noqa: ARG001  the same for everybody
    """Where the code of a slip is typed."""
    return faces.show("bind_slip")


@blueprint.post("/<slug>/bind/slip", endpoint="bind_by_slip")
@passes(*proving.DOORS)
@entered
@proven
def by_slip(visit: Visit) -> ResponseReturnValue:
    """Bind by the code of a slip."""
    openid, code = visit.session.openid, Secret(request.form.get("code", "")[:_LONGEST_CODE])
    return _told(visit, proving.prove_by_slip(visit.work, visit.slug, openid, code))


@blueprint.get("/<slug>/bind/ask", endpoint="bind_ask")
@entered
@proven
def asking(visit: Visit) -> ResponseReturnValue:  # noqa: ARG001  the same for everybody
    """Where somebody says who they are, for the hospital to judge."""
    return faces.show("bind_ask", given={}, said="")


@blueprint.post("/<slug>/bind/ask", endpoint="ask_human")
@passes("accounts.ask_human")
@entered
@proven
def ask(visit: Visit) -> ResponseReturnValue:
    """Ask the hospital to confirm; the answer is the same whether there is such a person or not."""
    given = {name: request.form.get(name, "") for name in ("name", "department", "note")}
    try:
        with visit.work() as work:
            requests.ask_human(work, visit.slug, visit.session.openid, **given)
    except (ConflictError, InvalidError) as refused:
        return faces.show(
            "bind_ask", refused.http_status, given=given, said=words.of_error(refused)
        )
    return faces.show("asked")


@blueprint.get("/<slug>/bindings", endpoint="bindings")
@passes("accounts.binding_history")
@bound
def history(visit: Visit) -> ResponseReturnValue:
    """绑定记录 — every binding there ever was of the person."""
    with visit.work() as work:
        found = binding_history(work, visit.person_no)
    rows = [
        (
            one, full_moment(one.bound_at),
            "" if one.ended_at is None else full_moment(one.ended_at),
            (one.slug, one.openid) == (visit.slug, visit.session.openid) and one.ended_at is None,
        )
        for one in found
    ]  # fmt: skip
    return faces.show("bindings", rows=rows)


@blueprint.post("/<slug>/bindings", endpoint="unbind")
@passes("accounts.unbind")
@bound
@proven
def unbind(visit: Visit) -> ResponseReturnValue:
    """This openid is nobody's any more."""
    with visit.work() as work:
        accounts.unbind(work, visit.slug, visit.session.openid)
    return faces.show("done", what="unbound")


@blueprint.post("/<slug>/bindings/claim", endpoint="claim")
@passes("accounts.confirm_claim", "accounts.refuse_claim")
@bound
@proven
def claim(visit: Visit) -> ResponseReturnValue:
    """Say what is to become of another openid that wants this one's place."""
    openid = visit.session.openid
    try:
        with visit.work() as work:
            if request.form.get("act") == "confirm":
                accounts.confirm_claim(work, visit.slug, openid)
                return faces.show("done", what="moved")
            accounts.refuse_claim(work, visit.slug, openid)
    except NotFoundError:
        return faces.refuse("claim", 409)
    return faces.show("done", what="refused")


def _told(visit: Visit, outcome: Outcome) -> ResponseReturnValue:
    """What became of a try; all refusals look the same."""
    match outcome:
        case Bound():
            return redirect(url_for("phone.bind", slug=visit.slug))
        case Waits(until=until):
            return faces.show("pending", until=full_moment(until))
        case NotBound(left=left):
            return faces.show("not_bound", 422, left=left)
        case NameNeeded():
            raise AssertionError("a name is asked for beside a phone number only")
        case _:
            assert_never(outcome)
