"""不是同一人 — that two people are two is kept, or is not any more."""

from __future__ import annotations

from itertools import takewhile

from sqlalchemy import select

from app.base.work import Work
from app.kernel.place import Place
from app.people.tables import ApartRow
from app.people.terms import Person


def set_apart(work: Work, one: Person, other: Person) -> None:
    """Somebody looked at both, and they are two; who says so again says nothing new."""
    if _rows(work, one, other):
        return
    [key] = work.fresh_ids(ApartRow, 1)
    first, second = sorted((one.id, other.id))
    work.session.add(
        ApartRow(
            id=key, first_id=first, second_id=second, path=_above(one.place, other.place).path,
            by=work.actor.name, at=work.now,
        )
    )  # fmt: skip


def let_pair(work: Work, one: Person, other: Person) -> None:
    """They may be one again, for all that was said."""
    for row in _rows(work, one, other):
        work.session.delete(row)


def _rows(work: Work, one: Person, other: Person) -> list[ApartRow]:
    first, second = sorted((one.id, other.id))
    asked = select(ApartRow).where(ApartRow.first_id == first, ApartRow.second_id == second)
    return list(work.session.scalars(asked.order_by(ApartRow.id).with_for_update()))


def _above(one: Place, other: Place) -> Place:
    """The lowest place that holds both."""
    pairs = zip(one.path.split("."), other.path.split("."), strict=False)
    shared = [key for key, _ in takewhile(lambda pair: pair[0] == pair[1], pairs) if key]
    return Place("".join(f"{key}." for key in shared))
