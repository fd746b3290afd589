"""Changes of the standards: loading editions, and letting units go by a regional pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.org import queries as org
from app.standards import queries, rules
from app.standards.tables import EditionRow, UseRow
from app.standards.terms import Pack

_SHIPPED = Path(__file__).resolve().parent / "editions"


@dataclass(frozen=True, slots=True)
class Loaded:
    """装入结果 — how many editions are new, and how many stood already."""

    added: int
    same: int


@command(Permission.STANDARDS_LOAD)
def load(work: Work, files: Sequence[bytes]) -> Loaded:
    """装入规则包 — the packs of these files stand as editions, all or none, each once.

    A pack may extend one of the same call or one loaded before. InvalidError as `rules.read_pack`;
    ConflictError where an edition of that pack and number stands with another content, which
    includes what it inherits: what was judged by it must stay explainable.
    """
    shelf, standing = queries.bodies(work), _standing(work)
    new: list[tuple[Pack, dict[str, object]]] = []
    for text in _parents_first(files):
        pack, body = rules.read_pack(text, shelf)
        shelf[pack.id] = body
        if (pack.id, pack.edition) not in standing:
            standing[pack.id, pack.edition] = pack.digest
            new.append((pack, body))
        elif standing[pack.id, pack.edition] != pack.digest:
            raise ConflictError("standards.edition.changed", pack=pack.id, edition=pack.edition)
    ids = work.fresh_ids(EditionRow, len(new))
    work.session.add_all(
        EditionRow(
            id=edition_id, pack_id=pack.id, edition=pack.edition, digest=pack.digest, body=body,
            valid_from=pack.valid_from, valid_to=pack.valid_to, loaded_at=work.now,
        )
        for edition_id, (pack, body) in zip(ids, new, strict=True)
    )  # fmt: skip
    try:
        work.session.flush()
    except IntegrityError as fault:
        raise ConflictError("standards.edition.raced") from fault
    return Loaded(len(new), len(files) - len(new))


@command(Permission.STANDARDS_LOAD)
def load_shipped(work: Work) -> Loaded:
    """装入随附的规则包 — the packs that come with the product stand as editions."""
    return load(work, [path.read_bytes() for path in sorted(_SHIPPED.glob("*.json"))])


@command(Permission.STANDARDS_LOAD)
def use(work: Work, unit_code: str, pack_id: str) -> bool:
    """适用规则包 — a unit and all below it go by the pack while it is in force.

    The answer is whether that is new. A unit may use several, for the years of several regimes.
    NotFoundError for a unit out of sight and for a pack that is not loaded.
    """
    if pack_id not in queries.packs(work):
        raise NotFoundError("standards.pack.not_loaded", pack=pack_id)
    unit = org.unit_by_code(work, unit_code)
    if work.session.get(UseRow, (unit.id, pack_id)) is not None:
        return False
    work.session.add(UseRow(unit_id=unit.id, pack_id=pack_id, since=work.now))
    try:
        work.session.flush()
    except IntegrityError as fault:
        raise ConflictError("standards.use.raced", unit=unit_code, pack=pack_id) from fault
    return True


@command(Permission.STANDARDS_LOAD)
def stop_using(work: Work, unit_code: str, pack_id: str) -> None:
    """停用规则包 — the unit goes by that pack no longer; what was judged by it stays.

    NotFoundError where the unit is out of sight or does not use it itself.
    """
    unit = org.unit_by_code(work, unit_code)
    row = work.session.get(UseRow, (unit.id, pack_id))
    if row is None:
        raise NotFoundError("standards.use.none", unit=unit_code, pack=pack_id)
    work.session.delete(row)


def _standing(work: Work) -> dict[tuple[str, int], str]:
    rows = work.session.execute(select(EditionRow.pack_id, EditionRow.edition, EditionRow.digest))
    return {(row.pack_id, row.edition): row.digest for row in rows}


def _parents_first(files: Sequence[bytes]) -> list[bytes]:
    """The files in an order in which a parent comes before its children."""
    bodies = {n: rules.parsed(text) for n, text in enumerate(files)}
    places = {str(body.get("id")): n for n, body in bodies.items()}
    parents = {n: places.get(str(body.get("extends"))) for n, body in bodies.items()}
    graph = {n: () if parent is None else (parent,) for n, parent in parents.items()}
    try:
        return [files[n] for n in TopologicalSorter(graph).static_order()]
    except CycleError as fault:
        chain = " > ".join(str(bodies[n]["id"]) for n in fault.args[1])
        raise InvalidError("standards.pack.circle", path="extends", chain=chain) from fault
