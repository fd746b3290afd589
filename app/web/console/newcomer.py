"""新增人员 — one person is filled in by hand, by the rules of the import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words
from app.base.work import passes
from app.cards import commands as cards
from app.kernel import tidy
from app.kernel.errors import CmeError, ConflictError, InvalidError, RowError
from app.kernel.table import Cell, Table
from app.kernel.tidy import Chosen, Holds, Spelling
from app.org import queries as org
from app.org.terms import Branch, UnitKind
from app.people import queries as people
from app.people.rules.roster import FORM
from app.web.console import faults, frame, imports, person
from app.web.sessions import Guest, entered

# The list, the pages of those on it, and the form for who is not on it yet.
blueprint = person.blueprint

_LONGEST = 64
# What the chip's reader tells is not typed by hand.
_ASKED = tuple(name for name in FORM.columns if name != "card_uid")


@dataclass(frozen=True, slots=True)
class Field:
    """一格 — what is asked, what stands there, what can be chosen, and what is wrong with it."""

    name: str
    label: str
    must: bool
    value: str
    day: bool
    # Values with the words for them; to choose from, or where `free` to be helped by.
    choices: Sequence[tuple[str, str]]
    free: bool
    fault: str


@blueprint.get("/new")
@passes(*frame.DOORS, "org.tree", "people.next_number")
@entered(Stage.OPEN)
def blank(guest: Guest) -> ResponseReturnValue:
    """An empty form, with the next number proposed."""
    with frame.working(guest) as work:
        proposed = people.next_number(work)
    unit = {"department_code": request.args.get("unit", "")}
    return _form(guest, {"person_no": proposed, "status": "normal", "id_type": "id_card"} | unit)


@blueprint.post("/new")
@passes(*frame.DOORS, "cards.enrol", "org.tree")
@entered(Stage.OPEN)
def enrol(guest: Guest) -> ResponseReturnValue:
    """The person is there; or what was filled in, with every cell that cannot stand."""
    filled = {name: request.form.get(name, "").strip()[:_LONGEST] for name in _ASKED}
    try:
        with frame.working(guest) as work:
            spelt = imports.spelling(FORM, org.tree(work))
            no = cards.enrol(work, tidy.tidy(_table(filled), FORM, spelt, _CHOSEN))
    except (ConflictError, InvalidError) as refused:
        return _form(guest, filled, refused)
    frame.tell("people.enrolled", {"name": filled["name"]})
    return redirect(url_for("people.person", no=no), 303)


_CHOSEN = Chosen(1, {name: n for n, name in enumerate(_ASKED)})


def _table(filled: Mapping[str, str]) -> Table:
    """What was filled in as a file of one line would have it."""
    heads = tuple(Cell(name) for name in _ASKED)
    return Table("", ((1, heads), (2, tuple(Cell(filled[name]) for name in _ASKED))))


def _form(
    guest: Guest, filled: Mapping[str, str], refused: CmeError | None = None
) -> ResponseReturnValue:
    with frame.working(guest) as work:
        tree = org.tree(work)
    spelt = imports.spelling(FORM, tree)
    rows = {} if refused is None else {one.column: one for one in reversed(refused.rows)}
    asked = [name for name in _ASKED if name != "unit_code" or not spelt.sole]
    fields = [_field(name, filled.get(name, ""), spelt, tree, rows.get(name)) for name in asked]
    said = "" if refused is None else words.of_error(refused)
    return frame.page(
        guest, "console/person_new.html", refused.http_status if refused else 200, fields=fields,
        refusal=words.book("people")["new.wrong"] if rows else said,
    )  # fmt: skip


def _field(
    name: str, value: str, spelt: Spelling, tree: Sequence[Branch], fault: RowError | None
) -> Field:
    holds = FORM.columns[name]
    choices: list[tuple[str, str]] = []
    if holds is Holds.WORD:
        firsts: dict[str, str] = {}
        for word, code in spelt.words[name].items():
            firsts.setdefault(code, word)
        choices = list(firsts.items())
    elif holds is Holds.PLACE:
        kinds = {UnitKind.DEPARTMENT} if name == "department_code" else {
            UnitKind.HOSPITAL, UnitKind.BUREAU
        }  # fmt: skip
        choices = [(one.code, one.name) for one in tree if one.kind in kinds and not one.closed]
    elif holds is Holds.TITLE:
        choices = [(title, title) for title in spelt.titles]
    said = "" if fault is None else "".join(faults.said(FORM, fault))
    return Field(
        name, faults.label(name), name in FORM.required(), value, holds is Holds.DAY, choices,
        holds is Holds.TITLE, said,
    )  # fmt: skip
