"""任职经历 — where somebody stood, and since when."""

from __future__ import annotations

from sqlalchemy import select

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.org import queries as org
from app.people.queries.persons import within_sight
from app.people.tables import PostingRow
from app.people.terms import Posting, PostingAct, Served


@query(Permission.PEOPLE_READ, reaches=True)
def postings_of(work: Work, no: str) -> tuple[Served, ...]:
    """任职经历 — of the person of that number within sight, the latest first.

    Who they work for now reads the names of the units where they worked before; those units read
    nothing of it any more. NotFoundError out of sight.
    """
    person = within_sight(work, no)
    asked = select(PostingRow).where(PostingRow.person_id == person.id)
    latest = (PostingRow.until_on.desc().nulls_first(), PostingRow.from_on.desc(), PostingRow.id)
    told = tuple(map(posting_of, work.session.scalars(asked.order_by(*latest))))
    ids = {unit for one in told for unit in one.home if unit is not None}
    with work.reaching():  # former units are another's
        units = org.units_of(work, ids)
    names: dict[int | None, str] = {unit.id: unit.name for unit in units.values()}
    return tuple(
        Served(one, names.get(one.unit_id, ""), names.get(one.department_id, "")) for one in told
    )


def posting_of(row: PostingRow) -> Posting:
    """The stretch that a row holds."""
    return Posting(
        unit_id=row.unit_id, department_id=row.department_id, from_on=row.from_on,
        began=PostingAct(row.began), until_on=row.until_on,
        ended=None if row.ended is None else PostingAct(row.ended), title=row.title,
        post=row.post, id=row.id,
    )  # fmt: skip
