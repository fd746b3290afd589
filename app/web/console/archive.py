"""归档包 — a project's whole record as one zip, file by file, each with its hash."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.attendance.queries import records
from app.attendance.terms import Record
from app.awards import queries as awards
from app.awards.queries import Judged
from app.base import words
from app.base.work import Work
from app.filing import queries as filings
from app.filing.terms import Alteration, Folder
from app.kernel.credit import Credit
from app.kernel.place import Place
from app.kernel.span import shown
from app.kernel.table import csv_of
from app.projects.terms import Batch, Dossier, Move

Working = Callable[[], AbstractContextManager[Work]]
# What was done with a project, and with its batches before they were held.
Past = tuple[Sequence[Move], Sequence[Alteration]]

_SUMS = "SHA256SUMS"


@dataclass(slots=True)
class _Sink(io.RawIOBase):
    """Where a zip is written that nobody can seek in: what came in goes out at once."""

    parts: list[bytes] = field(default_factory=list)
    at: int = 0

    def writable(self) -> bool:
        return True

    def write(self, block: Any, /) -> int:
        self.parts.append(bytes(block))
        self.at += len(block)
        return len(block)

    def tell(self) -> int:
        return self.at

    def taken(self) -> Iterator[bytes]:
        """What was written since this was asked last."""
        parts, self.parts = self.parts, []
        yield from parts


def stream(
    working: Working, dossier: Dossier, folder: Folder | None, past: Past, by: str,
    now: datetime,
) -> Iterator[bytes]:  # fmt: skip
    """The zip, block by block; never more than one of its files is in memory."""
    sink, kept = _Sink(), []
    book = words.book("archive")
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in _files(working, dossier, folder, past):
            made.writestr(name, content)
            digest = hashlib.sha256(content).hexdigest()
            kept.append({"path": name, "size": len(content), "sha256": digest})
            yield from sink.taken()
        sums = "".join(f"{one['sha256']}  {one['path']}\n" for one in kept).encode()
        manifest = {
            "project_no": dossier.project.no, "name": dossier.project.name,
            "unit": dossier.project.unit_name, "state": dossier.project.state.value,
            "made_at": shown(now), "made_by": by, "files": kept,
            "sums_sha256": hashlib.sha256(sums).hexdigest(),
        }  # fmt: skip
        facts = {"no": dossier.project.no, "count": len(kept)}
        made.writestr(_SUMS, sums)
        made.writestr(book["name.manifest"], _json(manifest))
        made.writestr(book["name.readme"], book["readme"].format_map(facts).encode())
        yield from sink.taken()
    yield from sink.taken()


def _files(
    working: Working, dossier: Dossier, folder: Folder | None, past: Past
) -> Iterator[tuple[str, bytes]]:
    book = words.book("archive")
    yield book["name.project"], _json({"project": asdict(dossier.project)})
    moves, altered = past
    yield book["name.moves"], csv_of([_heads("moves"), *map(_move, moves)])
    if altered:
        rows = csv_of([_heads("alterations"), *map(_alteration, altered)])
        yield book["name.alterations"], rows
    if folder is not None:
        yield book["name.filing"], _json({"form": folder.typed.body, "masked": dict(folder.masked)})
        for one in folder.files:
            with working() as work:
                kept, content = filings.attachment_of(work, folder.filing.id, one.id)
            yield f"{book['name.files']}/{kept.id}-{kept.name}", content
    for batch in dossier.batches:
        at = book["name.batch"].format(number=batch.no)
        yield f"{at}/{book['name.plan']}", _json(_plan(batch, dossier))
        with working() as work:
            swipes = records.records_of(work, dossier.project.no, batch.no)
        yield f"{at}/{book['name.records']}", csv_of([_heads("records"), *map(_record, swipes)])
        with working() as work:
            standing = awards.standings_of(work, [batch.id])[batch.id]
            judged = () if standing.run_id is None else awards.verdicts_of(work, standing.run_id)
        if standing.run_id is not None:
            rows = csv_of([_heads("result"), *map(_judged, judged)])
            yield f"{at}/{book['name.result']}", rows


def _plan(batch: Batch, dossier: Dossier) -> dict[str, Any]:
    told = asdict(batch)
    del told["project"]
    for one in told["lecturers"]:
        one["name"] = dossier.names.get(one["person_id"], "")
    return told


def _move(move: Move) -> list[str]:
    return [shown(move.at), move.by, move.role, _said("move", move.action), move.state or "",
            move.remark]  # fmt: skip


def _alteration(one: Alteration) -> list[str]:
    before, after = one.before, one.after
    return [
        str(one.batch_no), shown(before.span.start), shown(before.span.end), before.venue,
        shown(after.span.start), shown(after.span.end), after.venue, one.reason, one.asked_by,
        shown(one.asked_at), words.book("filing")[f"alteration.{one.state}"], one.ended_by,
        "" if one.ended_at is None else shown(one.ended_at), one.remark,
    ]  # fmt: skip


def _record(one: Record) -> list[str]:
    return [
        shown(one.corrected_at or one.at), shown(one.at_dev), one.person_no or "", one.name or "",
        one.card_no or "", str(one.id), one.state.value, "" if one.reason is None else one.reason,
        one.resolution or "", one.resolved_by or "", one.resolved_reason or "",
    ]  # fmt: skip


def _judged(one: Judged) -> list[str]:
    book = words.book("console")
    why = ";".join(book.get(f"why.{reason.why}", reason.why) for reason in one.reasons)
    cap = "" if one.cap is None else str(one.cap)
    return [
        one.person_no, one.name, _said("part", one.part), str(one.gross), cap, str(one.net),
        _said("granted", str(one.granted).lower()), why,
    ]  # fmt: skip


def _said(book: str, code: str) -> str:
    told = words.book("console")
    return told.get(f"{book}.{code}") or words.book("archive").get(f"{book}.{code}", code)


def _heads(table: str) -> list[str]:
    return words.book("archive")[f"heads.{table}"].split(",")


def _json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=2, default=_plain).encode()


def _plain(value: object) -> object:
    match value:
        case Credit() | Decimal():
            return str(value)
        case Place():
            return value.path
        case datetime():
            return shown(value)
        case date():
            return value.isoformat()
        case _:
            raise TypeError(type(value).__name__)
