"""常设的页 — standards, notices, questions, whom to ask; one's own data; a card that is lost."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.base.work import passes
from app.cards import commands as cards
from app.cards import queries as held
from app.cards.terms import CardState
from app.people import queries as people
from app.speech.saying import full_moment, say
from app.standards import queries as standards
from wechat.phone import faces
from wechat.phone.blueprint import blueprint
from wechat.phone.entering import Visit, bound, entered, proven
from wechat.phone.views import rules as rule_views


@blueprint.get("/<slug>/standards", endpoint="standards")
@passes("standards.in_use")
@entered
def packs(visit: Visit) -> ResponseReturnValue:
    """学分标准 — the rules that the person goes by today; whoever is not bound, the country's."""
    with visit.work() as work:
        edition = standards.in_use(work)
    return faces.show("standards", pack=rule_views.page(edition.pack))


@blueprint.get("/<slug>/notices", endpoint="notices")
@entered
def notices(visit: Visit) -> ResponseReturnValue:  # noqa: ARG001  the same for everybody
    """通知 — none yet; the page says so."""
    return faces.show("notices")


@blueprint.get("/<slug>/faq", endpoint="faq")
@entered
def questions(visit: Visit) -> ResponseReturnValue:  # noqa: ARG001  the same for everybody
    """常见问题 — what people ask most, answered by where to look."""
    return faces.show("faq")


@blueprint.get("/<slug>/help", endpoint="help")
@passes("people.staff_of")
@entered
def helping(visit: Visit) -> ResponseReturnValue:
    """人工帮助 — whom to ask, and what to tell them."""
    if visit.session.binding is None:
        return faces.show("help", staff=None)
    with visit.work() as work:
        return faces.show("help", staff=people.staff_of(work, visit.person_no))


@blueprint.get("/<slug>/data", endpoint="data")
@passes("people.kept_of", "people.staff_of", "cards.own_cards")
@bound
def data(visit: Visit) -> ResponseReturnValue:
    """我的资料 — what is kept of the person, numbers masked."""
    with visit.work() as work:
        staff = people.staff_of(work, visit.person_no)
        kept = people.kept_of(work, visit.person_no)
        own = held.own_cards(work, visit.person_no)
    shown = [(card.no, say(f"card.{card.state}", {}), full_moment(card.since)) for card in own]
    return faces.show("data", staff=staff, kept=kept, cards=shown)


@blueprint.get("/<slug>/lost", endpoint="lost")
@passes("cards.own_cards", "people.staff_of")
@bound
def losing(visit: Visit) -> ResponseReturnValue:
    """卡丢了 — the person's card, and what reporting it lost will do."""
    return _lost(visit)


@blueprint.post("/<slug>/lost")
@passes("cards.report_lost", "cards.own_cards", "people.staff_of")
@bound
@proven
def lose(visit: Visit) -> ResponseReturnValue:
    """Report the card lost: it does not count from this moment on."""
    with visit.work() as work:
        cards.report_lost(work, request.form.get("card_no", ""))
    return redirect(url_for("phone.lost", slug=visit.slug))


def _lost(visit: Visit) -> ResponseReturnValue:
    with visit.work() as work:
        staff = people.staff_of(work, visit.person_no)
        own = held.own_cards(work, visit.person_no)
    active = next((card for card in own if card.state is CardState.ACTIVE), None)
    newest = max(own, key=lambda card: card.since, default=None)
    state = "none" if newest is None else str(newest.state)
    since = "" if newest is None else full_moment(newest.since)
    return faces.show("lost", staff=staff, active=active, newest=newest, state=state, since=since)
