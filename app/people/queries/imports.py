"""导入记录 — the imports within sight, and what is kept of one."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import select

from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.secret import Secret
from app.kernel.table import Cell, CellKind, Table
from app.people.tables import ImportRow
from app.people.terms import IMPORT, ImportKind, ImportRecord, ImportState

MOST_SHOWN = 20


@query(Permission.PEOPLE_IMPORT)
def import_of(work: Work, kind: ImportKind, import_id: int) -> ImportRecord:
    """导入记录 — of that kind and number within sight, with what it held. NotFoundError else."""
    row = work.session.get(ImportRow, import_id)
    if row is None or row.kind != kind:
        raise NotFoundError("people.import.unknown", number=import_id)
    return _record(row, opened(work, row.body))


@query(Permission.PEOPLE_IMPORT)
def imports(work: Work, kind: ImportKind) -> tuple[ImportRecord, ...]:
    """导入记录 — what of that kind was imported within sight, newest first, empty."""
    asked = (
        select(ImportRow)
        .where(ImportRow.kind == kind, ImportRow.done_at.is_not(None))
        .order_by(ImportRow.id.desc())
        .limit(MOST_SHOWN)
    )
    return tuple(_record(row, {}) for row in work.session.scalars(asked))


@query(Permission.PEOPLE_IMPORT)
def own_imports(work: Work) -> tuple[ImportRecord, ...]:
    """我的导入 — what the actor sent in of any kind, newest first, empty."""
    asked = (
        select(ImportRow)
        .where(ImportRow.by == work.actor.name)
        .order_by(ImportRow.id.desc())
        .limit(MOST_SHOWN)
    )
    return tuple(_record(row, {}) for row in work.session.scalars(asked))


def table_of(found: ImportRecord) -> Table:
    """What was sent in, as it stood there; nothing once it is forgotten."""
    rows = tuple(
        (row, tuple(Cell(text, CellKind(kind)) for kind, text in cells))
        for row, cells in found.body.get("table", ())
    )
    return Table(found.name, rows, tuple(found.body.get("unread", ())))


def packed(work: Work, body: Mapping[str, Any]) -> bytes:
    """A body as it is kept: it holds numbers of identity, so it is sealed."""
    tight = base64.b64encode(zlib.compress(orjson.dumps(body), 6)).decode()
    return work.site.vault.seal(Secret(tight), IMPORT)


def opened(work: Work, sealed: bytes | None) -> dict[str, Any]:
    """What was kept; nothing where nothing is."""
    if sealed is None:
        return {}
    tight = work.site.vault.open(sealed, IMPORT).reveal()
    body: dict[str, Any] = orjson.loads(zlib.decompress(base64.b64decode(tight)))
    return body


def _record(row: ImportRow, body: dict[str, Any]) -> ImportRecord:
    return ImportRecord(
        id=row.id, kind=ImportKind(row.kind), name=row.name, by=row.by, at=row.at,
        state=ImportState(row.state), counts=row.counts, done_at=row.done_at,
        undone_at=row.undone_at, body=body,
    )  # fmt: skip
