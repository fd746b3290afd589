"""Questions about two records that may be of one person."""

from __future__ import annotations

from app.accounts.queries import binding as bindings
from app.base.work import Work, query
from app.cards import queries as cards
from app.credits import queries as credits
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError
from app.merging.terms import Pair, Record
from app.people import queries as people


@query(Permission.PEOPLE_IMPORT)
def pairs(work: Work) -> tuple[Pair, ...]:
    """可能是同一个人 — pairs within sight, by name; what they share alone proves nothing."""
    found = people.doubles(work)
    known = people.people_of(work, {one for first, second, _ in found for one in (first, second)})
    return tuple(Pair(known[first], known[second], by_phone) for first, second, by_phone in found)


@query(Permission.PEOPLE_IMPORT, reaches=True)
def pair_of(work: Work, no: str, other: str) -> tuple[Record, Record]:
    """两份档案 — side by side. NotFoundError where one of them is out of sight."""
    if no == other:
        raise InvalidError("merging.pair.same")
    return _record(work, no), _record(work, other)


def _record(work: Work, no: str) -> Record:
    file = people.file_of(work, no)
    held = cards.cards_of_people(work, [file.person.id]).get(file.person.id, ())
    bound = sum(one.ended_at is None for one in bindings.bindings_of(work, no))
    return Record(file, held, bound, credits.sums_of(work, file.person.id))
