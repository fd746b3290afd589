"""The people's part of commands above: a roster taken in, one person changed, many moved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from psycopg.errors import UniqueViolation
from pypinyin import lazy_pinyin
from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from app.base import words
from app.base.work import Work
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.kernel.sheet import Sheet
from app.kernel.span import SHANGHAI, local_date
from app.org import queries as org
from app.org.terms import Unit, UnitKind
from app.people import queries
from app.people.rules import history, identity, roster
from app.people.rules.seen import mark_of
from app.people.steps import postings
from app.people.steps.postings import Move
from app.people.tables import PersonRow, StatusRow
from app.people.terms import (
    ID_NUMBER,
    PHONE,
    Amendment,
    History,
    KnownPerson,
    PersonId,
    PersonPlan,
    PostingAct,
    Profile,
    Roster,
    Status,
)

_SEALED = frozenset({"name", "id_number", "phone"})


def judge_roster(work: Work, sheet: Sheet, *, lock: bool) -> Roster:
    """What the people of a sheet would become, and every cell that keeps them from it.

    Reaches for one question: who anywhere has a number or an identity that the sheet names.
    """
    drafts, faults = roster.read(sheet, local_date(work.now))
    nos = {draft.no for draft in drafts if draft.no}
    known = queries.known(work, nos, lock=lock)
    codes = {code for draft in drafts for code in (draft.unit_code, draft.department_code) if code}
    units = org.units_by_code(work, codes)
    departments = org.units_of(
        work, {person.department_id for person in known.values() if person.department_id}
    )
    vault = work.site.vault
    indices = [vault.index(draft.identity, ID_NUMBER) for draft in drafts]
    with work.reaching():
        holders = queries.holders(work, nos, indices)
    found = list(faults)
    for draft, index in zip(drafts, indices, strict=True):
        found += roster.judge_unit(draft, units)
        found += roster.judge_person(draft, index, known.get(draft.no), units, holders)
    plans = (
        ()
        if found
        else (roster.plan(draft, known.get(draft.no), units, departments) for draft in drafts)
    )
    return Roster(tuple(draft.no for draft in drafts), tuple(plans), known, tuple(found))


def store_roster(
    work: Work, plans: Sequence[PersonPlan], act: PostingAct
) -> dict[str, tuple[PersonId, Place]]:
    """Let the people stand as planned; the id and place of everyone planned, by number.

    ConflictError when another import took a number or an identity at the same moment.
    """
    try:
        added = _add(work, [plan for plan in plans if plan.known is None], act)
        changed = _change(work, [plan for plan in plans if plan.known and plan.columns], act)
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise ConflictError("people.import.raced") from error
    standing = {
        plan.draft.no: (plan.known.id, plan.known.place) for plan in plans if plan.known is not None
    }
    return standing | added | changed


def restate(work: Work, no: str, status: Status, since: date, *, seen: str) -> KnownPerson:
    """The status holds from that day on; who the person was. Errors as `_as_seen` raises them."""
    person = _as_seen(work, no, seen)
    told = history.restated(person.history, status, since)
    if told == person.history:
        return person
    row = work.session.get_one(PersonRow, person.id)
    rows = work.session.scalars(select(StatusRow).where(StatusRow.person_id == person.id)).all()
    row.status = write_dated(work, told, person.id, person.place, rows)
    return person


def amend(work: Work, no: str, said: Amendment, *, seen: str) -> KnownPerson:
    """The person's profile and department stand as said; who they were.

    InvalidError for what cannot be. Errors as `_as_seen` raises them.
    """
    if not said.name:
        raise InvalidError("people.person.name")
    texts = (said.name, said.title, said.post, said.education, said.specialty)
    if any(len(text) > roster.TEXT_LENGTH or not text.isprintable() for text in texts):
        raise InvalidError("people.person.too_long")
    person = _as_seen(work, no, seen)
    home, department_id = _home(work, person, said.department_code)
    row = work.session.get_one(PersonRow, person.id)
    move = Move.of(row, person.unit_id, department_id, home)
    if said.name != row.name:
        row.name, row.name_key = said.name, _name_key(said.name)
    row.title, row.title_level, row.post = said.title, said.title_level, said.post
    row.education, row.specialty = said.education, said.specialty
    if said.phone:
        number = identity.phone(said.phone.reveal())
        if isinstance(number, identity.Refusal):
            raise InvalidError("people.person.phone")
        if number != person.profile.phone.reveal():
            row.phone = work.site.vault.seal(Secret(number), PHONE)
            row.phone_index = work.site.vault.index(Secret(number), PHONE)
    postings.settle(work, [move], PostingAct.FORM)
    return person


def look_at_numbers(work: Work, no: str, reason: str) -> Profile:
    """The profile of the person of that number; that it was looked at whole stays in their log.

    NotFoundError out of sight.
    """
    found = queries.known(work, [no], lock=False) if no.isprintable() else {}
    if no not in found:
        raise NotFoundError("people.person.unknown", person_no=no)
    person = found[no]
    work.note(queries.LOOKED_AT, person.id, person.place, kind="look", reason=reason)
    return person.profile


def both_as_seen(
    work: Work, nos: tuple[str, str], seen: tuple[str, str]
) -> tuple[KnownPerson, KnownPerson]:
    """Two people, locked in one order, as whoever decides saw them. Errors as `_as_seen`."""
    queries.known(work, [no for no in nos if no.isprintable()], lock=True)
    first, second = (_as_seen(work, no, mark) for no, mark in zip(nos, seen, strict=True))
    return first, second


def close_as_merged(work: Work, closed: KnownPerson, kept: KnownPerson) -> None:
    """The record is cancelled from today on, and says which one it became a part of."""
    told = history.restated(closed.history, Status.CANCELLED, local_date(work.now))
    row = work.session.get_one(PersonRow, closed.id)
    rows = work.session.scalars(select(StatusRow).where(StatusRow.person_id == closed.id)).all()
    row.status = write_dated(work, told, closed.id, closed.place, rows)
    row.merged_into = kept.id
    postings.join(work, closed, kept)


def relocate(
    work: Work, person_id: int, unit: Unit, department: Unit | None, *, source_id: int
) -> None:
    """The person works in that unit from now on, and every row about them stands there.

    For a command that reaches. ConflictError where they left the unit of `source_id` already.
    """
    row = work.session.get(PersonRow, person_id, with_for_update=True, populate_existing=True)
    if row is None or row.unit_id != source_id:
        raise ConflictError("people.person.left")
    department_id = department.id if department else None
    move = Move.of(row, unit.id, department_id, (department or unit).place)
    postings.settle(work, [move], PostingAct.TRANSFER)


def move_all(work: Work, source: Unit, target: Unit) -> int:
    """Everybody at or under one department stands in another; how many they are."""
    low, high = source.place.bounds
    within = (PersonRow.path >= low, PersonRow.path < high)
    rows = work.session.scalars(select(PersonRow).where(*within).with_for_update())
    moves = [Move.of(row, row.unit_id, target.id, target.place) for row in rows]
    postings.settle(work, moves, PostingAct.DEPARTMENT)
    return len(moves)


def _as_seen(work: Work, no: str, mark: str) -> KnownPerson:
    """The person of that number, locked, as whoever changes them saw them.

    NotFoundError out of sight; ConflictError where somebody was first.
    """
    found = queries.known(work, [no], lock=True) if no.isprintable() else {}
    if no not in found:
        raise NotFoundError("people.person.unknown", person_no=no)
    person = found[no]
    if person.merged_into is not None:
        raise ConflictError("people.person.merged", person=person.profile.name)
    if mark_of(person) != mark:
        who, at = queries.last_change(work, person) or ("", work.now)
        raise ConflictError(
            "people.person.changed", person=person.profile.name, who=who,
            at=f"{at.astimezone(SHANGHAI):%H:%M}",
        )  # fmt: skip
    return person


def _home(work: Work, person: KnownPerson, code: str) -> tuple[Place, int | None]:
    """Where the person stands in that department of their own unit, or in none of it."""
    if not code:
        unit = org.units_of(work, [person.unit_id]).get(person.unit_id)
        if unit is None:
            raise InvalidError("people.person.department", department=code)
        return unit.place, None
    department = org.units_by_code(work, [code]).get(code)
    unit_id = person.unit_id
    if (
        department is None
        or department.kind is not UnitKind.DEPARTMENT
        or str(unit_id) not in department.place.path.split(".")
    ):
        raise InvalidError("people.person.department", department=code)
    return department.place, department.id


def _add(
    work: Work, plans: Sequence[PersonPlan], act: PostingAct
) -> dict[str, tuple[PersonId, Place]]:
    ids = work.fresh_ids(PersonRow, len(plans))
    made, rows = {}, []
    for person_id, plan in zip(ids, plans, strict=True):
        place = plan.home.person(person_id)
        row = PersonRow(
            id=person_id, path=place.path, person_no=plan.draft.no, unit_id=plan.unit.id,
            department_id=plan.department.id if plan.department else None,
        )  # fmt: skip
        _write(work, row, plan)
        work.session.add(row)
        rows.append(row)
        _write_history(work, plan, person_id, place, ())
        made[plan.draft.no] = (PersonId(person_id), place)
    postings.begin(work, rows, act)
    return made


def _change(
    work: Work, plans: Iterable[PersonPlan], act: PostingAct
) -> dict[str, tuple[PersonId, Place]]:
    differing = {plan.known.id: plan for plan in plans if plan.known is not None}
    ids = literal(list(differing), ARRAY(BigInteger))
    statuses: dict[int, list[StatusRow]] = {}
    for status in work.session.scalars(select(StatusRow).where(StatusRow.person_id == any_(ids))):
        statuses.setdefault(status.person_id, []).append(status)
    moves = []
    for row in work.session.scalars(select(PersonRow).where(PersonRow.id == any_(ids))):
        plan = differing[PersonId(row.id)]
        department_id = plan.department.id if plan.department else None
        moves.append(Move.of(row, plan.unit.id, department_id, plan.home))
        _write(work, row, plan)
        _write_history(work, plan, row.id, Place(row.path), statuses.get(row.id, ()))
    places = postings.settle(work, moves, act)
    return {
        move.row.person_no: (PersonId(move.row.id), places[move.row.id])
        for move in moves if move.row.id in places
    }  # fmt: skip


def write_profile(work: Work, row: PersonRow, profile: Profile, sealed: Collection[str]) -> None:
    """Put a profile into a row; the parts that are sealed or derived only where they differ."""
    vault = work.site.vault
    if "name" in sealed:
        row.name, row.name_key = profile.name, _name_key(profile.name)
    if "phone" in sealed:
        row.phone = vault.seal(profile.phone, PHONE) if profile.phone else None
        row.phone_index = vault.index(profile.phone, PHONE) if profile.phone else None
    row.id_type = profile.id_type
    row.sex, row.birth_on = profile.sex, profile.birth_on
    row.title, row.title_level = profile.title, profile.title_level
    row.post, row.education, row.specialty = profile.post, profile.education, profile.specialty


def _write(work: Work, row: PersonRow, plan: PersonPlan) -> None:
    """Put a plan into a row; sealed parts only where they differ: sealing twice gives two."""
    vault, profile = work.site.vault, plan.profile
    differing = _SEALED if plan.known is None else _SEALED & set(plan.columns)
    write_profile(work, row, profile, differing)
    if "id_number" in differing:
        row.id_number = vault.seal(profile.id_number, ID_NUMBER)
        row.id_number_index = vault.index(plan.draft.identity, ID_NUMBER)
    row.status = history.newest(plan.history)


def _write_history(
    work: Work, plan: PersonPlan, person_id: int, place: Place, rows: Iterable[StatusRow]
) -> None:
    write_dated(work, plan.history, person_id, place, rows)


def write_dated(
    work: Work, told: History, person_id: int, place: Place, rows: Iterable[StatusRow]
) -> Status:
    """Let a person's dated statuses, whose rows these are, be as told; the newest of them."""
    wanted = dict(told)
    for row in rows:
        status = wanted.pop(row.from_on, None)
        if status is None:
            work.session.delete(row)
        else:
            row.status = status
    for from_on, status in wanted.items():
        work.session.add(
            StatusRow(person_id=person_id, from_on=from_on, status=status, path=place.path)
        )
    return history.newest(told)


def _name_key(name: str) -> str:
    """The name in pinyin, by which Chinese names sort; some surnames are read in their own way."""
    surnames: Mapping[str, str] = words.book("surnames")
    for length in (2, 1):
        if reading := surnames.get(name[:length]):
            return " ".join([reading, *lazy_pinyin(name[length:])]).lower()
    return " ".join(lazy_pinyin(name)).lower()
