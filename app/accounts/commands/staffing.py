"""人员变动 — one person is changed by hand, with the bindings that hang on them."""

from __future__ import annotations

from datetime import date, timedelta

from app.accounts.rules.logins import UNMASKED
from app.accounts.steps import charge
from app.accounts.steps.binding import recheck
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError
from app.kernel.span import SHANGHAI, local_date
from app.people import steps as people
from app.people.terms import Amendment, Profile, Status

EARLIEST = date(1950, 1, 1)
_YEARS_AHEAD = 2
LONGEST_REASON = 64


@command(Permission.PEOPLE_IMPORT)
def put_status(work: Work, person_no: str, status: Status, since: date, *, seen: str) -> None:
    """改状态 — of a person within sight, from that day on; who is cancelled has no binding then.

    `seen` is the mark of the file as whoever decides saw it: ConflictError where it has changed
    since. InvalidError for a day far off.
    """
    today = local_date(work.now)
    if not EARLIEST <= since <= date(today.year + _YEARS_AHEAD, 12, 31):
        raise InvalidError("people.person.since", since=since)
    person = people.restate(work, person_no, status, since, seen=seen)
    work.session.flush()
    recheck(work, [person.id])


@command(Permission.PEOPLE_IMPORT)
def amend_person(work: Work, person_no: str, said: Amendment, *, seen: str) -> None:
    """改资料 — name, department, title and the like of a person within sight stand as said.

    `seen` as above. InvalidError for a department that is not of their unit, or no phone number.
    """
    people.amend(work, person_no, said, seen=seen)


@command(Permission.PEOPLE_IMPORT)
def unmask(work: Work, person_no: str, reason: str) -> Profile:
    """看完整号码 — the profile of a person within sight, whose numbers may be shown this once.

    Who looked and why stays in the person's log. InvalidError without a reason; ConflictError once
    the administrator has looked at `UNMASKED.tries` people within a day.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise InvalidError("people.unmask.reason", most=LONGEST_REASON)
    profile = people.look_at_numbers(work, person_no, reason)
    if wait := charge(work.site, UNMASKED, work.actor.name):
        again = (work.now + timedelta(seconds=wait)).astimezone(SHANGHAI)
        raise ConflictError("people.unmask.enough", most=UNMASKED.tries, at=f"{again:%m-%d %H:%M}")
    return profile
