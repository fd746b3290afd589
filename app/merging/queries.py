"""Questions about two records that may be of one person."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import text

from app.accounts.queries import binding as bindings
from app.base.work import Work, query
from app.cards import queries as cards
from app.credits import queries as credits
from app.kernel.actor import Permission
from app.kernel.credit import Credit
from app.kernel.errors import InvalidError, UnavailableError
from app.merging import rules
from app.merging.terms import Apart, Excess, Pair, Record, Sides
from app.people import queries as people
from app.people.terms import KnownPerson
from app.standards import queries as standards
from app.standards.terms import ClaimRole


@query(Permission.PEOPLE_IMPORT)
def pairs(work: Work) -> tuple[Pair, ...]:
    """可能是同一个人 — pairs within sight, by name; what they share alone proves nothing."""
    found = people.doubles(work)
    known = people.people_of(work, {one for first, second, _ in found for one in (first, second)})
    return tuple(Pair(known[first], known[second], by_phone) for first, second, by_phone in found)


@query(Permission.PEOPLE_IMPORT)
def apart_pairs(work: Work) -> tuple[Apart, ...]:
    """不是同一人 — pairs within sight of whom somebody said so, the latest first."""
    return _apart(work, people.apart(work))


@query(Permission.PEOPLE_IMPORT, reaches=True)
def pair_of(work: Work, no: str, other: str) -> Sides:
    """两份档案 — side by side. NotFoundError where one of them is out of sight."""
    if no == other:
        raise InvalidError("merging.pair.same")
    records = _record(work, no), _record(work, other)
    one, two = (record.file.person for record in records)
    told = _apart(work, people.apart(work, (one.id, two.id)))
    return Sides(records, _excess(work, one, two.id), told[0] if told else None)


def _apart(work: Work, told: Sequence[tuple[int, int, str, datetime]]) -> tuple[Apart, ...]:
    known = people.people_of(work, {key for one, two, _, _ in told for key in (one, two)})
    return tuple(Apart(known[one], known[two], by, at) for one, two, by, at in told)


def _excess(work: Work, one: KnownPerson, other_id: int) -> tuple[Excess, ...]:
    """What the two have together above the limits of a year, by the standard of that year."""
    found: dict[int, list[rules.Earned]] = {}
    for row in work.session.execute(_TOGETHER, {"ids": [one.id, other_id]}):
        line = rules.Earned(row.item, row.credit_class, ClaimRole(row.part), Credit(row.net))
        found.setdefault(row.year, []).append(line)
    over: list[Excess] = []
    for year, lines in found.items():
        with suppress(UnavailableError), work.reaching():  # standards are used by units above
            over += rules.excess_of(
                year, lines, standards.pack_for_year(work, one.place, year).pack
            )
    return tuple(over)


# What both have of one activity or course counts once, as it will when they are one.
_TOGETHER = text("""
select year, item, credit_class, part, sum(net) as net from (
  select distinct on (e.year, coalesce('b' || e.batch_id, 'c' || c.course, 'e' || e.id), e.part)
    e.year, e.item, e.credit_class, e.part, e.net
  from credit_entry e
  left join public_course c on e.batch_id is null and c.entry_id = e.id
  where e.person_id = any(:ids) and e.reverses is null and not exists (
    select from credit_entry r
    where r.person_id = e.person_id and r.year = e.year and r.reverses = e.id)
  order by e.year, coalesce('b' || e.batch_id, 'c' || c.course, 'e' || e.id), e.part, e.net desc
) once
group by year, item, credit_class, part
order by year desc, item, part
""")


def _record(work: Work, no: str) -> Record:
    file = people.file_of(work, no)
    held = cards.cards_of_people(work, [file.person.id]).get(file.person.id, ())
    bound = sum(one.ended_at is None for one in bindings.bindings_of(work, no))
    return Record(file, held, bound, credits.sums_of(work, file.person.id))
