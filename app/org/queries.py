"""Questions about units."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, ColumnElement, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.base.acts import Act, acts_on
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.org.tables import UnitRow
from app.org.terms import Branch, Grade, KnownUnit, Unit, UnitId, UnitKind


@query(Permission.ORG_READ)
def unit_by_code(work: Work, code: str) -> Unit:
    """The unit of that code within sight. NotFoundError otherwise."""
    found = units_by_code(work, [code])
    if code not in found:
        raise NotFoundError("org.unit.unknown", unit=code)
    return found[code]


@query(Permission.ORG_READ)
def trail_of(work: Work, code: str, most: int) -> tuple[Act, ...]:
    """日志 — what was done to a unit within sight and to all below it, the latest first."""
    low, high = unit_by_code(work, code).place.bounds
    ids = work.session.scalars(select(UnitRow.id).where(UnitRow.path >= low, UnitRow.path < high))
    return acts_on(work, {UnitRow.__tablename__: list(map(str, ids))}, most)


@query(Permission.ORG_READ)
def tree(work: Work) -> tuple[Branch, ...]:
    """机构树 — every unit within sight; those under one parent follow each other in their order."""
    asked = select(
        UnitRow.id, UnitRow.code, UnitRow.kind, UnitRow.name, UnitRow.path, UnitRow.parent_id,
        UnitRow.sort_order, UnitRow.closed_at,
    ).order_by(UnitRow.sort_order, UnitRow.id)  # fmt: skip
    return tuple(
        Branch(
            id=UnitId(id_),
            code=code,
            kind=UnitKind(kind),
            name=name,
            place=Place(path),
            parent_id=None if parent is None else UnitId(parent),
            order=order,
            closed=closed_at is not None,
        )
        for id_, code, kind, name, path, parent, order, closed_at in work.session.execute(asked)
    )


@query(Permission.ORG_READ)
def employers(work: Work) -> tuple[Unit, ...]:
    """用人单位 — the open hospitals and bureaus within sight."""
    employing = UnitRow.kind.in_([UnitKind.HOSPITAL, UnitKind.BUREAU])
    return tuple(_units(work, employing & UnitRow.closed_at.is_(None)))


def employers_called(work: Work, words: str, most: int) -> tuple[Unit, ...]:
    """The open hospitals and bureaus whose code or name this is, else whose name has it, by name.

    For a door that has its own permission, and may reach: names of units are no secret.
    """
    employing = UnitRow.kind.in_([UnitKind.HOSPITAL, UnitKind.BUREAU]) & UnitRow.closed_at.is_(None)
    meant = (UnitRow.code == words) | (UnitRow.name == words)
    exact = _units(work, employing & meant)
    if exact or not words:
        return tuple(exact)
    found = _units(work, employing & UnitRow.name.contains(words, autoescape=True))
    return tuple(sorted(found, key=lambda unit: (unit.name, unit.code))[:most])


def units_by_code(work: Work, codes: Collection[str]) -> dict[str, Unit]:
    """The units of these codes, by code; what is unknown or out of sight is left out."""
    texts = literal([code for code in codes if code.isprintable()], ARRAY(Text))
    return {unit.code: unit for unit in _units(work, UnitRow.code == any_(texts))}


def units_of(work: Work, ids: Collection[int]) -> dict[int, Unit]:
    """The units of these ids, by id."""
    numbers = literal(list(ids), ARRAY(BigInteger))
    return {unit.id: unit for unit in _units(work, UnitRow.id == any_(numbers))}


def if_open(work: Work, unit_id: int) -> Unit | None:
    """The unit of that id within sight, unless it was closed."""
    return next(iter(_units(work, (UnitRow.id == unit_id) & UnitRow.closed_at.is_(None))), None)


def is_empty(work: Work) -> bool:
    """Whether there is no unit at all within sight."""
    return work.session.scalar(select(UnitRow.id).limit(1)) is None


def known(work: Work, codes: Collection[str]) -> dict[str, KnownUnit]:
    """The units of these codes as an import compares them, locked until the work ends."""
    parent = aliased(UnitRow)
    asked = (
        select(UnitRow, parent.code)
        .outerjoin(parent, parent.id == UnitRow.parent_id)
        .where(UnitRow.code == any_(literal(list(codes), ARRAY(Text))))
        .order_by(UnitRow.id)
        .with_for_update(of=UnitRow)
    )
    return {
        row.code: KnownUnit(
            id=UnitId(row.id),
            code=row.code,
            parent_code="" if row.parent_id is None else parent_code,
            kind=UnitKind(row.kind),
            name=row.name,
            order=row.sort_order,
            grade=Grade(row.grade) if row.grade else None,
            place=Place(row.path),
        )
        for row, parent_code in work.session.execute(asked)
    }


def codes_in_use(work: Work, codes: Collection[str]) -> frozenset[str]:
    """Which of these codes name a unit."""
    texts = literal(list(codes), ARRAY(Text))
    return frozenset(work.session.scalars(select(UnitRow.code).where(UnitRow.code == any_(texts))))


def _units(work: Work, condition: ColumnElement[bool]) -> list[Unit]:
    asked = select(
        UnitRow.id, UnitRow.code, UnitRow.kind, UnitRow.name, UnitRow.path, UnitRow.grade
    ).where(condition)
    return [
        Unit(
            id=UnitId(unit_id),
            code=code,
            kind=UnitKind(kind),
            name=name,
            place=Place(path),
            grade=Grade(grade) if grade else None,
        )
        for unit_id, code, kind, name, path, grade in work.session.execute(asked)
    ]
