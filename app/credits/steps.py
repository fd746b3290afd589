"""Steps by which other contexts enter credit inside their own command.

The protocol of a set: the caller fills the temporary view or table `credit_due` with what each
person is to have of the occasion (person_id, path, part; credits gross, cap, net; clock hours),
then calls `post`, which enters the differences to what the ledger holds: what is new or changed is
entered, what is gone or changed is reversed, what is the same stays as it is. So posting the same
again does nothing, and nothing is ever edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.base.work import Work
from app.credits.terms import Source

_ACTIVE = """
active as (
  select e.* from credit_entry e
  where e.batch_id = :batch_id and e.reverses is null
    and not exists (select from credit_entry r where r.reverses = e.id)
)"""

_REVERSE = """
reversed as (
  insert into credit_entry (
    person_id, path, year, source, credit_class, item, part, gross, cap, net, hours, given_on,
    project_id, batch_id, run_id, edition_id, entered_at, entered_by, reverses, reason)
  select person_id, path, year, source, credit_class, item, part, -gross, cap, -net, -hours,
    given_on, project_id, batch_id, :run_id, edition_id, :now, :actor, id, :reason
  from stale order by person_id
  returning person_id, path, year, credit_class, net, hours
)"""

_TALLY = """
insert into person_year (person_id, year, path, total, class_1, class_2, hours)
select person_id, year, max(path), sum(net),
  coalesce(sum(net) filter (where credit_class = 'I'), 0),
  coalesce(sum(net) filter (where credit_class = 'II'), 0), sum(hours)
from change group by person_id, year order by person_id, year
on conflict (person_id, year) do update set
  total = person_year.total + excluded.total, class_1 = person_year.class_1 + excluded.class_1,
  class_2 = person_year.class_2 + excluded.class_2, hours = person_year.hours + excluded.hours"""

_STAND = text(f"""
create temporary table credit_standing on commit drop as with {_ACTIVE} select * from active
""")  # noqa: S608  made of our own constants
_ANY_STANDS = text("select exists (select from credit_standing)")

_ENTER = """
insert into credit_entry (
  person_id, path, year, source, credit_class, item, part, gross, cap, net, hours, given_on,
  project_id, batch_id, run_id, edition_id, entered_at, entered_by)
select d.person_id, d.path, :year, :source, :credit_class, :item, d.part, d.gross, d.cap, d.net,
  d.hours, :given_on, :project_id, :batch_id, :run_id, :edition_id, :now, :actor
from {due} d {unless} order by d.person_id
"""

# Where nothing stands yet, entries and tallies are both made straight from what is due.
_FIRST = text(_ENTER.format(due="credit_due", unless=""))
_FIRST_TALLY = text(f"""
with change as (
  select person_id, path, cast(:year as integer) as year,
    cast(:credit_class as text) as credit_class, net, hours
  from credit_due
) {_TALLY}
""")  # noqa: S608  made of our own constants

# Both sides are tables of their own, and counted: by the statistics of ledger and verdicts, which
# are as old as the last ANALYZE, the planner takes a new batch for a handful of rows and compares
# each with each, which for a quarter of a million people takes an hour.
_COUNTED = (
    text("create temporary table credit_wanted on commit drop as select * from credit_due"),
    text("analyze credit_standing, credit_wanted"),
)

_UNLESS_SAME = (
    "where not exists (select from same s where s.person_id = d.person_id and s.part = d.part)"
)
_DIFFERENCES = text(f"""
with same as (
  select a.id, a.person_id, a.part from credit_standing a join credit_wanted d
    on d.person_id = a.person_id and d.part = a.part and d.gross = a.gross and d.net = a.net
    and d.cap is not distinct from a.cap and d.hours = a.hours
  where a.year = :year and a.item = :item and a.credit_class is not distinct from :credit_class
), stale as (
  select a.* from credit_standing a where not exists (select from same s where s.id = a.id)
), {_REVERSE}, entered as (
  {_ENTER.format(due="credit_wanted", unless=_UNLESS_SAME)}
  returning person_id, path, year, credit_class, net, hours
), change as (select * from reversed union all select * from entered), tally as ({_TALLY})
select (select count(*) from entered), (select count(*) from reversed)
""")  # noqa: S608  made of our own constants

_TAKE_BACK = text(f"""
with {_ACTIVE}, stale as (select * from active), {_REVERSE},
change as (select * from reversed), tally as ({_TALLY})
select count(*) from reversed
""")  # noqa: S608  made of our own constants


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


def post(work: Work, posting: Posting) -> Posted:
    """Make the ledger and the year's tallies agree with `credit_due` for that batch."""
    facts = {name: getattr(posting, name) for name in Posting.__slots__}
    facts |= {"now": work.now, "actor": work.actor.name}
    work.session.execute(_STAND, {"batch_id": posting.batch_id})
    if not work.session.execute(_ANY_STANDS).scalar_one():
        # An insert's result counts its rows, which the general type does not say.
        entered = work.session.execute(_FIRST, facts).rowcount  # type: ignore[attr-defined]
        work.session.execute(_FIRST_TALLY, facts)
        return Posted(entered, 0)
    for statement in _COUNTED:
        work.session.execute(statement)
    return Posted(*work.session.execute(_DIFFERENCES, facts).one())


def take_back(work: Work, *, batch_id: int, run_id: int, reason: str) -> int:
    """Reverse all credit in force of a batch; how many entries were reversed."""
    facts = {"batch_id": batch_id, "run_id": run_id, "reason": reason}
    facts |= {"now": work.now, "actor": work.actor.name}
    return int(work.session.execute(_TAKE_BACK, facts).scalar_one())
