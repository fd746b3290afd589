"""任职 — the one way by which people come to stand in a unit and department, and its history.

Whoever stands elsewhere from now on goes through `settle`: the person's row, every row about them
and their history change together, however many they are, in a number of statements that does not
grow with them. No credit and no standing of a year is ever judged by the history.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.base import security
from app.base.work import Work
from app.kernel.place import Place
from app.kernel.span import local_date
from app.people.queries.postings import posting_of
from app.people.rules import postings
from app.people.rules.postings import Home, Rank
from app.people.tables import PersonRow, PostingRow
from app.people.terms import KnownPerson, Posting, PostingAct

_PARTS = ("unit_id", "department_id", "from_on", "until_on", "began", "ended", "title", "post")


@dataclass(frozen=True, slots=True)
class Move:
    """变动 — where a person is to stand; taken before anything of their row is changed."""

    row: PersonRow
    unit_id: int
    department_id: int | None
    # Of the department, or of the unit.
    home: Place
    was: Home
    rank: Rank

    @classmethod
    def of(cls, row: PersonRow, unit_id: int, department_id: int | None, home: Place) -> Move:
        """The move of whoever this row is about to where they are to stand."""
        was = (row.unit_id, row.department_id)
        return cls(row, unit_id, department_id, home, was, (row.title, row.post))

    @property
    def goes(self) -> bool:
        """Whether they stood elsewhere."""
        return self.was != (self.unit_id, self.department_id)


def begin(work: Work, rows: Sequence[PersonRow], act: PostingAct) -> None:
    """The history of people who are new, as their rows say where they stand."""
    today = local_date(work.now)
    told = {row.id: (Posting(row.unit_id, row.department_id, today, act),) for row in rows}
    _write(work, told, {row.id: row.path for row in rows}, {})


def settle(work: Work, moves: Sequence[Move], act: PostingAct) -> dict[int, Place]:
    """Everybody stands where it says from now on; the places of those whose place is another."""
    return _settle(
        work,
        moves,
        lambda told, move: postings.moved(
            told,
            (move.unit_id, move.department_id),
            was=move.was,
            rank=move.rank,
            day=local_date(work.now),
            act=act,
        ),
    )


def settle_back(work: Work, moves: Sequence[Move]) -> dict[int, Place]:
    """As `settle`, of an import that is taken back."""
    return _settle(
        work,
        moves,
        lambda told, move: postings.taken_back(
            told,
            (move.unit_id, move.department_id),
            was=move.was,
            rank=move.rank,
            day=local_date(work.now),
        ),
    )


def join(work: Work, closed: KnownPerson, kept: KnownPerson) -> None:
    """The history of one record goes on in that of another, which is of the same person."""
    rows = _rows(work, [closed.id, kept.id])
    told = _told(rows)
    rank = (closed.profile.title, closed.profile.post)
    both = postings.joined(
        told.get(kept.id, ()), told.get(closed.id, ()), rank=rank, day=local_date(work.now)
    )
    _write(work, {kept.id: both, closed.id: ()}, {kept.id: kept.place.path}, rows)


def _settle(
    work: Work,
    moves: Sequence[Move],
    judge: Callable[[tuple[Posting, ...], Move], tuple[Posting, ...]],
) -> dict[int, Place]:
    going = {move.row.id: move for move in moves if move.goes}
    places = {}
    for move in moves:
        place = move.home.person(move.row.id)
        move.row.unit_id, move.row.department_id = move.unit_id, move.department_id
        if place.path != move.row.path:
            move.row.path = place.path
            places[move.row.id] = place
    if going:
        rows = _rows(work, going)
        told = _told(rows)
        judged = {key: judge(told.get(key, ()), move) for key, move in going.items()}
        _write(work, judged, {key: move.row.path for key, move in going.items()}, rows)
    work.session.flush()
    security.repath(work, places)
    return places


def _rows(work: Work, ids: Collection[int]) -> dict[int, PostingRow]:
    asked = select(PostingRow).where(
        PostingRow.person_id == any_(literal(list(ids), ARRAY(BigInteger)))
    )
    found = work.session.scalars(asked.order_by(PostingRow.from_on, PostingRow.id))
    return {row.id: row for row in found}


def _told(rows: Mapping[int, PostingRow]) -> dict[int, tuple[Posting, ...]]:
    told: dict[int, tuple[Posting, ...]] = {}
    for row in rows.values():
        told[row.person_id] = (*told.get(row.person_id, ()), posting_of(row))
    return told


def _write(
    work: Work,
    judged: Mapping[int, tuple[Posting, ...]],
    paths: Mapping[int, str],
    rows: Mapping[int, PostingRow],
) -> None:
    """Let these people's rows, which are all they have, be as judged."""
    kept = {one.id for told in judged.values() for one in told}
    for row_id, row in rows.items():
        if row_id not in kept:
            work.session.delete(row)
    new: list[PostingRow] = []
    for person_id, told in judged.items():
        for one in told:
            row = rows.get(one.id) or PostingRow(id=0)
            if row.person_id != person_id:
                row.person_id, row.path = person_id, paths[person_id]
            if not row.id:
                new.append(row)
            for part in _PARTS:
                setattr(row, part, getattr(one, part))
    for row, key in zip(new, work.fresh_ids(PostingRow, len(new)), strict=True):
        row.id = key
    work.session.add_all(new)
