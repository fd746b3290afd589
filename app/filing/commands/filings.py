"""申报 — a project is written, filed, looked at by its unit and by the bureau, and announced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.base import words
from app.base.documents import Document
from app.base.work import Work, command
from app.filing import queries, rules
from app.filing.tables import AttachmentRow, FilingRow
from app.filing.terms import MOST_FILES, FileKind, FilingId, Form, Method, Typed
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError, RowError
from app.kernel.span import local_date, whole_minutes
from app.org import queries as org
from app.org.terms import Unit, UnitKind
from app.people import queries as people
from app.projects import queries as projects_asked
from app.projects import steps as projects
from app.projects.rules import EDGES, LONGEST_NUMBER, number_of
from app.projects.terms import Act, NumberForm, ProjectState
from app.standards import queries as standards
from app.standards import rules as standard_rules
from app.standards.terms import Claim

# A leader may have so many projects in a year; a number of the national filing, believed.
_MOST_A_LEADER = 2
_LONGEST_REMARK = 200
# Two filings of one leader are counted one after the other.
_TURN = text("select pg_advisory_xact_lock(hashtextextended('filing.leader', :year))")
# Who clicks twice is one.
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended('filing.open:' || :who, 0))")
_LEADER = "filing.leader"


@command(Permission.PROJECTS_FILE, reaches=True)
def open_draft(work: Work, unit_code: str = "") -> FilingId:
    """新建草稿 — an empty filing of one's own unit, or of one within sight."""
    today = local_date(work.now)
    course = {"key": "1", "batch": "1", "method": Method.LECTURE.value}
    typed = Typed({"year": str(today.year)}, ({},), (course,))
    return _opened(work, _unit(work, unit_code), typed)


@command(Permission.PROJECTS_FILE, reaches=True)
def copy_project(work: Work, project_no: str) -> FilingId:
    """复制 — a new draft that says what a project within sight said, a year later."""
    dossier = projects_asked.dossier_of(work, project_no)
    row = queries.row_of_project(work, dossier.project.no)
    typed = rules.of_project(dossier) if row is None else queries.typed_of(work, row)
    with work.reaching():
        unit = org.units_of(work, [dossier.project.unit_id])[dossier.project.unit_id]
    return _opened(work, unit, rules.copied(typed, local_date(work.now)))


@command(Permission.PROJECTS_FILE)
def save(work: Work, filing_id: int, typed: Typed, *, seen: int) -> int:
    """保存 — the draft says what was typed, right or wrong; its version from now on.

    Secrets that were not typed again stay. ConflictError where it was changed by somebody else.
    """
    row = _locked(work, filing_id, seen, ProjectState.DRAFT)
    before = queries.typed_of(work, row)
    keys = {rules.secret_of_course(one["key"]) for one in typed.courses} | set(rules.SECRETS)
    secrets = {**(before.secrets or {}), **(typed.secrets or {})}
    kept = {name: one for name, one in secrets.items() if name in keys}
    if typed.body == row.body and kept == before.secrets:
        return row.version
    row.body = typed.body
    row.name, row.level, row.year = rules.shown_in_list(typed)
    if kept != before.secrets:
        row.sealed = queries.sealed(work, replace(typed, secrets=kept))
    return _touched(work, row)


@command(Permission.PROJECTS_FILE)
def attach(work: Work, filing_id: int, kind: FileKind, document: Document) -> None:
    """上传材料 — the draft has one file more; the same file of that kind once more is the same."""
    row = work.session.get(FilingRow, filing_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError("filing.filing.unknown")
    if row.state != ProjectState.DRAFT:
        raise _meanwhile(work, row)
    digest = hashlib.sha256(document.content).digest()
    kept = queries.attachments(work, filing_id)
    if any(one.kind is kind and one.sha256 == digest.hex() for one in kept):
        return
    if len(kept) >= MOST_FILES:
        raise InvalidError("filing.file.many", most=MOST_FILES)
    [attachment_id] = work.fresh_ids(AttachmentRow, 1)
    work.session.add(
        AttachmentRow(
            id=attachment_id, path=row.path, filing_id=row.id, kind=kind, name=document.name,
            media_type=document.media_type, size=len(document.content), sha256=digest,
            content=document.content, at=work.now, by=work.actor.name,
        )
    )  # fmt: skip


@command(Permission.PROJECTS_FILE)
def detach(work: Work, filing_id: int, attachment_id: int) -> None:
    """删除材料 — the draft has that file no more."""
    row = work.session.get(FilingRow, filing_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError("filing.filing.unknown")
    if row.state != ProjectState.DRAFT:
        raise _meanwhile(work, row)
    found = work.session.get(AttachmentRow, attachment_id)
    if found is None or found.filing_id != row.id:
        raise NotFoundError("filing.file.unknown")
    work.session.delete(found)


@command(Permission.PROJECTS_FILE, reaches=True)
def file(work: Work, filing_id: int, *, seen: int) -> ProjectState:
    """申报 — what is written goes to the unit's own office, or from there straight to the bureau.

    InvalidError names every field that is wrong. Reaches, once the draft is found, because a leader
    may have filed elsewhere and a lecturer may work anywhere.
    """
    row = _locked(work, filing_id, seen, ProjectState.DRAFT)
    typed = queries.typed_of(work, row)
    form, faults = rules.read(typed, local_date(work.now))
    found, leader = [*faults], None
    if form is not None:
        found += _worth_faults(work, row, form)
        found += _lecturer_faults(work, form)
        leader = work.site.vault.index(form.leader_id, _LEADER)
        work.session.execute(_TURN, {"year": form.year})
        before = queries.filings_of_leader(work, leader, form.year, row.id)
        if before >= _MOST_A_LEADER:
            facts = (("year", form.year), ("count", before), ("most", _MOST_A_LEADER))
            found.append(RowError(0, rules.ID_NUMBER, "", "filing.leader.limit", facts))
    if found:
        raise InvalidError("filing.form.refused", rows=found, count=len(found))
    row.filed_at, row.filed_by, row.remark = work.now, work.actor.name, None
    row.leader_index = leader
    return _move(work, row, *rules.MOVES[Permission.PROJECTS_REPORT in work.actor.permissions])


@command(Permission.PROJECTS_FILE)
def discard(work: Work, filing_id: int, *, seen: int) -> None:
    """删除草稿 — a draft that was never filed is gone."""
    row = _locked(work, filing_id, seen, ProjectState.DRAFT)
    if row.filed_at is not None:
        raise ConflictError("filing.draft.was_filed")
    files = select(AttachmentRow).where(AttachmentRow.filing_id == row.id)
    for one in work.session.scalars(files.order_by(AttachmentRow.id)):
        work.session.delete(one)
    work.session.flush()
    work.session.delete(row)


@command(Permission.PROJECTS_FILE, reaches=True)
def recall(work: Work, filing_id: int, *, seen: int) -> None:
    """撤回 — what nobody decided yet may be written again, by the unit whose it is."""
    row = _locked(work, filing_id, seen, ProjectState.UNIT_REVIEW, ProjectState.BUREAU_REVIEW)
    with work.reaching():
        place = org.units_of(work, [row.unit_id])[row.unit_id].place
    if row.filed_by != work.actor.name and not place.holds(work.actor.place):
        raise ConflictError("filing.recall.others")
    _move(work, row, Act.SEND_BACK)


@command(Permission.PROJECTS_REPORT)
def agree(work: Work, filing_id: int, *, seen: int) -> None:
    """单位同意 — the unit's office stands for it, and the bureau is to look at it."""
    row = _locked(work, filing_id, seen, ProjectState.UNIT_REVIEW)
    _move(work, row, Act.AGREE)


@command(Permission.PROJECTS_REPORT)
def refuse(work: Work, filing_id: int, remark: str, *, seen: int) -> None:
    """单位退回 — whoever wrote it is to mend it, and reads why."""
    _return(work, _locked(work, filing_id, seen, ProjectState.UNIT_REVIEW), remark)


@command(Permission.PROJECTS_REVIEW)
def send_back(work: Work, filing_id: int, remark: str, *, seen: int) -> None:
    """卫健委退回 — whoever wrote it is to mend it, and reads why."""
    _return(work, _locked(work, filing_id, seen, ProjectState.BUREAU_REVIEW), remark)


@command(Permission.PROJECTS_REVIEW, reaches=True)
def announce(work: Work, filing_id: int, number: str, *, seen: int) -> str:
    """公布 — the project stands under its number, with its batches and lecturers; the number.

    Reaches because a number is given once for the whole country, and lecturers come from anywhere.
    ConflictError for a number that is taken, and for one's own filing; InvalidError for a number of
    no known form, or of another year.
    """
    row = _locked(work, filing_id, seen, ProjectState.BUREAU_REVIEW)
    if row.filed_by == work.actor.name:
        raise ConflictError("filing.review.own")
    no = _number(work, number, row.year)
    typed = queries.typed_of(work, row)
    form, faults = rules.read(typed, local_date(work.now))
    if form is None:
        raise InvalidError("filing.form.refused", rows=faults, count=len(faults))
    with work.reaching():
        unit = org.units_of(work, [row.unit_id])[row.unit_id]
    pack = standards.pack_for_year(work, unit.place, form.year).pack
    item = standard_rules.item_of(pack, form.level, promoted=form.promoted)
    book = words.book("filing")
    project = rules.published(
        form, number=no, unit_code=unit.code, credit_class=item.credit_class,
        labels=(book["session.start"], book["session.end"]),
    )  # fmt: skip
    row.project_no = no
    _move(work, row, Act.ANNOUNCE)
    try:
        work.session.flush()
    except IntegrityError:  # another bureau gave it a moment ago
        raise ConflictError("filing.number.taken", number=no) from None
    projects.put(work, [project])
    return no


def _opened(work: Work, unit: Unit, typed: Typed) -> FilingId:
    """A draft that says so; of two clicks the second leads to what the first made."""
    work.session.execute(_ONE_AT_A_TIME, {"who": work.actor.name})
    untouched = select(FilingRow.id).where(
        FilingRow.opened_by == work.actor.name, FilingRow.unit_id == unit.id,
        FilingRow.version == 1, FilingRow.state == ProjectState.DRAFT,
        FilingRow.body == typed.body,
    )  # fmt: skip
    if (made := work.session.scalar(untouched.order_by(FilingRow.id.desc()))) is not None:
        return FilingId(made)
    place = work.actor.place if unit.place.holds(work.actor.place) else unit.place
    [filing_id] = work.fresh_ids(FilingRow, 1)
    name, level, year = rules.shown_in_list(typed)
    work.session.add(
        FilingRow(
            id=filing_id, path=place.path, unit_id=unit.id, state=ProjectState.DRAFT, version=1,
            name=name, level=level, year=year, body=typed.body, sealed=queries.sealed(work, typed),
            opened_at=work.now, opened_by=work.actor.name,
            changed_at=work.now, changed_by=work.actor.name,
        )
    )  # fmt: skip
    return FilingId(filing_id)


def _unit(work: Work, code: str) -> Unit:
    """The unit of that code within sight, or else the nearest employer above who acts."""
    if code:
        return org.unit_by_code(work, code)
    above = [int(key) for key in work.actor.place.path.split(".") if key.isdecimal()]
    with work.reaching():
        units = org.units_of(work, above)
    for unit_id in reversed(above):
        if unit_id in units and units[unit_id].kind in {UnitKind.HOSPITAL, UnitKind.BUREAU}:
            return units[unit_id]
    raise InvalidError("filing.unit.which")


def _locked(work: Work, filing_id: int, seen: int, *states: ProjectState) -> FilingRow:
    """The filing within sight, locked, in one of these states and as it was seen."""
    row = work.session.get(FilingRow, filing_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError("filing.filing.unknown")
    if row.version != seen or row.state not in states:
        raise _meanwhile(work, row)
    return row


def _meanwhile(work: Work, row: FilingRow) -> ConflictError:
    minutes = whole_minutes(int((work.now - row.changed_at).total_seconds()))
    state = words.book("console")[f"state.{row.state}"]
    return ConflictError("filing.filing.meanwhile", by=row.changed_by, minutes=minutes, state=state)


def _touched(work: Work, row: FilingRow) -> int:
    row.version += 1
    row.changed_at, row.changed_by = work.now, work.actor.name
    return row.version


def _move(work: Work, row: FilingRow, *acts: Act) -> ProjectState:
    """The acts are for its state: `_locked` asked for that."""
    for act in acts:
        row.state = EDGES[ProjectState(row.state), act]
    _touched(work, row)
    return ProjectState(row.state)


def _return(work: Work, row: FilingRow, remark: str) -> None:
    said = remark.strip()[:_LONGEST_REMARK]
    if not said:
        raise InvalidError("filing.review.no_remark")
    row.remark, row.returned_at, row.returned_body = said, work.now, row.body
    _move(work, row, Act.SEND_BACK)


def _number(work: Work, typed: str, year: int) -> str:
    number = number_of(typed)
    if not number.text:
        raise InvalidError("filing.number.none")
    if number.form is NumberForm.FREE or len(number.text) > LONGEST_NUMBER:
        raise InvalidError("filing.number.form", number=number.text[:LONGEST_NUMBER])
    if number.year is not None and number.year != year:
        raise InvalidError("filing.number.year", number=number.text, year=year)
    if number.text in queries.numbers_like(work, number.text):
        raise ConflictError("filing.number.taken", number=number.text)
    return number.text


def _worth_faults(work: Work, row: FilingRow, form: Form) -> Iterator[RowError]:
    """Credits above what the standard gives for so many hours at that level."""
    with work.reaching():
        place = org.units_of(work, [row.unit_id])[row.unit_id].place
    pack = standards.pack_for_year(work, place, form.year).pack
    item = standard_rules.item_of(pack, form.level, promoted=form.promoted)
    worth = standard_rules.assess(Claim(pack.id, item.code, quantity=form.hours), pack)
    if form.credits > worth.net:
        facts = (("hours", form.hours), ("item", item.title), ("most", worth.net.amount))
        said = (*facts, ("cap", worth.cap.amount if worth.cap else ""), ("pack", pack.title))
        code = "filing.credits.capped" if worth.cap else "filing.credits.hours"
        yield RowError(0, "credits", str(form.credits), code, said)


def _lecturer_faults(work: Work, form: Form) -> Iterator[RowError]:
    """Numbers of lecturers that nobody has, or that somebody of another name has."""
    numbers = {one.person_no for one in form.courses if one.person_no}
    with work.reaching():
        known = people.people_by_no(work, numbers)
    for one in form.courses:
        at = f"c{one.row}.person_no"
        if one.person_no and one.person_no not in known:
            yield RowError(0, at, one.person_no, "filing.lecturer.unknown")
        elif one.person_no and known[one.person_no].name != one.lecturer:
            yield RowError(0, at, one.person_no, "filing.lecturer.other")
