"""合并档案 — one of two records is kept, with all that hangs on both."""

from __future__ import annotations

from app.accounts.steps import binding as desk
from app.attendance import steps as attendance
from app.awards import steps as awards
from app.base.work import Work, command
from app.cards import steps as cards
from app.credits import steps as ledger
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError
from app.making import steps as making
from app.merging.terms import Merged
from app.people import queries as people
from app.people import steps as staff
from app.projects import steps as projects
from app.transfers import steps as transfers


@command(Permission.PEOPLE_IMPORT)
def keep_apart(work: Work, no: str, other: str) -> None:
    """不是同一人 — the two are proposed no more to whoever sees both; it can be taken back.

    NotFoundError where one is out of sight.
    """
    if no == other:
        raise InvalidError("merging.pair.same")
    staff.set_apart(work, people.within_sight(work, no), people.within_sight(work, other))


@command(Permission.PEOPLE_IMPORT)
def propose_again(work: Work, no: str, other: str) -> None:
    """重新列出 — the two may be one person, whatever was said. NotFoundError as above."""
    staff.let_pair(work, people.within_sight(work, no), people.within_sight(work, other))


@command(Permission.PEOPLE_IMPORT, reaches=True)
def merge(work: Work, kept_no: str, closed_no: str, *, seen: tuple[str, str]) -> Merged:
    """合并 — the two are one person, under the number that is kept; it cannot be taken back.

    `seen` are the marks of both files as whoever decides saw them: ConflictError where one has
    changed since, or was merged already. NotFoundError where one is out of sight.

    1. In the turn of awards, and after all records that looked a card up before.
    2. Cards, bindings, swipes, lectures and verdicts are the kept one's. Of two active cards the
       kept one's stays; of two bindings on one account, too.
    3. Credit is taken back from the one and given to the other, but for what both were given for
       the same activity: nobody is paid for it twice.
    4. The other is closed, says which one it became, and cannot be changed any more.
    """
    if kept_no == closed_no:
        raise InvalidError("merging.pair.same")
    kept, closed = staff.both_as_seen(work, (kept_no, closed_no), seen)
    awards.take_turn(work)
    attendance.cards_may_change(work)
    with work.reaching():  # activities they were at stand with their hosts
        person = people.within_sight(work, kept_no)
        transfers.overtake(work, closed.id)
        making.drop_waiting(work, closed.id)
        cards.hand_over(work, closed.id, person)
        desk.hand_over(work, closed.id, person)
        projects.hand_over(work, closed.id, person)
        attendance.hand_over(work, closed.id, kept.id)
        awards.hand_over(work, closed.id, person)
        carried, twice = ledger.hand_over(
            work, closed.id, person, reason=f"{closed_no} merged into {kept_no}"
        )
        staff.close_as_merged(work, closed, kept)
    work.note("person", kept.id, kept.place, kind="merge", merged_from=closed_no)
    return Merged(carried, twice)
