"""Steps by which other contexts enter credit inside their own command.

The protocol of a set: `open_due` makes the temporary table `credit_due`, the caller fills it with
what each person is to have of the occasion, in any part once; then `post` enters the differences to
what the ledger holds: what is new or changed is entered, what is gone or changed is reversed, what
is the same stays as it is. So posting the same again does nothing, and nothing is ever edited.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import TextClause, insert, text

from app.base.work import Work
from app.credits.tables import CourseRow, EntryRow
from app.credits.terms import Part, Source, Worth
from app.people.terms import Person

# Credits gross, cap and net, and clock hours.
_DUE = text("""
create temporary table credit_due (
  person_id bigint, path text collate "C", part text, gross numeric(7, 2), cap numeric(7, 2),
  net numeric(7, 2), hours numeric(7, 2)
) on commit drop""")

_STANDING = text("""
create temporary table credit_standing on commit drop as
select e.* from credit_entry e
where e.batch_id = :batch_id and e.reverses is null
  and not exists (select from credit_entry r where r.reverses = e.id)""")

# Of a table that nobody counted the planner may think that it has a handful of rows, and compare
# each with each, which for a quarter of a million people takes an hour. With a key it cannot.
_KEYED = (
    text("alter table credit_due add primary key (person_id, part)"),
    text("alter table credit_standing add primary key (person_id, part)"),
)

# What is the same on both sides is neither reversed nor entered.
_FORGET_SAME = text("""
with same as (
  delete from credit_standing a using credit_due d
  where d.person_id = a.person_id and d.part = a.part and d.gross = a.gross and d.net = a.net
    and d.cap is not distinct from a.cap and d.hours = a.hours
    and a.year = :year and a.item = :item and a.credit_class is not distinct from :credit_class
  returning a.person_id, a.part)
delete from credit_due d using same s where d.person_id = s.person_id and d.part = s.part""")

_REVERSE = text("""
insert into credit_entry (
  person_id, path, year, source, credit_class, item, part, gross, cap, net, hours, given_on,
  project_id, batch_id, run_id, edition_id, entered_at, entered_by, reverses, reason)
select person_id, path, year, source, credit_class, item, part, -gross, cap, -net, -hours,
  given_on, project_id, batch_id, :run_id, edition_id, :now, :actor, id, :reason
from credit_standing""")

_ENTER = text("""
insert into credit_entry (
  person_id, path, year, source, credit_class, item, part, gross, cap, net, hours, given_on,
  project_id, batch_id, run_id, edition_id, entered_at, entered_by)
select person_id, path, :year, :source, :credit_class, :item, part, gross, cap, net, hours,
  :given_on, :project_id, :batch_id, :run_id, :edition_id, :now, :actor
from credit_due""")

# One part of all people at a time: nobody is in it twice, so there is nothing to sum up first,
# which would take longer than the entries themselves.
_TALLY = """
insert into person_year (person_id, year, path, total, class_1, class_2, hours)
select person_id, year, path, net, case credit_class when 'I' then net else 0 end,
  case credit_class when 'II' then net else 0 end, hours
from ({change}) change where part = :part
on conflict (person_id, year) do update set
  total = person_year.total + excluded.total, class_1 = person_year.class_1 + excluded.class_1,
  class_2 = person_year.class_2 + excluded.class_2, hours = person_year.hours + excluded.hours"""

_REVERSED = """
  select person_id, part, year, path, credit_class, -net as net, -hours as hours
  from credit_standing"""
_TALLY_REVERSED = text(_TALLY.format(change=_REVERSED))

_ENTERED = """
  select person_id, part, cast(:year as integer) as year, path,
    cast(:credit_class as text) as credit_class, net, hours
  from credit_due"""
_TALLY_ENTERED = text(_TALLY.format(change=_ENTERED))


_CARRIED = text("""
create temporary table credit_carried on commit drop as
select e.*, nextval(pg_get_serial_sequence('credit_entry', 'id')) as carried_as
from credit_entry e
where e.person_id = :closed and e.reverses is null and not exists (
  select from credit_entry r
  where r.person_id = e.person_id and r.year = e.year and r.reverses = e.id)""")

_CARRIED_BACK = text("""
insert into credit_entry (
  person_id, path, year, source, credit_class, item, part, gross, cap, net, hours, given_on,
  project_id, batch_id, run_id, edition_id, entered_at, entered_by, reverses, reason)
select person_id, path, year, source, credit_class, item, part, -gross, cap, -net, -hours,
  given_on, project_id, batch_id, run_id, edition_id, :now, :actor, id, :reason
from credit_carried""")

_FORGET_TWICE = text("""
delete from credit_carried c where exists (
  select from credit_entry k
  where k.person_id = :kept and k.batch_id = c.batch_id and k.part = c.part and k.reverses is null
    and not exists (
      select from credit_entry r
      where r.person_id = k.person_id and r.year = k.year and r.reverses = k.id))
  or exists (
    select from public_course given join public_course held
      on held.person_id = :kept and held.year = given.year and held.course = given.course
    where given.entry_id = c.id and not exists (
      select from credit_entry r
      where r.person_id = held.person_id and r.year = held.year and r.reverses = held.entry_id))
""")

_COURSES_ON = text("""
insert into public_course (entry_id, person_id, year, course, issuer, path)
select c.carried_as, :kept, p.year, p.course, p.issuer, :path
from credit_carried c join public_course p on p.entry_id = c.id""")

_CARRIED_ON = text("""
insert into credit_entry (
  id, person_id, path, year, source, credit_class, item, part, gross, cap, net, hours, given_on,
  project_id, batch_id, run_id, edition_id, entered_at, entered_by, reason)
select carried_as, :kept, :path, year, source, credit_class, item, part, gross, cap, net, hours,
  given_on, project_id, batch_id, run_id, edition_id, :now, :actor, :reason
from credit_carried""")

_SUMS = """
insert into person_year (person_id, year, path, total, class_1, class_2, hours)
select {person}, year, {path}, {sign}sum(net),
  {sign}coalesce(sum(net) filter (where credit_class = 'I'), 0),
  {sign}coalesce(sum(net) filter (where credit_class = 'II'), 0), {sign}sum(hours)
from credit_carried group by 1, 2, 3
on conflict (person_id, year) do update set
  total = person_year.total + excluded.total, class_1 = person_year.class_1 + excluded.class_1,
  class_2 = person_year.class_2 + excluded.class_2, hours = person_year.hours + excluded.hours"""
_SUMS_BACK = text(_SUMS.format(person="person_id", path="path", sign="-"))
_SUMS_ON = text(_SUMS.format(person="cast(:kept as bigint)", path="cast(:path as text)", sign=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """入账 — what all entries of one occasion have in common; the edition is the standard's."""

    source: Source
    year: int
    credit_class: str | None
    item: str
    given_on: date
    project_id: int
    batch_id: int
    run_id: int
    edition_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Posted:
    """How many entries were made, and how many taken back."""

    entered: int
    reversed: int


def open_due(work: Work) -> None:
    """Make the table `credit_due`, empty, for one posting."""
    work.session.execute(_DUE)


def post(work: Work, posting: Posting) -> Posted:
    """Make the ledger and the year's tallies agree with `credit_due` for that batch."""
    facts = {name: getattr(posting, name) for name in Posting.__slots__}
    facts |= {"now": work.now, "actor": work.actor.name}
    if _made(work, _STANDING, facts):
        for statement in (*_KEYED, _FORGET_SAME):
            work.session.execute(statement, facts)
    taken_back = _enter(work, _REVERSE, _TALLY_REVERSED, facts)
    return Posted(_enter(work, _ENTER, _TALLY_ENTERED, facts), taken_back)


def take_back(work: Work, *, batch_id: int, run_id: int, reason: str) -> int:
    """Reverse all credit in force of a batch; how many entries were reversed."""
    facts = {"batch_id": batch_id, "run_id": run_id, "reason": reason}
    facts |= {"now": work.now, "actor": work.actor.name}
    work.session.execute(_STANDING, facts)
    return _enter(work, _REVERSE, _TALLY_REVERSED, facts)


def hand_over(work: Work, closed_id: int, kept: Person, *, reason: str) -> tuple[int, int]:
    """Credit in force of a record that is closed is the kept one's: taken back there, given here.

    But for what both have of one activity, in the same part, or for one public course: nobody has
    it twice. How many entries
    went along, and how many were held twice. For a command that reaches.
    """
    facts = {"closed": closed_id, "kept": kept.id, "path": kept.place.path, "reason": reason}
    facts |= {"now": work.now, "actor": work.actor.name}
    work.session.execute(_CARRIED, facts)
    for statement in (_CARRIED_BACK, _SUMS_BACK):
        work.session.execute(statement, facts)
    twice = _made(work, _FORGET_TWICE, facts)
    carried = _made(work, _CARRIED_ON, facts)
    for statement in (_COURSES_ON, _SUMS_ON):
        work.session.execute(statement, facts)
    return carried, twice


def _enter(work: Work, entries: TextClause, tally: TextClause, facts: dict[str, Any]) -> int:
    made = _made(work, entries, facts)
    for part in Part if made else ():
        work.session.execute(tally, facts | {"part": part})
    return made


def _made(work: Work, statement: TextClause, facts: dict[str, Any]) -> int:
    """How many rows a statement made, which the general type of its result does not say."""
    made: int = work.session.execute(statement, facts).rowcount  # type: ignore[attr-defined]
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """入账 — one course of one person, as the ledger takes it."""

    person_id: int
    path: str
    year: int
    course: str
    issuer: str
    given_on: date
    worth: Worth
    edition_id: int


def enter_courses(work: Work, given: Sequence[Given]) -> list[int]:
    """Enter credit for courses, which come from no batch; the ids of the entries, in their order.

    The caller holds the people's rows, and knows that none of these courses stands already.
    """
    if not given:
        return []
    ids = work.fresh_ids(EntryRow, len(given))
    entries = [
        {
            "id": entry_id, "person_id": one.person_id, "path": one.path, "year": one.year,
            "source": Source.BULK, "credit_class": one.worth.credit_class, "item": one.worth.item,
            "part": Part.ATTENDEE, "gross": one.worth.gross, "cap": one.worth.cap,
            "net": one.worth.net, "hours": one.worth.hours, "given_on": one.given_on,
            "edition_id": one.edition_id, "entered_at": work.now, "entered_by": work.actor.name,
        }
        for entry_id, one in zip(ids, given, strict=True)
    ]  # fmt: skip
    courses = [
        {
            "entry_id": entry_id, "person_id": one.person_id, "path": one.path, "year": one.year,
            "course": one.course, "issuer": one.issuer,
        }
        for entry_id, one in zip(ids, given, strict=True)
    ]  # fmt: skip
    work.session.execute(insert(EntryRow), entries)
    work.session.execute(insert(CourseRow), courses)
    _tally(work, {one.person_id for one in given}, ids)
    return ids


def reverse_entries(work: Work, entries: Mapping[int, int], reason: str) -> None:
    """冲销 — take back entries in force, each with the person it is of."""
    facts = {
        "people": sorted(set(entries.values())), "ids": sorted(entries), "reason": reason,
        "now": work.now, "actor": work.actor.name,
    }  # fmt: skip
    made = list(work.session.scalars(_REVERSE_SOME, facts)) if entries else []
    _tally(work, set(entries.values()), made)


def enter_again(work: Work, entries: Mapping[int, int]) -> None:
    """Credit that was taken back is given once more, as it was."""
    if not entries:
        return
    facts = {
        "people": sorted(set(entries.values())), "ids": sorted(entries),
        "now": work.now, "actor": work.actor.name,
    }  # fmt: skip
    again = work.session.execute(_AGAIN, facts).all()
    work.session.execute(_AGAIN_COURSES, {"old": [row.old for row in again],
                                          "new": [row.new for row in again]})  # fmt: skip
    _tally(work, set(entries.values()), [row.new for row in again])


def _tally(work: Work, person_ids: Collection[int], entry_ids: Sequence[int]) -> None:
    if entry_ids:
        work.session.execute(_TALLY_SOME, {"people": sorted(person_ids), "ids": list(entry_ids)})


_COPIED = """person_id, path, year, source, credit_class, item, part, gross, cap, net, hours,
  given_on, project_id, batch_id, run_id, edition_id, entered_at, entered_by"""

_REVERSE_SOME = text(f"""
insert into credit_entry ({_COPIED}, reverses, reason)
select person_id, path, year, source, credit_class, item, part, -gross, cap, -net, -hours,
  given_on, project_id, batch_id, run_id, edition_id, :now, :actor, id, :reason
from credit_entry where person_id = any(:people) and id = any(:ids) order by id
returning id""")  # noqa: S608  made of our own constants

_AGAIN = text(f"""
with chosen as (
  select e.*, nextval(pg_get_serial_sequence('credit_entry', 'id')) as new
  from credit_entry e where e.person_id = any(:people) and e.id = any(:ids)),
made as (
  insert into credit_entry (id, {_COPIED})
  select new, person_id, path, year, source, credit_class, item, part, gross, cap, net, hours,
    given_on, project_id, batch_id, run_id, edition_id, :now, :actor from chosen)
select id as old, new from chosen""")  # noqa: S608  made of our own constants

_AGAIN_COURSES = text("""
insert into public_course (entry_id, path, person_id, year, course, issuer)
select m.new, c.path, c.person_id, c.year, c.course, c.issuer
from unnest(cast(:old as bigint[]), cast(:new as bigint[])) as m (old, new)
join public_course c on c.entry_id = m.old""")

_TALLY_SOME = text("""
insert into person_year (person_id, year, path, total, class_1, class_2, hours)
select person_id, year, min(path), sum(net),
  coalesce(sum(net) filter (where credit_class = 'I'), 0),
  coalesce(sum(net) filter (where credit_class = 'II'), 0), sum(hours)
from credit_entry where person_id = any(:people) and id = any(:ids) group by person_id, year
on conflict (person_id, year) do update set
  total = person_year.total + excluded.total, class_1 = person_year.class_1 + excluded.class_1,
  class_2 = person_year.class_2 + excluded.class_2, hours = person_year.hours + excluded.hours""")
