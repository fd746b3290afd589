"""科室 — a hospital's departments: made, named, put in order, merged and closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.terms import Stage
from app.base import words
from app.base.acts import Act
from app.base.work import Work, passes
from app.kernel.errors import CmeError, ConflictError, InvalidError, NotFoundError
from app.org import commands as org
from app.org import queries as units
from app.org.terms import Branch, UnitKind
from app.people import commands as staff
from app.people import queries as people
from app.web.console import frame, trails, trees
from app.web.sessions import Guest, entered

blueprint = frame.screens("departments", "/departments")

_DOORS = (*frame.DOORS, "org.tree", "org.trail_of", "people.head_counts", "people.head_count_at")
_REFUSALS = (ConflictError, InvalidError)
_DIGITS = 9
_ACTS = 50


@blueprint.get("")
@passes(*_DOORS)
@entered(Stage.OPEN)
def index(guest: Guest) -> ResponseReturnValue:
    """The departments of one hospital; of several, those there are to choose from."""
    return _page(guest)


@blueprint.post("")
@passes(*_DOORS, "org.create_department")
@entered(Stage.OPEN)
def create(guest: Guest) -> ResponseReturnValue:
    """One more department."""
    parent = request.form.get("parent", "")
    return _named_now(
        guest, "departments.created",
        lambda work, name: org.create_department(work, parent, name), parent=parent,
    )  # fmt: skip


@blueprint.post("/<code>/name")
@passes(*_DOORS, "org.rename_department")
@entered(Stage.OPEN)
def rename(guest: Guest, code: str) -> ResponseReturnValue:
    """Another name."""
    seen = request.form.get("seen", "")
    return _named_now(
        guest, "departments.renamed",
        lambda work, name: org.rename_department(work, code, name, seen=seen), renaming=code,
    )  # fmt: skip


@blueprint.post("/<code>/place")
@passes(*_DOORS, "org.place_department")
@entered(Stage.OPEN)
def place(guest: Guest, code: str) -> ResponseReturnValue:
    """Another place among its neighbours."""
    try:
        with frame.working(guest) as work:
            org.place_department(work, code, request.form.get("before", ""))
    except _REFUSALS as refused:
        return _page(guest, refused)
    return _back(code)


@blueprint.post("/<code>/close")
@passes(*_DOORS, "people.close_department")
@entered(Stage.OPEN)
def close(guest: Guest, code: str) -> ResponseReturnValue:
    """Nobody is taken in any more."""
    try:
        with frame.working(guest) as work:
            staff.close_department(work, code)
    except _REFUSALS as refused:
        return _page(guest, refused)
    frame.tell("departments.closed", {"name": request.form.get("name", "")[:64]})
    return _back()


@blueprint.get("/<code>/merge")
@passes(*_DOORS)
@entered(Stage.OPEN)
def before_merge(guest: Guest, code: str) -> ResponseReturnValue:
    """Into which, and how many would move."""
    return _before_merge(guest, code)


@blueprint.post("/<code>/merge")
@passes(*_DOORS, "people.merge_departments")
@entered(Stage.OPEN)
def merge(guest: Guest, code: str) -> ResponseReturnValue:
    """Its people stand in the other, and it is closed."""
    said, into = request.form.get("count", ""), request.form.get("into", "")
    count = int(said) if said.isdecimal() and len(said) < _DIGITS else -1
    try:
        with frame.working(guest) as work:
            names = {one.code: one.name for one in units.tree(work)}
            moved = staff.merge_departments(work, code, into, count=count)
    except (*_REFUSALS, NotFoundError) as refused:
        return _before_merge(guest, code, refused)
    facts = {"name": names[code], "target": names[into], "count": moved}
    frame.tell("departments.merged", facts)
    return _back()


def _named_now(
    guest: Guest, told: str, act: Callable[[Work, str], object], **filled: str
) -> ResponseReturnValue:
    """A department has the name that was typed, and that is told; or why not, beside it."""
    name = request.form.get("name", "")
    try:
        with frame.working(guest) as work:
            act(work, name)
    except _REFUSALS as refused:
        return _page(guest, refused, name=name, **filled)
    frame.tell(told, {"name": name.strip()})
    return _back()


def _page(guest: Guest, refused: CmeError | None = None, **filled: str) -> ResponseReturnValue:
    with frame.working(guest) as work:
        tree = units.tree(work)
        heads = people.head_counts(work)
        hospitals = [one for one in tree if one.kind is UnitKind.HOSPITAL]
        asked = request.args.get("unit", "") or (hospitals[0].code if len(hospitals) == 1 else "")
        hospital = trees.chosen(tree, asked) if asked else None
        acts = () if hospital is None else units.trail_of(work, hospital.code, _ACTS)
    nodes = () if hospital is None else trees.under(tree, hospital, heads)
    return frame.page(
        guest, "console/departments.html", refused.http_status if refused else 200,
        hospital=hospital, hospitals=hospitals, nodes=nodes, filled=filled,
        neighbours=_neighbours(nodes), refusal=words.of_error(refused) if refused else "",
        trail=trails.lines(acts, {str(one.id): one.name for one in tree}, _named(acts, tree)),
        placed=request.args.get("at", ""), downwards="down" in request.args,
    )  # fmt: skip


def _named(acts: Iterable[Act], tree: Iterable[Branch]) -> dict[str, str]:
    """The department each act was done to, by the row's key."""
    names = {str(one.id): one.name for one in tree}
    return {act.row: names[act.row] for act in acts if act.row in names}


def _before_merge(guest: Guest, code: str, refused: CmeError | None = None) -> ResponseReturnValue:
    with frame.working(guest) as work:
        tree = units.tree(work)
        heads = people.head_counts(work)
    source = trees.chosen(tree, code)
    hospital = trees.employer(tree, source)
    if source is None or source.kind is not UnitKind.DEPARTMENT or hospital is None:
        raise NotFoundError("org.department.unknown", department=code[:32])
    nodes = trees.under(tree, hospital, heads)
    others = [one for one in nodes if not source.place.holds(one.branch.place)]
    with frame.working(guest) as work:
        count = people.head_count_at(work, source.place)
    return frame.page(
        guest, "console/department_merge.html", refused.http_status if refused else 200,
        source=source, others=others, count=count, into=request.form.get("into", ""),
        refusal=words.of_error(refused) if refused else "",
    )  # fmt: skip


def _neighbours(nodes: tuple[trees.Node, ...]) -> dict[str, tuple[str | None, str | None]]:
    """Before whom each department comes when it goes up, and when it goes down; None: it cannot."""
    beside: dict[int | None, list[Branch]] = {}
    for node in nodes:
        beside.setdefault(node.branch.parent_id, []).append(node.branch)
    found: dict[str, tuple[str | None, str | None]] = {}
    for some in beside.values():
        codes = [one.code for one in some]
        for n, code in enumerate(codes):
            after = codes[n + 2] if n + 2 < len(codes) else ""
            found[code] = (
                codes[n - 1] if n else None, after if n + 1 < len(codes) else None
            )  # fmt: skip
    return found


def _back(code: str = "") -> ResponseReturnValue:
    unit = request.form.get("unit", "")
    down = request.args.get("down")
    return redirect(
        url_for("departments.index", unit=unit or None, at=code or None, down=down), 303
    )
