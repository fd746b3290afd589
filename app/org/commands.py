"""Changes of the tree of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError
from app.kernel.place import Place
from app.kernel.sheet import Imported, Sheet
from app.org import queries, rules
from app.org.tables import UnitRow
from app.org.terms import KnownUnit, UnitDraft, UnitId


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
