"""Questions about filings."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.base import words
from app.base.trail import AuditEntry
from app.base.work import Work, query
from app.filing import rules
from app.filing.queries import alterations
from app.filing.tables import AttachmentRow, FilingRow
from app.filing.terms import (
    Attachment,
    AttachmentId,
    Change,
    FileKind,
    Filing,
    FilingId,
    Folder,
    Shelf,
    Sought,
    Step,
    Turn,
    Typed,
    Waiting,
)
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError
from app.kernel.secret import Secret
from app.org import queries as org
from app.org.terms import UnitId
from app.projects import queries as projects
from app.projects.rules import number_of
from app.projects.tables import ProjectRow
from app.projects.terms import Level, ProjectState

A_PAGE = 20
# Of whichever has a longer trail, the latest.
_MOST_STEPS = 200
_IDS = "filing.ids"


@query(Permission.PROJECTS_READ, reaches=True)
def shelf(work: Work, sought: Sought, page: int = 1) -> Shelf:
    """申报列表 — a page of the filings within sight that are sought, the last changed first."""
    rows = work.session.execute(
        select(FilingRow, func.count().over())
        .where(*_sought(sought))
        .order_by(FilingRow.changed_at.desc(), FilingRow.id.desc())
        .limit(A_PAGE)
        .offset((page - 1) * A_PAGE)
    ).all()
    years = select(FilingRow.year).where(FilingRow.year > 0).distinct()
    known = tuple(work.session.scalars(years.order_by(FilingRow.year.desc())))
    found = filings(work, [row for row, _ in rows])
    return Shelf(found, rows[0][1] if rows else 0, known)


@query(Permission.PROJECTS_READ)
def waiting(work: Work) -> Waiting:
    """待办的申报 — before the bureau; before the unit, and sent back, where the actor is to act."""
    state = FilingRow.state
    low, high = work.actor.duty
    own = and_(FilingRow.path >= low, FilingRow.path < high)
    asked = select(
        func.count().filter(own, state == ProjectState.DRAFT, FilingRow.remark.is_not(None)),
        func.count().filter(own, state == ProjectState.UNIT_REVIEW),
        func.count().filter(state == ProjectState.BUREAU_REVIEW),
    )
    count, oldest = alterations.asked(work)
    return Waiting(*work.session.execute(asked).one(), count, oldest)


@query(Permission.PROJECTS_READ, reaches=True)
def folder_of(work: Work, filing_id: int) -> Folder:
    """申报卷 — one filing within sight. NotFoundError otherwise.

    Reaches, once it is found, for the name of a unit above who asks, and for numbers given out.
    """
    row = found(work, filing_id)
    typed = typed_of(work, row)
    files = attachments(work, filing_id)
    [filing] = filings(work, [row])
    changed = rules.changes(row.returned_body, row.body) if row.returned_body else ()
    fresh = {one.id for one in files if row.returned_at and one.at > row.returned_at}
    return Folder(
        filing=filing,
        typed=typed,
        masked=_masked(typed),
        files=files,
        steps=_steps(work, row),
        changed=changed,
        fresh=frozenset(fresh),
        number=_next_number(work, row) if row.state == ProjectState.BUREAU_REVIEW else "",
    )


@query(Permission.PROJECTS_READ)
def attachment_of(work: Work, filing_id: int, attachment_id: int) -> tuple[Attachment, bytes]:
    """附件 — one file of a filing within sight, and what is in it. NotFoundError otherwise."""
    kept = {one.id: one for one in attachments(work, filing_id)}
    content = select(AttachmentRow.content).where(
        AttachmentRow.id == attachment_id, AttachmentRow.filing_id == filing_id
    )
    body = work.session.scalar(content)
    if body is None:
        raise NotFoundError("filing.file.unknown")
    return kept[AttachmentId(attachment_id)], bytes(body)


def row_of_project(work: Work, project_no: str) -> FilingRow | None:
    """The filing within sight that became the project of that number; None where none did."""
    return work.session.scalar(select(FilingRow).where(FilingRow.project_no == project_no))


def announced(work: Work, numbers: Collection[str]) -> frozenset[str]:
    """Which of these numbers within sight the bureau gave to what was filed."""
    known = select(FilingRow.project_no).where(FilingRow.project_no.in_(numbers))
    return frozenset(no for no in work.session.scalars(known) if no)


@query(Permission.PROJECTS_READ, reaches=True)
def folder_of_project(work: Work, project_no: str) -> Folder | None:
    """申报卷 — that of a project within sight. None where it was imported without a filing.

    NotFoundError for a project that is not within sight.
    """
    project = projects.dossier_of(work, project_no).project
    row = row_of_project(work, project.no)
    return None if row is None else folder_of(work, row.id)


def found(work: Work, filing_id: int) -> FilingRow:
    """The row of a filing within sight. NotFoundError otherwise."""
    row = work.session.get(FilingRow, filing_id)
    if row is None:
        raise NotFoundError("filing.filing.unknown")
    return row


def typed_of(work: Work, row: FilingRow) -> Typed:
    """What was typed into a filing, with its secrets."""
    typed = rules.of_body(row.body)
    secrets: dict[str, Secret] = {}
    if row.sealed is not None:
        opened = json.loads(work.site.vault.open(row.sealed, _IDS).reveal())
        secrets = {name: Secret(text) for name, text in opened.items()}
    return Typed(typed.fields, typed.batches, typed.courses, secrets)


def sealed(work: Work, typed: Typed) -> bytes | None:
    """The secrets of what was typed, as they are kept."""
    kept = {name: one.reveal() for name, one in (typed.secrets or {}).items() if one}
    return work.site.vault.seal(Secret(json.dumps(kept)), _IDS) if kept else None


def filings(work: Work, rows: Sequence[FilingRow]) -> tuple[Filing, ...]:
    """These rows as others see them; inside a door that reaches."""
    with work.reaching():
        units = org.units_of(work, {row.unit_id for row in rows})
    return tuple(_filing(row, units[row.unit_id].name) for row in rows)


def attachments(work: Work, filing_id: int) -> tuple[Attachment, ...]:
    """附件 — the files of a filing, without what is in them, in the order of their kinds."""
    columns = (
        AttachmentRow.id, AttachmentRow.kind, AttachmentRow.name, AttachmentRow.media_type,
        AttachmentRow.size, AttachmentRow.sha256, AttachmentRow.at, AttachmentRow.by,
    )  # fmt: skip
    rows = work.session.execute(
        select(*columns).where(AttachmentRow.filing_id == filing_id).order_by(AttachmentRow.id)
    ).all()
    order = list(FileKind)
    kept = [
        Attachment(
            AttachmentId(row.id), FileKind(row.kind), row.name, row.media_type, row.size,
            bytes(row.sha256).hex(), row.at, row.by,
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(kept, key=lambda one: (order.index(one.kind), one.id)))


def numbers_like(work: Work, start: str) -> tuple[str, ...]:
    """The numbers of projects anywhere that begin so; inside a door that reaches."""
    wanted = ProjectRow.project_no.startswith(start, autoescape=True)
    with work.reaching():
        return tuple(work.session.scalars(select(ProjectRow.project_no).where(wanted)))


def _sought(sought: Sought) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if sought.state is not None:
        wanted.append(FilingRow.state == sought.state)
    if sought.year is not None:
        wanted.append(FilingRow.year == sought.year)
    if sought.level is not None:
        wanted.append(FilingRow.level == sought.level)
    if sought.words.split():
        number = FilingRow.project_no.startswith(number_of(sought.words).text, autoescape=True)
        named = (FilingRow.name.icontains(one, autoescape=True) for one in sought.words.split())
        wanted.append(or_(number, and_(*named)))
    return wanted


def _filing(row: FilingRow, unit_name: str) -> Filing:
    return Filing(
        id=FilingId(row.id),
        unit_id=UnitId(row.unit_id),
        unit_name=unit_name,
        name=row.name,
        level=Level(row.level) if row.level else None,
        year=row.year,
        state=ProjectState(row.state),
        version=row.version,
        opened_by=row.opened_by,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        filed_at=row.filed_at,
        filed_by=row.filed_by,
        remark=row.remark,
        project_no=row.project_no or "",
    )


def _masked(typed: Typed) -> dict[str, str]:
    secrets = typed.secrets or {}
    shown = {name: one.masked() for name, one in secrets.items() if name != rules.PHONE}
    phone = secrets.get(rules.PHONE)
    return shown | ({rules.PHONE: phone.masked(3, 4)} if phone else {})


def _next_number(work: Work, row: FilingRow) -> str:
    fields = row.body["fields"]
    discipline = f"{fields.get('discipline', '')}-{fields.get('branch') or '00'}"
    start = f"{row.year}-{discipline}-"
    mark = words.book("filing")[f"mark.{row.level}"]
    return rules.next_number(row.year, discipline, mark, numbers_like(work, start))


def _steps(work: Work, row: FilingRow) -> tuple[Step, ...]:
    """办理经过 — what was done with a filing, the latest first."""
    own = and_(AuditEntry.table_name == FilingRow.__tablename__, AuditEntry.row_id == str(row.id))
    of_files = and_(
        AuditEntry.table_name == AttachmentRow.__tablename__,
        AuditEntry.path == row.path,
        AuditEntry.change["filing_id"].as_string() == str(row.id),
    )
    asked = select(AuditEntry).where(or_(own, of_files)).order_by(AuditEntry.id.desc())
    entries = work.session.scalars(asked.limit(_MOST_STEPS)).all()
    steps = (_step(one) for one in entries if not _beside(one))
    return tuple(one for one in steps if one.turn is not Turn.SAVE or one.changes)


def _beside(entry: AuditEntry) -> bool:
    """Whether the filing itself changed only because of a file, which has an entry of its own."""
    of_file = entry.action.partition(".")[2] in {Turn.ATTACH, Turn.DETACH}
    return of_file and entry.table_name == FilingRow.__tablename__


def _step(entry: AuditEntry) -> Step:
    told = entry.change
    changed = () if told["kind"] != "edit" or "body" not in told else rules.changes(*told["body"])
    if told["kind"] == "edit" and "sealed" in told:
        changed = (*changed, Change("secrets", "", ""))
    said = ""
    for name in ("name", "remark", "project_no"):
        value = told.get(name)
        after = value[1] if isinstance(value, list) else value
        if after and (name != "name" or entry.table_name == AttachmentRow.__tablename__):
            said = str(after)
    turn = Turn(entry.action.partition(".")[2])
    return Step(entry.at, entry.actor, entry.role, turn, changed, said)


def filings_of_leader(work: Work, index: bytes, year: int, but: int) -> int:
    """How many other projects one leader has filed in a year; inside a door that reaches."""
    asked = select(func.count()).where(
        FilingRow.leader_index == index, FilingRow.year == year, FilingRow.id != but,
        FilingRow.state != ProjectState.DRAFT,
    )  # fmt: skip
    with work.reaching():
        return int(work.session.scalar(asked) or 0)
