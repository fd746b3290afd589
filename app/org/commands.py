"""Changes of the tree of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.sheet import Imported, Sheet
from app.org import queries, rules, steps
from app.org.tables import UnitRow
from app.org.terms import KnownUnit, UnitDraft, UnitId, UnitKind


@command(Permission.ORG_IMPORT, reaches=True)
def import_units(work: Work, sheet: Sheet) -> Imported:
    """Let the units of a file stand as it says, all or none; parents may come after children.

    InvalidError names every wrong cell. Reaches for one question: whether a code that is new here
    is in use elsewhere. ConflictError when another import took a code at the same moment.
    """
    drafts, faults = rules.read(sheet)
    codes = {code for draft in drafts for code in (draft.code, draft.parent_code) if code}
    known = queries.known(work, codes)
    with work.reaching():
        taken = queries.codes_in_use(work, {draft.code for draft in drafts} - known.keys())
    sheet.refuse_faults(faults, rules.judge(drafts, known, taken, scope=work.actor.place))

    try:
        added = _add(work, [draft for draft in drafts if draft.code not in known], known)
        changed = _change(work, drafts, known)
        work.session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise ConflictError("org.import.raced") from error
    return Imported(added, changed, len(drafts) - added - changed)


@command(Permission.ORG_IMPORT, reaches=True)
def create_department(work: Work, parent_code: str, name: str) -> str:
    """新建科室 — a department under a hospital or another department, as the last; its code.

    Reaches for one question: which codes of the kind of the hospital's are free. InvalidError for a
    name that cannot be, ConflictError for one that stands beside it already.
    """
    name = rules.department_name(name)
    asked = select(UnitRow).where(UnitRow.code == parent_code).with_for_update()
    parent = work.session.scalars(asked).one_or_none() if parent_code.isprintable() else None
    if parent is None or parent.kind not in rules.PARENTS[UnitKind.DEPARTMENT]:
        raise NotFoundError("org.unit.unknown", unit=parent_code[:32])
    if parent.closed_at is not None:
        raise ConflictError("org.department.closed", department=parent.name)
    siblings = _siblings(work, parent.id)
    _refuse_twin(siblings, name)
    if parent.path.count(".") >= rules.DEEPEST:
        raise InvalidError("org.department.too_deep", limit=rules.DEEPEST)
    wished = rules.free_codes(parent.code, len(siblings))
    with work.reaching():
        taken = queries.codes_in_use(work, wished)
    code = next(one for one in wished if one not in taken)
    (unit_id,) = work.fresh_ids(UnitRow, 1)
    last = max((one.sort_order for one in siblings), default=0)
    work.session.add(
        UnitRow(
            id=unit_id, path=Place(parent.path).child(unit_id).path, code=code,
            parent_id=parent.id, kind=UnitKind.DEPARTMENT, name=name, grade=None,
            sort_order=last + rules.STEP,
        )
    )  # fmt: skip
    return code


@command(Permission.ORG_IMPORT)
def rename_department(work: Work, code: str, name: str, *, seen: str) -> None:
    """科室改名 — `seen` is the name that whoever decides saw: ConflictError where it is another."""
    name = rules.department_name(name)
    row = steps.open_department(work, code)
    if row.name != seen:
        raise ConflictError("org.department.renamed", seen=seen, now=row.name)
    _refuse_twin([one for one in _siblings(work, row.parent_id) if one.id != row.id], name)
    row.name = name


@command(Permission.ORG_IMPORT)
def place_department(work: Work, code: str, before: str) -> None:
    """科室排序 — a department stands right before another of the same parent, or last."""
    row = steps.open_department(work, code)
    others = [one for one in _siblings(work, row.parent_id) if one.id != row.id]
    at = next((n for n, one in enumerate(others) if one.code == before), len(others))
    others.insert(at, row)
    for number, one in enumerate(others, start=1):
        one.sort_order = number * rules.STEP


def _siblings(work: Work, parent_id: int | None) -> list[UnitRow]:
    """What stands open under one unit, in order, locked."""
    asked = select(UnitRow).where(UnitRow.parent_id == parent_id, UnitRow.closed_at.is_(None))
    ordered = asked.order_by(UnitRow.sort_order, UnitRow.id).with_for_update()
    return list(work.session.scalars(ordered))


def _refuse_twin(siblings: Iterable[UnitRow], name: str) -> None:
    if any(one.name == name for one in siblings):
        raise ConflictError("org.department.twin", name=name)


def _add(work: Work, drafts: Sequence[UnitDraft], known: Mapping[str, KnownUnit]) -> int:
    places: dict[str, tuple[int | None, Place]] = {"": (None, Place.root())}
    places |= {unit.code: (unit.id, unit.place) for unit in known.values()}
    ids = work.fresh_ids(UnitRow, len(drafts))
    for unit_id, draft in zip(ids, rules.from_the_top(drafts), strict=True):
        parent_id, parent = places[draft.parent_code]
        place = parent.child(unit_id)
        places[draft.code] = (unit_id, place)
        work.session.add(
            UnitRow(
                id=unit_id, path=place.path, code=draft.code, parent_id=parent_id,
                kind=draft.kind, name=draft.name, grade=draft.grade, sort_order=draft.order,
            )
        )  # fmt: skip
    return len(drafts)


def _change(work: Work, drafts: Iterable[UnitDraft], known: Mapping[str, KnownUnit]) -> int:
    differing = {
        known[draft.code].id: draft
        for draft in drafts
        if draft.code in known and rules.changes(draft, known[draft.code])
    }
    for row in work.session.scalars(select(UnitRow).where(UnitRow.id.in_(differing))):
        draft = differing[UnitId(row.id)]
        row.name = draft.name
        if draft.line.has("order"):
            row.sort_order = draft.order
        if draft.line.has("grade"):
            row.grade = draft.grade
    return len(differing)
