"""人员 — who somebody is, by number, id, name or phone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Row,
    Text,
    and_,
    any_,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.span import local_date
from app.org import queries as org
from app.org.terms import UnitId
from app.people.rules import identity
from app.people.tables import ApartRow, PersonRow, StatusRow
from app.people.terms import (
    ID_NUMBER,
    PERSON_PARTS,
    PHONE,
    History,
    Holder,
    IdType,
    KnownPerson,
    Person,
    PersonId,
    PersonNo,
    Profile,
    Sex,
    Staff,
    Status,
    TitleLevel,
)

_MOST_DOUBLES = 200

# Looked up, not made: a quarter of a million people are read at once.
_LEVELS: dict[str | None, TitleLevel | None] = {None: None, **{word: word for word in TitleLevel}}
_STATUSES: dict[str, Status] = {word: word for word in Status}


@query(Permission.PEOPLE_READ)
def person_by_no(work: Work, no: str) -> Person:
    """The person of that number within sight. NotFoundError otherwise."""
    return within_sight(work, no)


def within_sight(work: Work, no: str) -> Person:
    """The person of that number, for a door that has its own permission. NotFoundError as above."""
    found = people_by_no(work, [no])
    if no not in found:
        raise NotFoundError("people.person.unknown", person_no=no)
    return found[no]


@query(Permission.PEOPLE_OWN, reaches=True)
def staff_of(work: Work, no: str) -> Staff:
    """在职人员 — the person of that number within sight, with the names of unit and department."""
    person = within_sight(work, no)
    wanted = {person.unit_id} | ({person.department_id} if person.department_id else set())
    with work.reaching():  # above the person's own place, so out of a person's sight
        units = org.units_of(work, wanted)
    department = "" if person.department_id is None else units[person.department_id].name
    return Staff(person, units[person.unit_id].name, department)


@query(Permission.PEOPLE_OWN)
def kept_of(work: Work, no: str) -> KnownPerson:
    """我的资料 — all that is kept of the person of that number within sight, numbers opened."""
    found = known(work, [no], lock=False)
    if no not in found:
        raise NotFoundError("people.person.unknown", person_no=no)
    return found[no]


@query(Permission.PEOPLE_IMPORT)
def next_number(work: Work) -> str:
    """下一个编号 — one after the greatest of nine digits within sight; nothing where none has such.

    It is proposed, not taken: whoever stores it is told where somebody elsewhere has it.
    """
    nine = PersonRow.person_no.regexp_match("^[0-9]{9}$")
    greatest = work.session.scalar(select(func.max(PersonRow.person_no)).where(nine))
    return "" if greatest is None or greatest == "9" * 9 else f"{int(greatest) + 1:09}"


def people_by_no(work: Work, nos: Collection[str]) -> dict[str, Person]:
    """The people of these numbers, by number; who is unknown or out of sight is left out."""
    texts = literal([no for no in nos if no.isprintable()], ARRAY(Text))
    return {person.no: person for person in _people(work, PersonRow.person_no == any_(texts))}


def people_of(work: Work, ids: Collection[int]) -> dict[int, Person]:
    """The people of these ids, by id, however many they are."""
    return {person.id: person for person in _people(work, PersonRow.id == any_(_numbers(ids)))}


def holders_of_phone(work: Work, number: Secret) -> tuple[Person, ...]:
    """Who has this phone on file, by id; the number as the platform or a person writes it."""
    bare = identity.phone(number.reveal())
    if isinstance(bare, identity.Refusal):
        return ()
    index = work.site.vault.index(Secret(bare), PHONE)
    return tuple(_people(work, PersonRow.phone_index == index, PersonRow.id))


def named(work: Work, names: Collection[str]) -> tuple[Person, ...]:
    """Everyone within sight who is called by one of these names, by id."""
    texts = literal([name for name in names if name.isprintable()], ARRAY(Text))
    return tuple(_people(work, PersonRow.name == any_(texts), PersonRow.id))


def roster(work: Work, place: Place) -> tuple[Person, ...]:
    """Everyone at or under a place by name, without those who are cancelled today."""
    low, high = place.bounds
    later = aliased(StatusRow)
    today = local_date(work.now)
    cancelled = exists().where(
        StatusRow.person_id == PersonRow.id,
        StatusRow.status == Status.CANCELLED,
        StatusRow.from_on <= today,
        ~exists().where(
            later.person_id == StatusRow.person_id,
            later.from_on > StatusRow.from_on,
            later.from_on <= today,
        ),
    )
    within = and_(PersonRow.path >= low, PersonRow.path < high)
    return tuple(_people(work, within & ~cancelled, PersonRow.name_key, PersonRow.id))


def status_on(work: Work, ids: Collection[int], day: date) -> dict[int, Status]:
    """The status of each of these people in force on a day; normal where nothing else is known."""
    dated = (
        select(StatusRow.person_id, StatusRow.status)
        .ext(distinct_on(StatusRow.person_id))
        .where(StatusRow.person_id == any_(_numbers(ids)), StatusRow.from_on <= day)
        .order_by(StatusRow.person_id, StatusRow.from_on.desc())
    )
    found = {person_id: Status(status) for person_id, status in work.session.execute(dated)}
    return {person_id: found.get(person_id, Status.NORMAL) for person_id in ids}


def with_status(work: Work, status: Status, day: date) -> set[int]:
    """Everyone within sight whose status in force on a day is this one, which few have."""
    later = aliased(StatusRow)
    superseded = exists().where(
        later.person_id == StatusRow.person_id,
        later.from_on > StatusRow.from_on,
        later.from_on <= day,
    )
    return set(
        work.session.scalars(
            select(StatusRow.person_id).where(
                StatusRow.status == status, StatusRow.from_on <= day, ~superseded
            )
        )
    )


def known(work: Work, nos: Collection[str], *, lock: bool) -> dict[str, KnownPerson]:
    """The people of these numbers as an import compares them, locked where it will change them."""
    asked = (
        select(PersonRow)
        .where(PersonRow.person_no == any_(literal(list(nos), ARRAY(Text))))
        .order_by(PersonRow.id)
    )
    rows = work.session.scalars(asked.with_for_update() if lock else asked).all()
    histories = _histories(work, [row.id for row in rows])
    return {
        row.person_no: KnownPerson(
            id=PersonId(row.id),
            profile=_profile(work, row),
            identity_index=row.id_number_index,
            place=Place(row.path),
            unit_id=UnitId(row.unit_id),
            department_id=None if row.department_id is None else UnitId(row.department_id),
            history=histories.get(row.id, ()),
            merged_into=row.merged_into,
        )
        for row in rows
    }


def holders(
    work: Work, nos: Collection[str], identities: Collection[bytes]
) -> dict[str | bytes, Holder]:
    """Who has one of these numbers or identities, found by both; the caller reaches for all."""
    asked = select(
        PersonRow.person_no, PersonRow.name, PersonRow.id_number_index, PersonRow.path
    ).where(
        or_(
            PersonRow.person_no == any_(literal(list(nos), ARRAY(Text))),
            PersonRow.id_number_index == any_(literal(list(identities), ARRAY(LargeBinary))),
        )
    )
    found: dict[str | bytes, Holder] = {}
    for no, name, index, path in work.session.execute(asked):
        in_sight = work.actor.place.holds(Place(path))
        found[no] = found[index] = Holder(PersonNo(no), name, index, in_sight)
    return found


def doubles(work: Work) -> tuple[tuple[int, int, bool], ...]:
    """Pairs within sight of one name, and one birthday or phone; whether it is the phone.

    By name; those who were merged, pairs of whom one is cancelled, and those of whom somebody said
    that they are two, are left out.
    """
    found: dict[tuple[str, int, int], bool] = {}
    # Each by itself, so that both parts of it are looked up: of one name there are thousands.
    for shared in ("birth_on", "phone_index"):
        first, second = aliased(PersonRow), aliased(PersonRow)
        standing = (
            one.merged_into.is_(None) & (one.status != Status.CANCELLED) for one in (first, second)
        )
        same = getattr(first, shared) == getattr(second, shared)
        apart = exists().where(ApartRow.first_id == first.id, ApartRow.second_id == second.id)
        asked = (
            select(first.name_key, first.id, second.id)
            .join(second, (second.name == first.name) & same & (second.id > first.id))
            .where(*standing, func.coalesce(first.sex == second.sex, True), ~apart)
            .order_by(first.name_key, first.id, second.id)
            .limit(_MOST_DOUBLES)
        )
        pairs = [(key, one, two) for key, one, two in work.session.execute(asked)]
        found |= dict.fromkeys(pairs, shared == "phone_index")
    return tuple((one, two, found[key, one, two]) for key, one, two in sorted(found))


def apart(work: Work, ids: Collection[int] = ()) -> tuple[tuple[int, int, str, datetime], ...]:
    """Pairs within sight of whom somebody said that they are two, by whom and when, latest first.

    Of these two, or of all who stand; those who were merged are one again.
    """
    first, second = aliased(PersonRow), aliased(PersonRow)
    asked = (
        select(ApartRow.first_id, ApartRow.second_id, ApartRow.by, ApartRow.at)
        .join(first, (first.id == ApartRow.first_id) & first.merged_into.is_(None))
        .join(second, (second.id == ApartRow.second_id) & second.merged_into.is_(None))
        .order_by(ApartRow.at.desc(), ApartRow.id.desc())
        .limit(_MOST_DOUBLES)
    )
    if ids:
        asked = asked.where(ApartRow.first_id == min(ids), ApartRow.second_id == max(ids))
    return tuple((one, two, by, at) for one, two, by, at in work.session.execute(asked))


def _people(
    work: Work, condition: ColumnElement[bool], *order: InstrumentedAttribute[Any]
) -> Iterator[Person]:
    asked = select(*(getattr(PersonRow, part) for part in PERSON_PARTS)).where(condition)
    yield from map(person_of_row, work.session.execute(asked.order_by(*order)))


def person_of_row(row: Row[*tuple[Any, ...]]) -> Person:
    """The person whose parts, `PERSON_PARTS`, a row holds."""
    id_, no, name, path, unit_id, department_id, title, level, status = row
    return Person(
        id=PersonId(id_),
        no=PersonNo(no),
        name=name,
        place=Place(path),
        unit_id=UnitId(unit_id),
        department_id=None if department_id is None else UnitId(department_id),
        title=title,
        title_level=_LEVELS[level],
        status=_STATUSES[status],
    )


def _histories(work: Work, ids: Collection[int]) -> dict[int, History]:
    asked = (
        select(StatusRow.person_id, StatusRow.from_on, StatusRow.status)
        .where(StatusRow.person_id == any_(_numbers(ids)))
        .order_by(StatusRow.person_id, StatusRow.from_on)
    )
    found: dict[int, History] = {}
    for person_id, from_on, status in work.session.execute(asked):
        found[person_id] = (*found.get(person_id, ()), (from_on, Status(status)))
    return found


def _profile(work: Work, row: PersonRow) -> Profile:
    opened = work.site.vault.open
    return Profile(
        name=row.name,
        id_type=IdType(row.id_type),
        id_number=opened(row.id_number, ID_NUMBER),
        sex=None if row.sex is None else Sex(row.sex),
        birth_on=row.birth_on,
        title=row.title,
        title_level=None if row.title_level is None else TitleLevel(row.title_level),
        post=row.post,
        education=row.education,
        specialty=row.specialty,
        phone=Secret("") if row.phone is None else opened(row.phone, PHONE),
    )


def _numbers(ids: Collection[int]) -> ColumnElement[list[int]]:
    return literal(list(ids), ARRAY(BigInteger))
