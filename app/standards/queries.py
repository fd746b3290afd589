"""Questions about the standards that are loaded, and which of them a place goes by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError, UnavailableError
from app.kernel.place import Place
from app.kernel.span import local_date
from app.standards import rules
from app.standards.tables import EditionRow, UseRow
from app.standards.terms import NATIONAL, EditionId, Pack, PackId

# An edition is never changed, so what was once read from its digest stays right for ever.
_READ: dict[str, Pack] = {}


@dataclass(frozen=True, slots=True)
class Edition:
    """规则版本 — a pack as it was loaded, under the id that entries keep."""

    id: EditionId
    pack: Pack
    loaded_at: datetime


def pack_for(work: Work, place: Place, day: date) -> Edition:
    """适用规则 — the edition by which a place goes on a day.

    The nearest unit above it (or itself) that uses a pack in force on the day decides; where none
    does, the national pack of the day, and for days before all packs the earliest of these.
    UnavailableError while no national pack is loaded.
    """
    return packs_for(work, [place], day)[place]


def packs_for(work: Work, places: Collection[Place], day: date) -> dict[Place, Edition]:
    """适用规则 — the editions by which these places go on a day, each as `pack_for` says."""
    above = {place: _units_above(place) for place in places}
    units = {unit for some in above.values() for unit in some}
    rows = work.session.execute(
        select(EditionRow.id, EditionRow.digest, EditionRow.loaded_at, UseRow.unit_id)
        .outerjoin(UseRow, and_(UseRow.pack_id == EditionRow.pack_id, UseRow.unit_id.in_(units)))
        .where(or_(UseRow.unit_id.is_not(None), EditionRow.pack_id.in_(NATIONAL)))
    ).all()
    read = _read(work, {row.digest for row in rows})
    found = [(row.unit_id, Edition(row.id, read[row.digest], row.loaded_at)) for row in rows]
    return {place: _nearest(found, near, day) for place, near in above.items()}


def pack_for_year(work: Work, place: Place, year: int) -> Edition:
    """适用规则 — the edition by which a place goes in a year of credit.

    InvalidError for a number outside 1900 to 2999.
    """
    return pack_for(work, place, rules.day_within(year))


@query(Permission.STANDARDS_READ)
def in_use(work: Work) -> Edition:
    """现行标准 — the edition by which the actor's own place goes today."""
    return pack_for(work, work.actor.place, local_date(work.now))


def edition_of(work: Work, edition_id: int) -> Edition:
    """The edition that an entry or run keeps. NotFoundError for an id that nothing was given."""
    for edition in _editions(work, EditionRow.id == edition_id):
        return edition
    raise NotFoundError("standards.edition.unknown", edition=edition_id)


@query(Permission.STANDARDS_READ)
def editions(work: Work) -> tuple[Edition, ...]:
    """Every edition that was ever loaded, by pack and edition."""
    return tuple(
        sorted(_editions(work), key=lambda edition: (edition.pack.id, edition.pack.edition))
    )


@query(Permission.STANDARDS_READ)
def packs(work: Work) -> dict[PackId, Pack]:
    """The newest edition of every pack, by id."""
    return {edition.pack.id: edition.pack for edition in editions(work)}


@query(Permission.STANDARDS_READ)
def uses(work: Work) -> tuple[tuple[int, PackId], ...]:
    """规则适用 — which unit (its id) uses which regional pack."""
    rows = work.session.execute(select(UseRow.unit_id, UseRow.pack_id)).all()
    return tuple(sorted((row.unit_id, PackId(row.pack_id)) for row in rows))


def bodies(work: Work) -> dict[str, Mapping[str, object]]:
    """The whole body of the newest edition of every pack, by id: what a new pack may extend."""
    rows = work.session.execute(
        select(EditionRow.pack_id, EditionRow.body).order_by(EditionRow.edition)
    )
    return {row.pack_id: row.body for row in rows}


def _editions(work: Work, *conditions: ColumnElement[bool]) -> list[Edition]:
    rows = work.session.execute(
        select(EditionRow.id, EditionRow.digest, EditionRow.loaded_at).where(*conditions)
    ).all()
    read = _read(work, {row.digest for row in rows})
    return [Edition(row.id, read[row.digest], row.loaded_at) for row in rows]


def _nearest(
    found: Sequence[tuple[int | None, Edition]], units: Sequence[int], day: date
) -> Edition:
    national = [edition for _, edition in found if edition.pack.id in NATIONAL]
    used = ([edition for at, edition in found if at == unit] for unit in reversed(units))
    for near in (*used, national):
        best = rules.in_force((edition.pack for edition in near), day)
        if best is not None:
            return next(edition for edition in near if edition.pack is best)
    if not national:
        raise UnavailableError("standards.edition.none_loaded", packs=", ".join(NATIONAL))
    return min(national, key=lambda edition: (edition.pack.valid_from, -edition.pack.edition))


def _units_above(place: Place) -> list[int]:
    """The ids of the units on the way to a place, from the top; a person's leaf is no unit."""
    return [int(key) for key in place.path.split(".") if key.isdecimal()]


def _read(work: Work, digests: Collection[str]) -> Mapping[str, Pack]:
    unread = [digest for digest in digests if digest not in _READ]
    if unread:
        rows = work.session.execute(
            select(EditionRow.digest, EditionRow.body).where(EditionRow.digest.in_(unread))
        )
        for digest, body in rows:
            pack = rules.pack_of(body)
            if pack.digest != digest:
                raise UnavailableError("standards.edition.altered", pack=pack.id, digest=digest)
            _READ[digest] = pack
    return _READ
