"""学分账 — the entries of people, and what they come to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    func,
    select,
    text,
    true,
    union,
)

from app.attendance.tables import SwipeRow
from app.base.work import Work, query
from app.credits.queries.standing import Position, position_of
from app.credits.tables import EntryRow, PersonYearRow
from app.credits.terms import Entry, Line, LineState, Part, Source
from app.kernel.actor import Permission
from app.kernel.credit import Credit
from app.kernel.errors import NotFoundError
from app.people import queries as people
from app.projects.tables import LecturerRow
from app.standards import queries as standards
from app.standards.terms import Pack


@dataclass(frozen=True, slots=True)
class Account(Position):
    """学分账 — a person's year with every line of it, newest first."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """来龙去脉 — an entry, all entries of its occasion, oldest first, and the standard it is by."""

    asked: Entry
    entries: tuple[Entry, ...]
    pack: Pack


@query(Permission.CREDITS_READ, reaches=True)
def account_of(work: Work, person_no: str, year: int | None = None) -> Account:
    """学分账 — the year of one person within sight; the present year if none is named."""
    at = position_of(work, person_no, year)
    with work.reaching():  # the names of projects they attended
        lines = _lines_of(work, at.person.id, at.year.number)
    return Account(at.person, at.year, at.pack, at.standing, lines)


@query(Permission.CREDITS_READ, reaches=True)
def entries_of(work: Work, person_no: str, year: int) -> tuple[Entry, ...]:
    """学分条目 — every entry of a year of one person within sight, reversals too, newest first."""
    person = people.within_sight(work, person_no)
    with work.reaching():  # the names of projects they attended
        rows = work.session.execute(_ENTRIES_OF_YEAR, {"person_id": person.id, "year": year})
        return tuple(map(_entry, rows))


@query(Permission.CREDITS_READ, reaches=True)
def story_of(work: Work, person_no: str, entry_id: int) -> Story:
    """来龙去脉 — what became of the occasion of one entry of a person within sight.

    NotFoundError for an entry that is not that person's.
    """
    person = people.within_sight(work, person_no)
    with work.reaching():
        asked = {"person_id": person.id, "entry_id": entry_id}
        found = tuple(map(_entry, work.session.execute(_STORY, asked)))
    if not found:
        raise NotFoundError("credits.entry.unknown", entry=entry_id)
    asked_for = next(one for one in found if one.id == entry_id)
    return Story(asked_for, found, standards.edition_of(work, asked_for.edition_id).pack)


@query(Permission.CREDITS_READ)
def years_of(work: Work, person_no: str) -> tuple[int, ...]:
    """有学分的年度 — of a person within sight, newest first."""
    person = people.within_sight(work, person_no)
    asked = select(PersonYearRow.year).where(PersonYearRow.person_id == person.id)
    return tuple(work.session.scalars(asked.order_by(PersonYearRow.year.desc())))


def sums_of(work: Work, person_id: int) -> tuple[tuple[int, Credit], ...]:
    """各年度合计 — of a person within sight, newest year first."""
    asked = select(PersonYearRow.year, PersonYearRow.total).where(
        PersonYearRow.person_id == person_id
    )
    return tuple(
        (year, total) for year, total in work.session.execute(
            asked.order_by(PersonYearRow.year.desc()))
    )  # fmt: skip


def statement_of(work: Work, person_id: int) -> dict[str, Any]:
    """学分交接单 — a person's sums of each year, how many entries, and the hash of them all.

    Whoever has the entries can hash them again: each is a line of its id, year, item, net amount,
    day and what it takes back, in order of id.
    """
    asked = select(
        EntryRow.id, EntryRow.year, EntryRow.item, EntryRow.net, EntryRow.given_on,
        EntryRow.reverses,
    ).where(EntryRow.person_id == person_id)  # fmt: skip
    digest, count = hashlib.sha256(), 0
    for one in work.session.execute(asked.order_by(EntryRow.id)):
        digest.update(("\t".join("" if part is None else str(part) for part in one)).encode())
        digest.update(b"\n")
        count += 1
    years = [[year, str(total)] for year, total in sums_of(work, person_id)]
    return {"years": years, "entries": count, "sha256": digest.hexdigest()}


def used_in_batches(
    work: Work, batch_ids: Collection[int], person_id: int | None = None
) -> dict[int, Credit]:
    """已用 — credit in force that each person, or this one, has from these batches, in any part."""
    if not batch_ids:
        return {}
    asked = (
        select(EntryRow.person_id, func.sum(EntryRow.net))
        .where(EntryRow.batch_id.in_(batch_ids), _about(person_id))
        .group_by(EntryRow.person_id)
    )
    return {person: net for person, net in work.session.execute(asked) if net}


def used_in_year(
    work: Work,
    batch_id: int,
    *,
    year: int,
    item: str,
    parts: Collection[Part],
    person_id: int | None = None,
) -> dict[int, Credit]:
    """本年度已用 — credit in force under one item of the standard in a year, this batch left out.

    Of those whom a record of the batch names, and of its lecturers; or of this one of them.
    """
    named = select(SwipeRow.person_id).where(SwipeRow.batch_id == batch_id)
    lecturing = select(LecturerRow.person_id).where(LecturerRow.batch_id == batch_id)
    asked = (
        select(EntryRow.person_id, func.sum(EntryRow.net))
        .where(
            EntryRow.year == year,
            EntryRow.item == item,
            EntryRow.part.in_(parts),
            EntryRow.batch_id.is_distinct_from(batch_id),
            EntryRow.person_id.in_(union(named, lecturing)),
            _about(person_id),
        )
        .group_by(EntryRow.person_id)
    )
    return {person: net for person, net in work.session.execute(asked) if net}


def _about(person_id: int | None) -> ColumnElement[bool]:
    """Whose entries are meant: everyone's, or one person's, which are a handful."""
    return true() if person_id is None else EntryRow.person_id == person_id


def unequal_tallies(work: Work) -> int:
    """How many person-years do not equal the sums of their entries; none, if all is well."""
    return int(work.session.execute(_UNEQUAL).scalar_one())


_UNEQUAL = text("""
with ledger as (
  select person_id, year, sum(net) as total, sum(hours) as hours,
    coalesce(sum(net) filter (where credit_class = 'I'), 0) as class_1,
    coalesce(sum(net) filter (where credit_class = 'II'), 0) as class_2
  from credit_entry group by person_id, year)
select count(*) from ledger l full join person_year t using (person_id, year)
where (coalesce(l.total, 0), coalesce(l.class_1, 0), coalesce(l.class_2, 0), coalesce(l.hours, 0))
   is distinct from
      (coalesce(t.total, 0), coalesce(t.class_1, 0), coalesce(t.class_2, 0), coalesce(t.hours, 0))
""")


def _lines_of(work: Work, person_id: int, year: int) -> tuple[Line, ...]:
    rows = work.session.execute(_LINES, {"person_id": person_id, "year": year}).all()
    taken_back = {row.reverses for row in rows}
    return tuple(
        Line(
            on=row.given_on,
            project_no=row.project_no,
            title=row.name,
            source=Source(row.source),
            credit_class=row.credit_class,
            gross=Credit(row.gross),
            net=Credit(row.net),
            state=LineState.REVERSED if row.id in taken_back else LineState.ACTIVE,
        )
        for row in rows
        if row.reverses is None
    )


# The entries come from their covering index alone; names are looked up for the handful found.
_LINES = text("""
select e.id, e.reverses, e.given_on, e.source, e.credit_class, e.gross, e.net,
  coalesce(p.project_no, '') as project_no, coalesce(p.name, c.course, '') as name
from credit_entry e
left join batch b on b.id = e.batch_id left join project p on p.id = b.project_id
left join public_course c on e.batch_id is null and c.entry_id = coalesce(e.reverses, e.id)
where e.person_id = :person_id and e.year = :year
order by e.given_on desc, e.id desc
""")


def _entry(row: Row[*tuple[Any, ...]]) -> Entry:
    return Entry(
        id=row.id,
        year=row.year,
        on=row.given_on,
        project_no=row.project_no or "",
        title=row.title or "",
        host=row.host or "",
        batch_no=row.batch_no,
        source=Source(row.source),
        part=Part(row.part),
        credit_class=row.credit_class,
        item=row.item,
        gross=Credit(row.gross),
        cap=None if row.cap is None else Credit(row.cap),
        net=Credit(row.net),
        edition_id=row.edition_id,
        entered_at=row.entered_at,
        reverses=row.reverses,
        reason=row.reason,
    )


_ENTRIES = """
select e.id, e.year, e.given_on, p.project_no, coalesce(p.name, c.course) as title,
  coalesce(u.name, c.issuer) as host, b.no as batch_no,
  e.source, e.part, e.credit_class, e.item, e.gross, e.cap, e.net, e.edition_id, e.entered_at,
  e.reverses, e.reason
from credit_entry e left join batch b on b.id = e.batch_id
left join project p on p.id = e.project_id left join unit u on u.id = p.unit_id
left join public_course c on e.batch_id is null and c.entry_id = coalesce(e.reverses, e.id)
where e.person_id = :person_id and"""


_ENTRIES_OF_YEAR = text(f"{_ENTRIES} e.year = :year order by e.given_on desc, e.id desc")


# What comes from no activity has no other entries but its reversal.
_STORY = text(f"""
with asked as (
  select coalesce(reverses, id) as id, batch_id, part, year from credit_entry
  where person_id = :person_id and id = :entry_id)
{_ENTRIES} exists (
  select from asked a where case when a.batch_id is null then coalesce(e.reverses, e.id) = a.id
    else e.batch_id = a.batch_id and e.part = a.part end)
order by e.id
""")  # noqa: S608  made of our own constants
