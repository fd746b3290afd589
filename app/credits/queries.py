"""Questions about credit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ARRAY, BigInteger, any_, exists, func, literal, select, text
from sqlalchemy.orm import aliased

from app.base.work import Work, query
from app.credits.tables import EntryRow, PersonYearRow
from app.credits.terms import Line, LineState, Part, Source, Totals
from app.kernel.actor import Permission
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.span import local_date
from app.org import queries as org
from app.people import queries as people
from app.people.terms import Person
from app.projects import queries as projects
from app.standards import queries as standards
from app.standards import rules
from app.standards.terms import CmeYear, Pack, Standing

_NOTHING = Totals(NO_CREDIT, NO_CREDIT, NO_CREDIT, Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Account:
    """学分账 — a person's year: the standard, where they stand, and every line, newest first."""

    person: Person
    year: CmeYear
    pack: Pack
    standing: Standing
    lines: tuple[Line, ...]


@query(Permission.CREDITS_READ, reaches=True)
def account_of(work: Work, person_no: str, year: int | None = None) -> Account:
    """学分账 — the year of one person within sight; the present year if none is named."""
    person = people.within_sight(work, person_no)
    today = local_date(work.now)
    if year is None:
        pack = standards.pack_for(work, person.place, today).pack
    else:
        pack = standards.pack_for_year(work, person.place, year).pack
    cme_year = rules.year_of(pack, today) if year is None else rules.year_numbered(pack, year)
    totals = totals_of(work, person.id, cme_year.number)
    have = rules.held(
        pack,
        {"I": totals.class_1, "II": totals.class_2,
         None: totals.total - totals.class_1 - totals.class_2},
        Credit(totals.hours),
    )  # fmt: skip
    with work.reaching():  # the grade of the person's own unit, the names of projects they attended
        unit = org.units_of(work, [person.unit_id])[person.unit_id]
        lines = _lines_of(work, person.id, cme_year.number)
    need = rules.requirement_of(
        pack, unit_grade=unit.grade, title_level=person.title_level, status=person.status
    )
    return Account(person, cme_year, pack, rules.standing(need, have, person.status), lines)


def totals_of(work: Work, person_id: int, year: int) -> Totals:
    """年度合计 — from the tally, which the covering index alone answers."""
    row = work.session.execute(
        select(
            PersonYearRow.total, PersonYearRow.class_1, PersonYearRow.class_2, PersonYearRow.hours
        ).where(PersonYearRow.person_id == person_id, PersonYearRow.year == year)
    ).one_or_none()
    return _NOTHING if row is None else Totals(*row)


def used_in_batches(work: Work, batch_ids: Collection[int]) -> dict[int, Credit]:
    """已用 — credit in force that each person has from these batches, in any part."""
    if not batch_ids:
        return {}
    rows = work.session.execute(
        select(EntryRow.person_id, func.sum(EntryRow.net))
        .where(EntryRow.batch_id.in_(batch_ids))
        .group_by(EntryRow.person_id)
    )
    return {person: net for person, net in rows if net}


def used_in_year(
    work: Work,
    person_ids: Collection[int],
    *,
    year: int,
    item: str,
    parts: Collection[Part],
    except_batch: int,
) -> dict[int, Credit]:
    """本年度已用 — credit in force that people have under one item of the standard in a year."""
    rows = work.session.execute(
        select(EntryRow.person_id, func.sum(EntryRow.net))
        .where(
            EntryRow.person_id == any_(literal(list(person_ids), ARRAY(BigInteger))),
            EntryRow.year == year,
            EntryRow.item == item,
            EntryRow.part.in_(parts),
            EntryRow.batch_id.is_distinct_from(except_batch),
        )
        .group_by(EntryRow.person_id)
    )
    return {person: net for person, net in rows if net}


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
    reversal = aliased(EntryRow)
    taken_back = exists().where(
        reversal.person_id == EntryRow.person_id, reversal.reverses == EntryRow.id
    )
    rows = work.session.execute(
        select(
            EntryRow.given_on, EntryRow.batch_id, EntryRow.source, EntryRow.credit_class,
            EntryRow.gross, EntryRow.net, taken_back,
        )
        .where(EntryRow.person_id == person_id, EntryRow.year == year, EntryRow.reverses.is_(None))
        .order_by(EntryRow.given_on.desc(), EntryRow.id.desc())
    ).all()  # fmt: skip
    batches = projects.batches_of(work, {row.batch_id for row in rows if row.batch_id is not None})
    return tuple(
        Line(
            on=row.given_on,
            project_no=batches[row.batch_id].project.no,
            title=batches[row.batch_id].project.name,
            source=Source(row.source),
            credit_class=row.credit_class,
            gross=row.gross,
            net=row.net,
            state=LineState.REVERSED if row[-1] else LineState.ACTIVE,
        )
        for row in rows
    )
