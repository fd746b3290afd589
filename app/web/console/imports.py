"""从 Excel 导入 — a roster is chosen, checked, imported, and taken back for a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words, workbooks
from app.base.work import passes
from app.cards import commands as cards
from app.cards.commands.imports import UNDO_WITHIN
from app.kernel import table as tables
from app.kernel.errors import CmeError, ConflictError, InvalidError, RowError
from app.kernel.table import LARGEST, MOST_PASTED, Table
from app.org import queries as org
from app.org.terms import Branch, UnitKind
from app.people import queries as people
from app.people.rules import roster, tidy
from app.people.terms import Fate, ImportRecord, ImportState
from app.speech import saying
from app.web.console import frame
from app.web.sessions import Guest, entered

blueprint = frame.screens("imports", "/import/people")

MOST_FAULTS = 50
# What an old import held is forgotten; how many it brought is not.
_FORGOTTEN: Mapping[str, Any] = {
    "faults": (), "notes": (), "fates": (), "table": (), "at": {}, "header": 0, "ignored": (),
    "unread": (),
}  # fmt: skip
_NAME = 80
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_IN_ORDER = (
    "person_no", "name", "id_type", "id_number", "department_code", "title", "title_level", "post",
    "education", "specialty", "phone", "sex", "birth_date", "status", "status_from", "card_no",
    "card_uid",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """一处错误 — row, column, what stands there with the wrong signs, the rule, the remedy."""

    row: int
    column: str
    value: tuple[str, str, str]
    what: str
    remedy: str


@blueprint.get("")
@passes(*frame.DOORS, "people.imports")
@entered(Stage.OPEN)
def start(guest: Guest) -> ResponseReturnValue:
    """Choose a file, or paste; and what was imported lately."""
    return _start(guest)


@blueprint.post("")
@passes(*frame.DOORS, "cards.check_roster", "org.tree", "people.imports")
@entered(Stage.OPEN)
def check(guest: Guest) -> ResponseReturnValue:
    """The file is checked; nothing is changed yet."""
    pasted = request.form.get("pasted", "")
    try:
        table = _table(pasted)
        with frame.working(guest) as work:
            tidied = tidy.tidy(table, spelling(org.tree(work)))
            number = cards.check_roster(work, table, tidied)
    except InvalidError as refused:
        return _start(guest, refused, pasted)
    return redirect(url_for("imports.result", number=number), 303)


@blueprint.get("/template")
@passes("org.tree")
@entered(Stage.OPEN)
def template(guest: Guest) -> ResponseReturnValue:
    """The form to fill in, with this hospital's departments to choose from."""
    book = words.book("roster")
    with frame.working(guest) as work:
        spelt = spelling(tree := org.tree(work))
    order = _IN_ORDER if spelt.sole else (*_IN_ORDER[:4], "unit_code", *_IN_ORDER[4:])
    choices = {name: _firsts(known) for name, known in spelt.words.items()}
    choices["title"] = list(spelt.titles)
    choices["department_code"] = [one.name for one in tree if one.kind is UnitKind.DEPARTMENT]
    sample = [book["template.sample"] if name == "person_no" else book.get(f"sample.{name}", "")
              for name in order]  # fmt: skip
    must = tidy.required()
    notes = [
        (label(name), book["must.must" if name in must else "must.may"], book[f"note.{name}"])
        for name in order
    ]
    made = workbooks.template(
        book["template.sheet"], [(label(name), choices.get(name, ())) for name in order], sample,
        (book["template.notes"], notes),
    )  # fmt: skip
    return _file(made, book["template.file"])


@blueprint.get("/<int:number>")
@passes(*frame.DOORS, "people.import_of")
@entered(Stage.OPEN)
def result(guest: Guest, number: int) -> ResponseReturnValue:
    """What was checked, or what became of it."""
    return _result(guest, number)


@blueprint.post("/<int:number>")
@passes(*frame.DOORS, "cards.import_checked", "people.import_of")
@entered(Stage.OPEN)
def take_in(guest: Guest, number: int) -> ResponseReturnValue:
    """The good lines are imported."""
    try:
        with frame.working(guest) as work:
            done = cards.import_checked(work, number)
            until = saying.moment(work.now + UNDO_WITHIN)
    except (ConflictError, InvalidError) as refused:
        return _result(guest, number, refused)
    frame.tell("imports.done", {"count": len(done.rows), "until": until})
    return redirect(url_for("imports.result", number=number), 303)


@blueprint.post("/<int:number>/undo")
@passes(*frame.DOORS, "cards.undo_import", "people.import_of")
@entered(Stage.OPEN)
def undo(guest: Guest, number: int) -> ResponseReturnValue:
    """The whole of it is taken back."""
    try:
        with frame.working(guest) as work:
            kept = cards.undo_import(work, number)
    except ConflictError as refused:
        return _result(guest, number, refused)
    separator = words.book("roster")["template.separator"]
    code = "imports.undone_but" if kept else "imports.undone"
    frame.tell(code, {"count": len(kept), "kept": separator.join(kept[:MOST_FAULTS])})
    return redirect(url_for("imports.result", number=number), 303)


@blueprint.get("/<int:number>/errors")
@passes("people.import_of")
@entered(Stage.OPEN)
def errors(guest: Guest, number: int) -> ResponseReturnValue:
    """Their own table once more, with a column of reasons and the wrong cells red."""
    book = words.book("roster")
    with frame.working(guest) as work:
        found = people.import_of(work, number)
    body = found.body or _FORGOTTEN
    reasons: dict[int, list[str]] = {}
    wrong: dict[int, set[int]] = {}
    for fault in _faults(body["faults"]):
        reasons.setdefault(fault.row, []).append(f"{fault.column}: {fault.what}{fault.remedy}")
    for one in body["faults"]:
        if one["column"] in body["at"]:
            wrong.setdefault(one["row"], set()).add(body["at"][one["column"]])
    rows = tuple((n, tuple(map(tables.Cell, cells))) for n, cells in body["table"])
    bad = tuple(row for row in rows if row[0] <= body["header"] or row[0] in reasons)
    told = {row: " ".join(some) for row, some in reasons.items()}
    table = Table(found.name, bad)
    made = workbooks.marked(table, body["header"], told, wrong, book["template.error"])
    return _file(made, book["template.errors_file"])


def spelling(tree: Sequence[Branch]) -> tidy.Spelling:
    """How people write what a roster holds, and the names of the units within sight."""
    employers = [one for one in tree if one.kind in {UnitKind.HOSPITAL, UnitKind.BUREAU}]
    departments = [one for one in tree if one.kind is UnitKind.DEPARTMENT and not one.closed]
    book = words.book("roster")
    return tidy.Spelling(
        columns=_spelt("column"),
        words={name: _spelt(name) for name in ("id_type", "sex", "title_level", "status")},
        titles=_spelt("title"),
        places={
            "unit_code": tidy.named_places([(one.code, one.name) for one in employers]),
            "department_code": tidy.named_places([(one.code, one.name) for one in departments]),
        },
        sole=employers[0].code if len(employers) == 1 else "",
        sample=book["template.sample"][:2],
    )


def label(column: str) -> str:
    """A column as the template calls it."""
    book = words.book("roster")
    said = book.get(f"column.{column}", "")
    return said.split(book["template.separator"])[0]


@cache
def _spelt(section: str) -> dict[str, str]:
    book = words.book("roster")
    return dict(tidy.words_of(book, section, book["template.separator"]))


def _firsts(known: Mapping[str, str]) -> list[str]:
    """The first word for each value."""
    found: dict[str, str] = {}
    for word, value in known.items():
        found.setdefault(value, word)
    return list(found.values())


def _table(pasted: str) -> Table:
    """What was chosen or pasted. InvalidError where it was neither, or cannot be read."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        content = sent.stream.read(LARGEST + 1)
        name = sent.filename[-_NAME:]
        if tables.is_workbook(content):
            return workbooks.read_workbook(content, name)
        return tables.from_text(content, name)
    if not pasted.strip():
        raise InvalidError("imports.file.nothing")
    return tables.pasted(pasted, words.book("roster")["template.pasted"])


def _start(guest: Guest, refused: CmeError | None = None, pasted: str = "") -> ResponseReturnValue:
    with frame.working(guest) as work:
        done = people.imports(work)
    return frame.page(
        guest, "console/import.html", refused.http_status if refused else 200, done=done,
        refusal=words.of_error(refused) if refused else "", pasted=pasted, most=MOST_PASTED,
        moment=saying.moment, largest=LARGEST // 1024 // 1024,
    )  # fmt: skip


def _result(guest: Guest, number: int, refused: CmeError | None = None) -> ResponseReturnValue:
    with frame.working(guest) as work:
        found = people.import_of(work, number)
        now = work.now
    body = found.body or _FORGOTTEN
    faults = tuple(_faults(body["faults"][:MOST_FAULTS]))
    undo_until = found.done_at + UNDO_WITHIN if found.done_at else None
    return frame.page(
        guest, "console/import_result.html", refused.http_status if refused else 200, found=found,
        counts=found.counts, faults=faults, count=len(body["faults"]),
        notes=tuple(_faults(body["notes"][:MOST_FAULTS])), fates=_fates(found),
        show=request.args.get("show", ""), body=body, most=MOST_FAULTS,
        refusal=words.of_error(refused) if refused else "", label=label, moment=saying.moment,
        again=tuple(_faults([_plain(row) for row in refused.rows])) if refused else (),
        undo_until=undo_until, undoable=bool(undo_until and now <= undo_until),
        states={one.name: one for one in ImportState},
    )  # fmt: skip


def _plain(fault: RowError) -> dict[str, Any]:
    return {
        "row": fault.row, "column": fault.column, "value": fault.value, "code": fault.code,
        "facts": [[name, fact] for name, fact in fault.facts],
    }  # fmt: skip


def _fates(found: ImportRecord) -> dict[str, list[tuple[int, str, str, str]]]:
    """The lines by their fate: row, number, name, and what is new."""
    separator = words.book("roster")["template.separator"]
    by_fate: dict[str, list[tuple[int, str, str, str]]] = {fate.value: [] for fate in Fate}
    for row, no, name, fate, columns in (found.body or _FORGOTTEN)["fates"]:
        if len(by_fate[fate]) < MOST_FAULTS:
            said = separator.join(label(column) or column for column in columns)
            by_fate[fate].append((row, no, name, said))
    return by_fate


def _faults(told: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """Faults in their parts: a sentence names row and column, then the rule, then the remedy."""
    for one in told:
        facts = tuple((name, fact) for name, fact in one["facts"])
        fault = RowError(one["row"], one["column"], one["value"], one["code"], facts)
        start, end = tidy.wrong_part(fault)
        value = fault.value
        parts = (value[:start], value[start:end], value[end:])
        what, remedy = _said(fault)
        yield Fault(fault.row, label(fault.column) or fault.column, parts, what, remedy)


def _said(fault: RowError) -> tuple[str, str]:
    """What is wrong, and what to do, without the row and the column, which have their own cells."""
    stop, comma, colon = (
        words.book("people")[f"sign.{name}"] for name in ("stop", "comma", "colon")
    )
    said = words.of_row(fault)
    lead = words.sentence("people", "sign.row", {"row": fault.row})
    said = said.removeprefix(lead).lstrip(comma)
    column = words.sentence("people", "sign.column", {"column": fault.column})
    said = said.removeprefix(column).lstrip(colon)
    for name in sorted(roster.COLUMNS, key=len, reverse=True):
        said = said.replace(name, label(name))
    what, _, remedy = said.partition(stop)
    if not remedy and comma in what:
        what, _, remedy = what.rpartition(comma)
        return f"{what}{stop}", f"{remedy}{stop}"
    return f"{what}{stop}", remedy


def _file(content: bytes, name: str) -> Response:
    return frame.download(content, f"{name}.xlsx", _SHEET)
