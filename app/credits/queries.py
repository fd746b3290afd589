"""Questions about credit."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    and_,
    any_,
    exists,
    func,
    literal,
    select,
    text,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.attendance.tables import SwipeRow
from app.base.work import Work, query
from app.credits.tables import CourseRow, EntryRow, PersonYearRow
from app.credits.terms import Course, Entry, Line, LineState, Part, Source, Totals
from app.kernel.actor import Permission
from app.kernel.credit import NO_CREDIT, Credit
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.span import local_date
from app.org import queries as org
from app.org.terms import Grade
from app.people import queries as people
from app.people.terms import Person, Status, TitleLevel
from app.projects.tables import LecturerRow
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


@query(Permission.CREDITS_READ)
def courses_of(work: Work, person_no: str, year: int) -> tuple[Course, ...]:
    """公需课 — those of a year that a person within sight has credit for, newest first."""
    person = people.within_sight(work, person_no)
    found = standing_courses(work, [person.id], [year])
    return tuple(sorted(found, key=lambda one: (one.on, one.entry_id), reverse=True))


@query(Permission.CREDITS_READ)
def course_register(work: Work) -> tuple[tuple[str, str, Course], ...]:
    """公需课名册 — each that somebody within sight has credit for, with their number and name."""
    later = aliased(EntryRow)
    found = _courses(work, ~exists().where(later.reverses == CourseRow.entry_id))
    holders = people.people_of(work, {one.person_id for one in found})
    lines = [(holders[one.person_id].no, holders[one.person_id].name, one) for one in found]
    return tuple(sorted(lines, key=lambda line: (line[0], -line[2].year, line[2].entry_id)))


def standing_courses(
    work: Work, person_ids: Collection[int], years: Collection[int]
) -> tuple[Course, ...]:
    """公需课 — those of these years that these people have credit for, by entry."""
    of_them = CourseRow.person_id == any_(literal(list(person_ids), ARRAY(BigInteger)))
    later = aliased(EntryRow)
    in_force = ~exists().where(later.reverses == CourseRow.entry_id)
    return _courses(work, and_(of_them, CourseRow.year.in_(years), in_force))


def courses_told(work: Work, entry_ids: Collection[int]) -> tuple[Course, ...]:
    """公需课 — those for which these entries were made, in force or not, within sight."""
    return _courses(work, CourseRow.entry_id == any_(literal(list(entry_ids), ARRAY(BigInteger))))


def _courses(work: Work, which: ColumnElement[bool]) -> tuple[Course, ...]:
    entry = EntryRow
    asked = (
        select(
            CourseRow.entry_id, CourseRow.person_id, CourseRow.year, CourseRow.course,
            CourseRow.issuer, entry.given_on, entry.gross, entry.net, entry.hours,
        )
        .join(entry, and_(entry.person_id == CourseRow.person_id, entry.id == CourseRow.entry_id))
        .where(which)
        .order_by(CourseRow.entry_id)
    )  # fmt: skip
    return tuple(Course(*row) for row in work.session.execute(asked))


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
