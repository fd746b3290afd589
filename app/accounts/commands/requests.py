"""确认申请 — a follower asks the hospital to say who they are, and somebody there answers."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts import rules
from app.accounts.queries.proofs import is_account, request_of
from app.accounts.rules.proofs import ASKS, asked_as, lowest_common
from app.accounts.steps.binding import give
from app.accounts.steps.clashes import flush
from app.accounts.steps.telling import moment_facts, tell_openid
from app.accounts.steps.trying import charge_ask
from app.accounts.tables.binding import RequestRow
from app.accounts.terms.binding import How
from app.accounts.terms.proofs import Bound, RequestId, Waits
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.span import local_date
from app.org import queries as org
from app.org.terms import Unit
from app.people import queries as people
from app.people.terms import Person, Status


@command(Permission.ACCOUNTS_PROVE, reaches=True)
def ask_human(
    work: Work, slug: str, openid: str, name: str, department: str, note: str = ""
) -> RequestId:
    """请科教科确认 — somebody who may bind people there is asked who this openid is.

    A newer request takes the place of the older one. The answer is the same whether there is such
    a person or not; where nobody knows which hospital is meant, the request waits above them all.
    ConflictError after too many in a day, InvalidError for words that are none.
    """
    follower = rules.openid_of(openid)
    words = asked_as(name, department, note)
    if not is_account(work, slug):
        raise NotFoundError("accounts.official.unknown", slug=slug)
    if charge_ask(work, slug, follower) > ASKS:
        raise ConflictError("accounts.request.enough", most=ASKS)
    with work.reaching():
        place = _addressed(work, words[0], words[1])
    older = select(RequestRow).where(
        RequestRow.slug == slug, RequestRow.openid == follower, RequestRow.answered_at.is_(None)
    )
    row = work.session.scalar(older.with_for_update())
    if row is None:
        [key] = work.fresh_ids(RequestRow, 1)
        row = RequestRow(id=key, slug=slug, openid=follower)
        work.session.add(row)
    row.name, row.department, row.note = words
    row.path, row.asked_at = place.path, work.now
    flush(work, "accounts.bind.meanwhile")
    return RequestId(row.id)


@command(Permission.ACCOUNTS_BIND)
def approve_request(work: Work, request_id: int, person_no: str, reason: str = "") -> Bound | Waits:
    """通过申请 — the openid that asked is this person's; it is told.

    Where another openid is the person's, that one has a day to say no, unless a reason is given
    why it need not be asked. ConflictError where the openid is somebody else's by now.
    """
    row = request_of(work, request_id)
    person = people.within_sight(work, person_no)
    today = people.status_on(work, [person.id], local_date(work.now))[person.id]
    if today is Status.CANCELLED:
        raise ConflictError("accounts.request.cancelled", person_no=person_no)
    outcome = give(work, row.slug, row.openid, person, How.HUMAN, at_once=bool(reason.strip()))
    if outcome is None:
        raise ConflictError("accounts.request.taken")
    row.answered_at, row.person_no, row.reason = work.now, person.no, reason.strip() or None
    if isinstance(outcome, Waits):
        tell_openid(
            work, row.slug, row.openid, "request_approved_later", **moment_facts(outcome.until)
        )
    else:
        tell_openid(work, row.slug, row.openid, "request_approved")
    return outcome


@command(Permission.ACCOUNTS_BIND)
def refuse_request(work: Work, request_id: int, reason: str) -> None:
    """不通过申请 — nothing is bound; the openid that asked is told, and the reason kept."""
    row = request_of(work, request_id)
    if not reason.strip():
        raise InvalidError("accounts.request.reason")
    row.answered_at, row.reason = work.now, reason.strip()
    tell_openid(work, row.slug, row.openid, "request_refused")


def _addressed(work: Work, name: str, department: str) -> Place:
    """Where the request is answered: the one unit it can mean, else above all it could mean."""
    called = people.named(work, [name])
    ids = {one.unit_id for one in called} | {one.department_id for one in called}
    units = org.units_of(work, [one for one in ids if one is not None])
    meant = [one for one in called if _fits(one, units, department)] or called
    return lowest_common({units[one.unit_id].place for one in meant})


def _fits(person: Person, units: dict[int, Unit], department: str) -> bool:
    names = [units[person.unit_id].name]
    if person.department_id is not None:
        names.append(units[person.department_id].name)
    return any(name in department or department in name for name in names)
