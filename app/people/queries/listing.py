"""名单 — pages of people in the order of their names, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.people.queries.persons import person_of_row
from app.people.rules import finding
from app.people.tables import PersonRow
from app.people.terms import (
    ID_NUMBER,
    PERSON_PARTS,
    HeadCount,
    Listing,
    Meant,
    Person,
    Search,
    Status,
)

PAGE = 50
# As many as are changed in one go; more than one hospital has.
MOST_AT_ONCE = 10_000
# A city's people, in a fifth of a second.
_MOST_OPENED = 60_000
_IDS = ARRAY(BigInteger)


@query(Permission.PEOPLE_READ)
def listing(work: Work, search: Search, *, after: int = 0, before: int = 0) -> Listing:
    """名单 — a page of those within sight who are looked for, by name.

    `after` and `before` are ids: of whom the page before ended with, or the next one begins with.
    Where nobody is found, what of the search could be left out, and how many it would then find.
    """
    wanted = _conditions(work, search)
    page = _page(work, [*wanted.values()], after, before)
    counted = [func.count(), *(func.count().filter(_but(wanted, name)) for name in wanted)]
    if page:
        counted = [func.count(), func.count().filter(_key() < _key_of(page[0].id))]
    asked = select(*counted).select_from(PersonRow)
    found = work.session.execute(asked.where(*(wanted.values() if page else ()))).one()
    if page:
        return Listing(page, total=found[0], earlier=found[1], without=())
    return Listing((), 0, 0, tuple((name, n) for name, n in zip(wanted, found[1:], strict=True)))


@query(Permission.PEOPLE_READ)
def everyone(work: Work, search: Search) -> tuple[Person, ...]:
    """名单 — all of those within sight who are looked for, by name."""
    asked = select(*(getattr(PersonRow, part) for part in PERSON_PARTS))
    asked = asked.where(*_conditions(work, search).values())
    rows = work.session.execute(asked.order_by(PersonRow.name_key, PersonRow.id))
    return tuple(map(person_of_row, rows))


@query(Permission.PEOPLE_READ)
def nos_of(work: Work, search: Search) -> tuple[str, ...]:
    """编号 — of all of those within sight who are looked for, to be changed in one go.

    InvalidError where they are more than that may be.
    """
    asked = select(PersonRow.person_no).where(*_conditions(work, search).values())
    ordered = asked.order_by(PersonRow.name_key, PersonRow.id)
    found = work.session.scalars(ordered.limit(MOST_AT_ONCE + 1)).all()
    if len(found) > MOST_AT_ONCE:
        raise InvalidError("people.edit.too_many", most=f"{MOST_AT_ONCE:,}")
    return tuple(found)


@query(Permission.PEOPLE_READ)
def head_counts(work: Work) -> tuple[HeadCount, ...]:
    """人数 — of each unit within sight and its departments, without those who are cancelled."""
    asked = (
        select(PersonRow.unit_id, PersonRow.department_id, func.count())
        .where(PersonRow.status != Status.CANCELLED)
        .group_by(PersonRow.unit_id, PersonRow.department_id)
    )
    return tuple(HeadCount(unit, part, n) for unit, part, n in work.session.execute(asked))


@query(Permission.PEOPLE_READ)
def head_count_at(work: Work, place: Place) -> int:
    """人数 — of everybody within sight at or under a place, the cancelled too."""
    asked = select(func.count()).select_from(PersonRow).where(_within(place))
    return int(work.session.execute(asked).scalar_one())


def _page(
    work: Work, conditions: Sequence[ColumnElement[bool]], after: int, before: int
) -> tuple[Person, ...]:
    asked = select(*(getattr(PersonRow, part) for part in PERSON_PARTS)).where(*conditions)
    if before:
        asked = asked.where(_key() < _key_of(before))
        asked = asked.order_by(PersonRow.name_key.desc(), PersonRow.id.desc())
    else:
        if after:
            asked = asked.where(_key() > _key_of(after))
        asked = asked.order_by(PersonRow.name_key, PersonRow.id)
    found = tuple(person_of_row(row) for row in work.session.execute(asked.limit(PAGE)))
    return found[::-1] if before else found


def _conditions(work: Work, search: Search) -> dict[str, ColumnElement[bool]]:
    """What is asked of a person, by the part of the search that asks it."""
    wanted: dict[str, ColumnElement[bool]] = {}
    if search.place is not None:
        wanted["place"] = _within(search.place)
    if search.unit_id is not None:
        # The names of a unit stand in their order in its index.
        wanted["place"] = and_(
            wanted.get("place", literal(True)), PersonRow.unit_id == search.unit_id
        )
    if search.text:
        wanted["text"] = _said(work, search)
    if search.status is not None:
        wanted["status"] = PersonRow.status == search.status
    elif not search.cancelled_too:
        wanted["in_service"] = PersonRow.status != Status.CANCELLED
    if search.level is not None:
        wanted["level"] = PersonRow.title_level == search.level
    if search.among is not None:
        wanted["among"] = PersonRow.id == any_(literal(list(search.among), ARRAY(BigInteger)))
    return wanted


def _said(work: Work, search: Search) -> ColumnElement[bool]:
    """Who may be meant by what was typed: by name, by pinyin or its initials, or by a number."""
    meant, text = finding.meant_by(search.text)
    ids = any_(literal(list(search.also), ARRAY(BigInteger)))
    match meant:
        case Meant.NUMBER:
            index = work.site.vault.index(Secret(text.upper()), ID_NUMBER)
            if finding.may_be_tail(text):
                ids = any_(literal([*search.also, *_with_tail(work, search, text)], _IDS))
            return or_(
                PersonRow.person_no.startswith(text, autoescape=True),
                PersonRow.id_number_index == index,
                PersonRow.id == ids,
                PersonRow.id.in_(_became(text)),
            )
        case Meant.PINYIN:
            return or_(
                func.replace(PersonRow.name_key, " ", "").startswith(text, autoescape=True),
                PersonRow.name_key.regexp_match(finding.initials(text)),
                PersonRow.person_no.startswith(text, autoescape=True),
                PersonRow.name.icontains(text, autoescape=True),
                PersonRow.id == ids,
            )
        case _:
            return PersonRow.name.contains(text, autoescape=True)


def _became(number: str) -> Select[int | None]:
    """The records of which one with this number is a part by now."""
    closed = aliased(PersonRow)
    return select(closed.merged_into).where(
        closed.merged_into.is_not(None), closed.person_no.startswith(number, autoescape=True)
    )


def _with_tail(work: Work, search: Search, tail: str) -> Iterator[int]:
    """The ids of those whose identity number ends so; of nobody where too many would be opened.

    The numbers are opened for it, a microsecond each, and nothing is stored by which a copy of the
    database could be searched: a hash of four signs has ten thousand values, and says who shares
    them. The last four stand on everybody's page already.
    """
    asked = select(PersonRow.id, PersonRow.id_number).order_by(PersonRow.id)
    if search.place is not None:
        asked = asked.where(_within(search.place))
    rows = work.session.execute(asked.limit(_MOST_OPENED + 1)).all()
    opened = work.site.vault.open
    if len(rows) <= _MOST_OPENED:
        for person_id, sealed in rows:
            if opened(sealed, ID_NUMBER).reveal().endswith(tail.upper()):
                yield person_id


def _but(wanted: dict[str, ColumnElement[bool]], name: str) -> ColumnElement[bool]:
    return and_(literal(True), *(one for other, one in wanted.items() if other != name))


def _within(place: Place) -> ColumnElement[bool]:
    low, high = place.bounds
    return and_(PersonRow.path >= low, PersonRow.path < high)


def _key() -> ColumnElement[tuple[str, int]]:
    return tuple_(PersonRow.name_key, PersonRow.id)


def _key_of(person_id: int) -> ColumnElement[tuple[str, int]]:
    name = select(PersonRow.name_key).where(PersonRow.id == person_id).correlate(None)
    return tuple_(name.scalar_subquery(), person_id)
