"""达标 — where people stand in a year: the tally, the standard, what is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    any_,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.base.work import Work, query
from app.credits.tables import PersonYearRow
from app.credits.terms import Totals
from app.kernel.actor import Permission
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.place import Place
from app.kernel.span import local_date
from app.org import queries as org
from app.org.terms import Grade
from app.people import queries as people
from app.people.terms import Person, Status, TitleLevel
from app.standards import queries as standards
from app.standards import rules
from app.standards.terms import UNCOUNTED, CmeYear, Pack, Result, Standing

_NOTHING = Totals(NO_CREDIT, NO_CREDIT, NO_CREDIT, Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Position:
    """达标情况 — a person's year: the standard, and where they stand by it."""

    person: Person
    year: CmeYear
    pack: Pack
    standing: Standing


@query(Permission.CREDITS_READ, reaches=True)
def position_of(work: Work, person_no: str, year: int | None = None) -> Position:
    """达标情况 — in a year, of one person within sight; in the present year if none is named."""
    person = people.within_sight(work, person_no)
    today = local_date(work.now)
    if year is None:
        pack = standards.pack_for(work, person.place, today).pack
    else:
        pack = standards.pack_for_year(work, person.place, year).pack
    cme_year = rules.year_of(pack, today) if year is None else rules.year_numbered(pack, year)
    totals = totals_of(work, person.id, cme_year.number)
    with work.reaching():  # the grade of the person's own unit
        unit = org.units_of(work, [person.unit_id])[person.unit_id]
    return _position(person, cme_year, pack, totals, unit.grade)


@query(Permission.CREDITS_READ, reaches=True)
def positions_of(work: Work, person_ids: Collection[int]) -> dict[int, Position]:
    """达标情况 — in the present year, of those of these people within sight, by id.

    As `position_of` says it of each; a handful of statements, however many they are.
    """
    found = people.people_of(work, person_ids)
    today = local_date(work.now)
    homes = {person.place: person.place for person in found.values()}
    packs = standards.packs_for(work, homes, today)
    years = {person.id: rules.year_of(packs[person.place].pack, today) for person in found.values()}
    tallies = _tallies(work, {person: year.number for person, year in years.items()})
    with work.reaching():  # the grades of their own units
        units = org.units_of(work, {person.unit_id for person in found.values()})
    return {
        person.id: _position(
            person, years[person.id], packs[person.place].pack,
            tallies.get(person.id, _NOTHING), units[person.unit_id].grade,
        )
        for person in found.values()
    }  # fmt: skip


@query(Permission.CREDITS_READ, reaches=True)
def who_stands(work: Work, place: Place | None, result: Result) -> tuple[int, ...]:
    """达标与否的人 — the ids of those at or under a place whose present year stands so.

    As `position_of` says it of each. People for whom one requirement holds are weighed together, by
    the tallies alone: a handful of statements, however many they are.
    """
    facts = _weighed(work, place) | {"result": result}
    return tuple(work.session.scalars(_WHO_STANDS, facts))


@query(Permission.CREDITS_READ, reaches=True)
def how_many_stand(work: Work) -> dict[Result, int]:
    """达标人数 — of those within sight, how many stand how in the present year."""
    rows = work.session.execute(_HOW_MANY_STAND, _weighed(work, None))
    return {Result(result): count for result, count in rows}


def _weighed(work: Work, place: Place | None) -> dict[str, Any]:
    """At or under a place: for each kind of people there, what is asked of them in their year."""
    low, high = (place or work.actor.place).bounds
    within, today = {"low": low, "high": high}, local_date(work.now)
    kinds = work.session.execute(_KINDS, within).all()
    homes = {row.home: Place(row.home) for row in kinds}
    packs = standards.packs_for(work, homes.values(), today) if homes else {}
    with work.reaching():  # the grades of their own units
        units = org.units_of(work, {row.unit_id for row in kinds})
    asked = []
    for row in kinds:
        pack = packs[homes[row.home]].pack
        status = Status(row.status)
        need = rules.requirement_of(
            pack, unit_grade=units[row.unit_id].grade,
            title_level=row.title_level and TitleLevel(row.title_level), status=status,
        )  # fmt: skip
        asked.append({
            "home": row.home, "level": row.title_level or "", "status": row.status,
            "year": rules.year_of(pack, today).number, "total": str(need.total),
            "class_1": str(need.of("I")), "class_2": str(need.of("II")),
            "classes": bool(need.by_class), "counted": status not in UNCOUNTED,
        })  # fmt: skip
    return within | {"asked": orjson.dumps(asked).decode()}


# A person's home is the path above their own leaf.
_HOME = "regexp_replace(p.path, '[^.]+[.]$', '')"


_KINDS = text(f"""
select distinct {_HOME} as home, p.unit_id, p.title_level, p.status
from person p where p.path >= :low and p.path < :high""")  # noqa: S608  made of our own constants


# What is short of a class is filled by credit of none (`rules.standing`).
_STANDS = f"""
with asked as (select * from jsonb_to_recordset(cast(:asked as jsonb)) as a (
  home text, level text, status text, year bigint, total numeric, class_1 numeric, class_2 numeric,
  classes boolean, counted boolean)),
stands as (
  select p.id, case when not a.counted then 'not_counted'
    when coalesce(y.total, 0) >= a.total and (not a.classes
      or greatest(a.class_1 - coalesce(y.class_1, 0), 0)
        + greatest(a.class_2 - coalesce(y.class_2, 0), 0)
        <= greatest(coalesce(y.total - y.class_1 - y.class_2, 0), 0)) then 'met'
    else 'short' end as result
  from person p join asked a on a.home = {_HOME} and a.status = p.status
    and a.level = coalesce(p.title_level, '')
  left join person_year y on y.person_id = p.id and y.year = a.year
  where p.path >= :low and p.path < :high)
"""  # noqa: S608  of our own constants


_WHO_STANDS = text(f"{_STANDS} select id from stands where result = :result order by id")  # noqa: S608


_HOW_MANY_STAND = text(f"{_STANDS} select result, count(*) from stands group by result")  # noqa: S608


def totals_of(work: Work, person_id: int, year: int) -> Totals:
    """年度合计 — from the tally, which the covering index alone answers."""
    row = work.session.execute(
        select(
            PersonYearRow.total, PersonYearRow.class_1, PersonYearRow.class_2, PersonYearRow.hours
        ).where(PersonYearRow.person_id == person_id, PersonYearRow.year == year)
    ).one_or_none()
    return _NOTHING if row is None else Totals(*row)


def _tallies(work: Work, years: Mapping[int, int]) -> dict[int, Totals]:
    """The tally of each of these people in the year that is theirs."""
    row = PersonYearRow
    asked = select(row.person_id, row.year, row.total, row.class_1, row.class_2, row.hours).where(
        row.person_id == any_(literal(list(years), ARRAY(BigInteger))),
        row.year.in_(set(years.values())),
    )
    return {
        one.person_id: Totals(one.total, one.class_1, one.class_2, one.hours)
        for one in work.session.execute(asked)
        if years[one.person_id] == one.year
    }


def _position(
    person: Person, year: CmeYear, pack: Pack, totals: Totals, grade: Grade | None
) -> Position:
    of_class: dict[str | None, Credit] = {"I": totals.class_1, "II": totals.class_2}
    of_class[None] = totals.total - totals.class_1 - totals.class_2
    # Clock hours (小时) are stored; people are told periods (学时), by the pack's minutes.
    have = rules.held(pack, of_class, rules.periods_of(pack, int(totals.hours * 60)))
    need = rules.requirement_of(
        pack, unit_grade=grade, title_level=person.title_level, status=person.status
    )
    return Position(person, year, pack, rules.standing(need, have, person.status))
