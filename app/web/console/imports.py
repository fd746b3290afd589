"""从 Excel 导入 — a table is chosen, checked, imported, and taken back for a day; of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words, workbooks
from app.base.work import Work, passes
from app.kernel import table as tables
from app.kernel import tidy
from app.kernel.errors import CmeError, ConflictError, InvalidError
from app.kernel.table import LARGEST, MOST_PASTED, Table
from app.kernel.tidy import Chosen, Form, Holds, Spelling, Tidied
from app.org import queries as org
from app.org.terms import Branch, UnitKind
from app.people import commands as files
from app.people import queries as people
from app.people.terms import (
    UNDO_WITHIN,
    Enrolment,
    Fate,
    ImportKind,
    ImportRecord,
    ImportState,
)
from app.speech import saying
from app.web.console import frame
from app.web.console.faults import brought, faults_of, kept, label
from app.web.sessions import Guest, entered

MOST_SHOWN = 50
# What an old import held is forgotten; how many it brought is not.
_FORGOTTEN: dict[str, Any] = {
    "faults": (), "notes": (), "fates": (), "table": (), "at": {}, "header": 0, "ignored": (),
    "unread": (),
}  # fmt: skip
_NAME = 80
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Of a column that is asked about, and of rows that may hold the names.
_EXAMPLES, _HEADS = 3, 10


@dataclass(frozen=True, slots=True)
class Intake:
    """一种导入 — its columns, what checks, takes in and takes back, by which doors, from where."""

    kind: ImportKind
    screen: str
    form: Form
    # None where no file is sent in: what is to change was chosen elsewhere.
    check: Callable[[Work, Table, Tidied, int | None], int] | None
    take: Callable[[Work, int], Enrolment]
    undo: Callable[[Work, int], tuple[str, ...]]
    doors: tuple[str, str, str]
    back: str
    # What is said where not all could be taken back.
    kept: str = "imports.undone_but"

    def said(self, code: str) -> str:
        """A word of this kind."""
        return words.book("roster")[f"{self.kind}.{code}"]


Page: TypeAlias = Callable[..., ResponseReturnValue]


def screens_of(intake: Intake) -> Blueprint:
    """The pages of one kind of import."""
    made = frame.screens(intake.screen, f"/import/{intake.kind}")
    checks, takes, undoes = intake.doors
    asks, shows = (*frame.DOORS, "people.import_of"), ("people.import_of",)
    reads = (*frame.DOORS, checks, "org.tree")
    files = ("start", "check", "template", "columns", "put_columns")
    pages: tuple[tuple[str, str, Page, tuple[str, ...]], ...] = (
        ("GET", "", start, (*frame.DOORS, "people.imports")),
        ("POST", "", check, (*reads, "people.keep_table", "people.imports")),
        ("GET", "/template", template, ("org.tree",)),
        ("GET", "/<int:number>", result, asks),
        ("POST", "/<int:number>", take_in, (*asks, takes)),
        ("GET", "/<int:number>/columns", columns, (*asks, "org.tree")),
        ("POST", "/<int:number>/columns", put_columns, (*reads, "people.import_of")),
        ("POST", "/<int:number>/undo", undo, (*asks, undoes)),
        ("GET", "/<int:number>/errors", errors, shows),
    )
    for method, path, page, doors in pages:
        if intake.check is None and page.__name__ in files:
            continue
        view = passes(*doors)(entered(Stage.OPEN)(_of(intake, page)))
        made.add_url_rule(path, page.__name__, view, methods=[method])
    return made


def _of(intake: Intake, page: Page) -> Page:
    def view(guest: Guest, **asked: Any) -> ResponseReturnValue:
        return page(guest, intake, **asked)

    return view


def start(guest: Guest, intake: Intake) -> ResponseReturnValue:
    """Choose a file, or paste; and what was imported lately."""
    return _start(guest, intake)


def check(guest: Guest, intake: Intake) -> ResponseReturnValue:
    """The file is checked, nothing is changed yet; or which column is which is asked first."""
    pasted = request.form.get("pasted", "")
    try:
        table = _table(pasted)
        with frame.working(guest) as work:
            tidied = tidy.tidy(table, intake.form, spelling(intake.form, org.tree(work)))
            number = _checked(intake, work, table, tidied)
    except InvalidError as refused:
        if not refused.code.startswith("imports.header."):
            return _start(guest, intake, refused, pasted)
        with frame.working(guest) as work:
            number = files.keep_table(work, intake.kind, table, words.of_error(refused))
        return redirect(url_for(".columns", number=number), 303)
    return redirect(url_for(".result", number=number), 303)


def columns(guest: Guest, intake: Intake, number: int) -> ResponseReturnValue:
    """对应列 — which column is which, as it is guessed or was said."""
    return _columns(guest, intake, number)


def put_columns(guest: Guest, intake: Intake, number: int) -> ResponseReturnValue:
    """The file is checked as somebody said that its columns are."""
    with frame.working(guest) as work:
        table = people.table_of(people.import_of(work, intake.kind, number))
        spelt = spelling(intake.form, org.tree(work))
    said = [(request.form.get(f"c{n}", ""), n) for n in range(tables.MOST_COLUMNS)]
    said = [(name, n) for name, n in said if name in intake.form.columns]
    chosen = Chosen(_row(request.form.get("header", "")), dict(said))
    try:
        _refuse_twice(said, chosen)
        with frame.working(guest) as work:
            tidied = tidy.tidy(table, intake.form, spelt, chosen)
            _checked(intake, work, table, tidied, number)
    except (ConflictError, InvalidError) as refused:
        return _columns(guest, intake, number, refused, chosen, said)
    return redirect(url_for(".result", number=number), 303)


def template(guest: Guest, intake: Intake) -> ResponseReturnValue:
    """The form to fill in, with what there is to choose from."""
    book = words.book("roster")
    with frame.working(guest) as work:
        spelt = spelling(intake.form, tree := org.tree(work))
    order = [name for name in intake.form.columns if name != "unit_code" or not spelt.sole]
    choices = {name: _firsts(known) for name, known in spelt.words.items()}
    choices["title"] = list(spelt.titles)
    choices["department_code"] = [one.name for one in tree if one.kind is UnitKind.DEPARTMENT]
    sample = [book["template.sample"] if name == intake.form.key else book.get(f"sample.{name}", "")
              for name in order]  # fmt: skip
    must = intake.form.required()
    notes = [
        (label(name), book["must.must" if name in must else "must.may"], book[f"note.{name}"])
        for name in order
    ]
    made = workbooks.template(
        intake.said("sheet"), [(label(name), choices.get(name, ())) for name in order], sample,
        (book["template.notes"], notes),
    )  # fmt: skip
    return _file(made, intake.said("template"))


def result(guest: Guest, intake: Intake, number: int) -> ResponseReturnValue:
    """What was checked, or what became of it."""
    return _result(guest, intake, number)


def take_in(guest: Guest, intake: Intake, number: int) -> ResponseReturnValue:
    """The good lines are imported."""
    try:
        with frame.working(guest) as work:
            done = intake.take(work, number)
            left = people.import_of(work, intake.kind, number).counts.get("overtaken", 0)
            until = saying.moment(work.now + UNDO_WITHIN)
    except (ConflictError, InvalidError) as refused:
        return _result(guest, intake, number, refused)
    code = "imports.done" if intake.check else "edits.done_but" if left else "edits.done"
    changed = len(done.rows) if intake.check else done.counts.changed
    return frame.done(
        url_for(".result", number=number), code, {"count": changed, "until": until, "kept": left}
    )


def undo(guest: Guest, intake: Intake, number: int) -> ResponseReturnValue:
    """The whole of it is taken back."""
    try:
        with frame.working(guest) as work:
            stay = intake.undo(work, number)
    except ConflictError as refused:
        return _result(guest, intake, number, refused)
    separator = words.book("roster")["template.separator"]
    code = intake.kept if stay else "imports.undone"
    return frame.done(
        url_for(".result", number=number),
        code,
        {"count": len(stay), "kept": separator.join(stay[:MOST_SHOWN])},
    )


def errors(guest: Guest, intake: Intake, number: int) -> ResponseReturnValue:
    """Their own table once more, with a column of reasons and the wrong cells red."""
    book = words.book("roster")
    with frame.working(guest) as work:
        found = people.import_of(work, intake.kind, number)
    body = _FORGOTTEN | dict(found.body)
    reasons: dict[int, list[str]] = {}
    wrong: dict[int, set[int]] = {}
    for fault in faults_of(intake.form, kept(body["faults"])):
        reasons.setdefault(fault.row, []).append(f"{fault.column}: {fault.what}{fault.remedy}")
    for one in body["faults"]:
        if one["column"] in body["at"]:
            wrong.setdefault(one["row"], set()).add(body["at"][one["column"]])
    rows = people.table_of(found).rows
    bad = tuple(row for row in rows if row[0] <= body["header"] or row[0] in reasons)
    told = {
        row: book["template.at"].format(row=row) + " ".join(some) for row, some in reasons.items()
    }
    table = Table(found.name, bad)
    made = workbooks.marked(table, body["header"], told, wrong, book["template.error"])
    return _file(made, book["template.errors_file"])


def spelling(form: Form, tree: Sequence[Branch]) -> Spelling:
    """How people write what a file holds, and the names of the units within sight."""
    employers = [one for one in tree if one.kind in {UnitKind.HOSPITAL, UnitKind.BUREAU}]
    departments = [one for one in tree if one.kind is UnitKind.DEPARTMENT and not one.closed]
    book = words.book("roster")
    chosen = [name for name, holds in form.columns.items() if holds is Holds.WORD]
    return Spelling(
        columns=tidy.columns_of(book, form, book["template.separator"]),
        words={name: _spelt(name) for name in chosen},
        titles=_spelt("title"),
        places={
            "unit_code": tidy.named_places([(one.code, one.name) for one in employers]),
            "department_code": tidy.named_places([(one.code, one.name) for one in departments]),
        },
        sole=employers[0].code if len(employers) == 1 else "",
        sample=book["template.sample"][:2],
    )


@cache
def _spelt(section: str) -> dict[str, str]:
    book = words.book("roster")
    return tidy.words_of(book, section, book["template.separator"])


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


def _start(
    guest: Guest, intake: Intake, refused: CmeError | None = None, pasted: str = ""
) -> ResponseReturnValue:
    with frame.working(guest) as work:
        done = people.imports(work, intake.kind)
    return frame.page(
        guest, "console/import.html", refused.http_status if refused else 200, done=done,
        refusal=words.of_error(refused) if refused else "", pasted=pasted, most=MOST_PASTED,
        moment=saying.moment, largest=LARGEST // 1024 // 1024, kind=intake.said,
        back=url_for(intake.back),
    )  # fmt: skip


def _columns(
    guest: Guest, intake: Intake, number: int, refused: CmeError | None = None,
    chosen: Chosen | None = None, said: Sequence[tuple[str, int]] = (),
) -> ResponseReturnValue:  # fmt: skip
    with frame.working(guest) as work:
        found = people.import_of(work, intake.kind, number)
        spelt = spelling(intake.form, org.tree(work))
    table = people.table_of(found)
    if not table.rows or found.state is not ImportState.CHECKED:
        return redirect(url_for(".result", number=number))
    if chosen is None and "at" in found.body:
        chosen = Chosen(found.body["header"], found.body["at"])
    header = _row(request.args.get("header", ""))
    if chosen is None or header:
        chosen = tidy.guessed(table, spelt, header)
    picked = {n: name for name, n in chosen.at.items()} | {n: name for name, n in said}
    below = [cells for row, cells in table.rows if row > chosen.header][:_EXAMPLES]
    heads = next((cells for row, cells in table.rows if row == chosen.header), ())
    width = min(max(map(len, [heads, *below])), tables.MOST_COLUMNS)
    asked = [
        (n, picked.get(n, ""), *(cells[n].text if n < len(cells) else "" for cells in (heads,)),
         [cells[n].text for cells in below if n < len(cells) and cells[n].text])
        for n in range(width)
    ]  # fmt: skip
    why = words.of_error(refused) if refused else found.body.get("why", "")
    return frame.page(
        guest, "console/import_columns.html", refused.http_status if refused else 200, found=found,
        why=why, asked=asked, header=chosen.header, rows=[row for row, _ in table.rows[:_HEADS]],
        names=[(name, label(name)) for name in intake.form.columns], kind=intake.said,
        back=url_for(intake.back),
        must=[[label(name) for name in some] for some in intake.form.must],
    )  # fmt: skip


def _checked(
    intake: Intake, work: Work, table: Table, tidied: Tidied, number: int | None = None
) -> int:
    if intake.check is None:
        raise AssertionError(f"no file is sent in of {intake.kind}")
    return intake.check(work, table, tidied, number)


def _refuse_twice(said: Sequence[tuple[str, int]], chosen: Chosen) -> None:
    for name, n in said:
        if chosen.at[name] != n:
            raise InvalidError("imports.header.repeated", name=label(name))


def _row(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len("100000") else 0


def _result(
    guest: Guest, intake: Intake, number: int, refused: CmeError | None = None
) -> ResponseReturnValue:
    with frame.working(guest) as work:
        found = people.import_of(work, intake.kind, number)
        now = work.now
    if found.unread:
        return redirect(url_for(".columns", number=number))
    body = _FORGOTTEN | dict(found.body)
    tabs = _tabs(found, body)
    show = request.args.get("show", "")
    if show not in tabs:
        show = next(
            (name for name, (count, _) in tabs.items() if count and name != "notes"), "notes"
        )
    count, lines = tabs[show]
    last = max(-(-len(lines) // MOST_SHOWN), 1)
    page = min(max(_row(request.args.get("page", "")), 1), last)
    some = lines[(page - 1) * MOST_SHOWN : page * MOST_SHOWN]
    faulty = show in {"faults", "notes"}
    undo_until = found.done_at + UNDO_WITHIN if found.done_at else None
    return frame.page(
        guest, "console/import_result.html", refused.http_status if refused else 200, found=found,
        counts=found.counts, tabs=[(name, n) for name, (n, _) in tabs.items()], show=show,
        count=count, page=page, last=last, body=body, most=MOST_SHOWN,
        faults=tuple(faults_of(intake.form, kept(some))) if faulty else (),
        fates=() if faulty else tuple(map(brought, some)),
        refusal=words.of_error(refused) if refused else "", moment=saying.moment,
        again=tuple(faults_of(intake.form, refused.rows)) if refused else (),
        undo_until=undo_until, undoable=bool(undo_until and now <= undo_until),
        states={one.name: one for one in ImportState}, kind=intake.said, back=url_for(intake.back),
        filed=intake.check is not None,
    )  # fmt: skip


def _tabs(found: ImportRecord, body: Mapping[str, Any]) -> dict[str, tuple[int, Sequence[Any]]]:
    """What there is to look at: how many there are, also once what an import held is forgotten."""
    by_fate: dict[str, list[Any]] = {}
    for line in body["fates"]:
        by_fate.setdefault(line[3], []).append(line)
    lines = {
        fate.value: (found.counts.get(fate, 0), by_fate.get(fate, []))
        for fate in (Fate.ADDED, Fate.CHANGED)
    }
    read = {name: (len(body[name]), body[name]) for name in ("faults", "notes")}
    return {"faults": read["faults"], "notes": read["notes"], **lines}


def _file(content: bytes, name: str) -> Response:
    return frame.download(content, f"{name}.xlsx", SHEET)
