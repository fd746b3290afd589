"""Changes of people, and of departments that have people in them."""

from __future__ import annotations

from sqlalchemy import func, select

from app.base.pictures import Portrait
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError
from app.kernel.place import Place
from app.kernel.table import Table
from app.org import queries as org
from app.org import steps as tree
from app.people import steps
from app.people.tables import PersonRow
from app.people.terms import ImportKind, Status


@command(Permission.ORG_IMPORT)
def close_department(work: Work, code: str) -> None:
    """关闭科室 — it takes nobody in any more. ConflictError while anybody stands in it."""
    row = tree.open_department(work, code)
    low, high = Place(row.path).bounds
    count = work.session.scalar(
        select(func.count())
        .select_from(PersonRow)
        .where(PersonRow.path >= low, PersonRow.path < high, PersonRow.status != Status.CANCELLED)
    )
    if count:
        raise ConflictError("people.department.not_empty", department=row.name, count=count)
    tree.close(work, code)


@command(Permission.ORG_IMPORT)
def merge_departments(work: Work, code: str, into: str, *, count: int) -> int:
    """合并科室 — everybody of one department stands in another of the same hospital; how many.

    `count` is how many whoever decides saw: ConflictError where they are others by now. The empty
    one is closed. InvalidError for two that cannot be one.
    """
    first, second = sorted((code, into))  # in one order, so that two at once do not wait for ever
    tree.open_department(work, first)
    tree.open_department(work, second)
    units = org.units_by_code(work, [code, into])
    source, target = units[code], units[into]
    same = source.place.path.split(".")[:-2] and _hospital(work, source.place) == _hospital(
        work, target.place
    )
    if code == into or not same or source.place.holds(target.place):
        raise InvalidError("people.department.apart", source=source.name, target=target.name)
    moved = steps.move_all(work, source, target)
    if moved != count:
        raise ConflictError("people.department.others", department=source.name, count=moved)
    tree.close(work, code)
    return moved


@command(Permission.PEOPLE_IMPORT)
def keep_table(work: Work, kind: ImportKind, table: Table, why: str) -> int:
    """留待对应 — a file whose columns nobody knows yet is kept for a day; its number."""
    return steps.keep_table(work, kind, table, why)


@command(Permission.PEOPLE_IMPORT)
def put_photo(work: Work, no: str, portrait: Portrait) -> None:
    """换照片 — this is the photo of the person of that number within sight from now on."""
    steps.put_photo(work, no, portrait)


@command(Permission.PEOPLE_IMPORT)
def remove_photo(work: Work, no: str) -> None:
    """删照片 — the person of that number within sight has no photo any more."""
    steps.remove_photo(work, no)


def _hospital(work: Work, place: Place) -> int:
    """The employer above a department."""
    ids = [int(key) for key in place.path.split(".") if key.isdecimal()]
    units = org.units_of(work, ids)
    return next(one for one in reversed(ids) if one in units and units[one].kind != "department")
