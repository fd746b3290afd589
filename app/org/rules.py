"""What a file of units may say: kinds, parents, and the order in which units come to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.kernel.errors import InvalidError, RowError
from app.kernel.place import Place
from app.kernel.sheet import CODE_LENGTH, Columns, Reading, Sheet, repeated
from app.org.terms import Grade, KnownUnit, UnitDraft, UnitKind

COLUMNS = Columns(("code", "kind", "name"), ("parent_code", "order", "grade"))
NAME_LENGTH = 64
STEP = 10  # between the orders of neighbours
DEEPEST = 10  # province, city, county, hospital, and departments within departments

K = UnitKind
# None: stands under nothing, at the root of the tree. A city or a county may run this alone, some
# counties belong to the province itself, and many a hospital is filed under its bureau.
PARENTS: Mapping[UnitKind, tuple[UnitKind | None, ...]] = {
    K.PROVINCE: (None,),
    K.CITY: (None, K.PROVINCE),
    K.COUNTY: (None, K.PROVINCE, K.CITY),
    K.BUREAU: (K.PROVINCE, K.CITY, K.COUNTY),
    K.HOSPITAL: (K.PROVINCE, K.CITY, K.COUNTY, K.BUREAU),
    K.DEPARTMENT: (K.HOSPITAL, K.DEPARTMENT),
}


def read(sheet: Sheet) -> tuple[tuple[UnitDraft, ...], tuple[RowError, ...]]:
    """What the lines say, and which cells say nothing that can stand."""
    drafts, faults = [], []
    for line in sheet.lines:
        reading = Reading(line)
        drafts.append(_draft(reading))
        faults += reading.faults
    named = [(draft.line, draft.code) for draft in drafts]
    faults += repeated(named, "code", "org.import.code_repeated")
    return tuple(drafts), tuple(faults)


def department_name(text: str) -> str:
    """The name of a department as it is kept. InvalidError for what cannot be one."""
    name = "".join(text.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidError("org.department.name", limit=NAME_LENGTH)
    return name


def free_codes(parent: str, count: int) -> tuple[str, ...]:
    """Codes that a new department may get, the best first; more than can all be in use."""
    stem = parent[: CODE_LENGTH - 8]
    return tuple(f"{stem}-{number}" for number in range(count + 1, count + 1000))


def judge(
    drafts: Sequence[UnitDraft],
    known: Mapping[str, KnownUnit],
    taken: Iterable[str],
    *,
    scope: Place,
) -> Iterator[RowError]:
    """What keeps the units from standing where the file puts them.

    `known` are the units in sight that the file names, as units or as parents; `taken` the codes
    that units elsewhere have; `scope` is where the actor may act.
    """
    filed = {draft.code: draft for draft in drafts if draft.code}
    elsewhere = set(taken)
    for draft in drafts:
        if not draft.code:
            continue
        standing = known.get(draft.code)
        if standing is not None:
            yield from _against(draft, standing, scope)
        elif draft.code in elsewhere:
            yield draft.line.wrong("code", "org.import.code_elsewhere")
        else:
            yield from _parent(draft, filed, known, scope)


def changes(draft: UnitDraft, standing: KnownUnit) -> tuple[str, ...]:
    """The columns in which the line differs from the unit as it stands."""
    said = {"name": draft.name, "order": draft.order, "grade": draft.grade}
    stands = {"name": standing.name, "order": standing.order, "grade": standing.grade}
    return tuple(
        column for column in said if draft.line.has(column) and said[column] != stands[column]
    )


def from_the_top(drafts: Sequence[UnitDraft]) -> Iterator[UnitDraft]:
    """The units with every parent before its children; those of a circle are left out."""
    filed = {draft.code: draft for draft in drafts}
    below: dict[str, list[UnitDraft]] = {}
    for draft in drafts:
        parent = draft.parent_code if draft.parent_code in filed else ""
        below.setdefault(parent, []).append(draft)
    ready = below.get("", [])
    while ready:
        yield from ready
        ready = [child for draft in ready for child in below.get(draft.code, [])]


def _draft(reading: Reading) -> UnitDraft:
    kind = reading.word("kind", UnitKind, must=True)
    grade = reading.word("grade", Grade)
    if grade is not None and kind not in {None, UnitKind.HOSPITAL}:
        reading.refuse("grade", "org.import.grade_of_hospital")
    return UnitDraft(
        line=reading.line,
        code=reading.code("code", must=True),
        parent_code=reading.code("parent_code"),
        kind=kind,
        name=reading.text("name", NAME_LENGTH, must=True),
        order=reading.whole("order") or 0,
        grade=grade,
    )


def _against(draft: UnitDraft, standing: KnownUnit, scope: Place) -> Iterator[RowError]:
    line = draft.line
    if draft.kind not in {None, standing.kind}:
        yield line.wrong("kind", "org.import.kind_fixed", unit=draft.code, kind=standing.kind)
    if line.has("parent_code") and standing.parent_code not in {None, draft.parent_code}:
        parent = standing.parent_code or "-"
        yield line.wrong("parent_code", "org.import.parent_fixed", unit=draft.code, parent=parent)
    if standing.place == scope and changes(draft, standing):
        yield line.wrong("code", "org.import.own_unit", unit=draft.code)


def _parent(
    draft: UnitDraft,
    filed: Mapping[str, UnitDraft],
    known: Mapping[str, KnownUnit],
    scope: Place,
) -> Iterator[RowError]:
    line, code = draft.line, draft.parent_code
    if draft.kind is None or (not code and line["parent_code"]):
        return
    allowed = PARENTS[draft.kind]
    if not code:
        if None not in allowed:
            kinds = ", ".join(kind for kind in allowed if kind)
            yield line.wrong(
                "parent_code", "org.import.parent_needed", kind=draft.kind, kinds=kinds
            )
        elif scope != Place.root():
            yield line.wrong("kind", "org.import.root_elsewhere")
        return
    parent_kind = _kind_of(code, filed, known)
    if code not in known and code not in filed:
        yield line.wrong("parent_code", "org.import.parent_unknown", parent=code)
    elif allowed == (None,):
        yield line.wrong("parent_code", "org.import.parent_of_root", kind=draft.kind)
    elif parent_kind is not None and parent_kind not in allowed:
        kinds = ", ".join(kind for kind in allowed if kind)
        yield line.wrong(
            "parent_code", "org.import.parent_kind",
            kind=draft.kind, kinds=kinds, parent=code, parent_kind=parent_kind,
        )  # fmt: skip
    else:
        yield from _chain(draft, filed, known)


def _kind_of(
    code: str, filed: Mapping[str, UnitDraft], known: Mapping[str, KnownUnit]
) -> UnitKind | None:
    return known[code].kind if code in known else filed[code].kind if code in filed else None


def _chain(
    draft: UnitDraft, filed: Mapping[str, UnitDraft], known: Mapping[str, KnownUnit]
) -> Iterator[RowError]:
    code, depth = draft.parent_code, 1
    while code in filed and code not in known and depth <= DEEPEST:
        if code == draft.code:
            yield draft.line.wrong("parent_code", "org.import.circle", unit=code)
            return
        code, depth = filed[code].parent_code, depth + 1
    if code in known:
        depth += known[code].place.path.count(".")
    if depth > DEEPEST:
        yield draft.line.wrong("parent_code", "org.import.too_deep", limit=DEEPEST)
